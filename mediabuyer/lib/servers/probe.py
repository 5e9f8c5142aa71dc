"""`python -m mediabuyer.lib.servers.probe`: does the web server of this container say that it is up? Ends with 0 or 1.

It asks as the proxy would, by a name that is served and over HTTPS, for everything else is refused or sent elsewhere.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException


def is_up(port: int, allowed_hosts: str) -> bool:
    host = allowed_hosts.split(",")[0].strip().lstrip(".") or "127.0.0.1"
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        said = {"Host": host, "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
        connection.request("GET", "/healthz", headers=said)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not is_up(8000, os.environ.get("ALLOWED_HOSTS", "")))
