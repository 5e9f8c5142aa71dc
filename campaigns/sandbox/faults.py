"""Faults on demand: lost answers, late creates, errors, delays, lag. Seeded, and only ever for Graph calls.

Knobs, all optional; times are real seconds, p a probability:
`seed`; `match`: a regular expression on "METHOD /path" that limits all the others;
`answer_lost_after_create` p; `late_create` {"p", "seconds"}; `delay` seconds or {"p", "seconds"};
`http_500` p: nothing is done; `http_500_after` p: the work is done first;
`code` {"code", "subcode", "transient", "message", "p", "times"}; `list_lag` seconds or {"seconds", "by_id"};
`rate_limit` true, a code, or {"code", "minutes", "p", "kind"}; `token_expired` bool;
`garbage_body` p: the work is done, the body is HTML, empty or cut; `batch_null` p;
`duplicate_page` p: the next page begins with rows of this one; `empty_page` p: one without rows, before more;
`lost_row` p: a list leaves one out that its total counts;
`slow_drip` {"p", "seconds"} between bytes; `clamp` {"field", "max"}: larger values are silently kept as max.
"""

from __future__ import annotations

import random
import re
import threading
import time
from typing import Any

from campaigns.sandbox.errors import GraphError
from campaigns.sandbox.fields import words
from campaigns.sandbox.limits import usage_headers

KNOBS = words("""
seed match answer_lost_after_create late_create delay http_500 http_500_after code list_lag rate_limit token_expired
garbage_body duplicate_page empty_page lost_row batch_null slow_drip clamp
""")
SHARES = words(
    "answer_lost_after_create http_500 http_500_after garbage_body duplicate_page empty_page lost_row batch_null"
)
GARBAGE = (b"<html><body><h1>502 Bad Gateway</h1></body></html>", b"", b'{"data":[{"id":"1202')


class Faults:
    """The knobs in force and what they have done so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.knobs: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        self._rng = random.Random(0)
        self._times_left = 0

    def set(self, knobs: dict[str, Any]) -> None:
        """Replace all knobs; raises ValueError for unknown ones."""
        unknown = set(knobs) - KNOBS
        if unknown:
            raise ValueError(f"unknown faults: {', '.join(sorted(unknown))}; known are {', '.join(sorted(KNOBS))}")
        re.compile(str(knobs.get("match", "")))
        with self._lock:
            self.knobs = {name: value for name, value in knobs.items() if value not in (None, False, 0)}
            self.counts = {}
            self._rng = random.Random(int(knobs.get("seed", 0)))
            self._times_left = int(self._of("code").get("times", 0))

    def _of(self, name: str) -> dict[str, Any]:
        value = self.knobs.get(name)
        return value if isinstance(value, dict) else {}

    def hits(self, name: str, call: str) -> bool:
        """Draw whether a fault strikes this call ("METHOD path")."""
        if name not in self.knobs or not re.search(str(self.knobs.get("match", "")), call):
            return False
        value = self.knobs[name]
        share = value.get("p", 1.0) if isinstance(value, dict) else value if name in SHARES else 1.0
        with self._lock:
            struck = self._rng.random() < float(share)
            self.counts[name] = self.counts.get(name, 0) + struck
        return struck

    def seconds(self, name: str) -> float:
        """The time that belongs to a fault."""
        value = self.knobs.get(name, 0)
        return float(value.get("seconds", 0) if isinstance(value, dict) else value)

    def wait(self, call: str) -> None:
        """Hold a call back."""
        if self.hits("delay", call):
            time.sleep(self.seconds("delay"))

    def before(self, call: str, account_id: str) -> None:
        """Faults that strike before anything is done; raises the error that the caller sees."""
        if self.hits("token_expired", call):
            raise GraphError(
                190,
                "Error validating access token: Session has expired on Friday, 20-Nov-26 12:00:00 PST.",
                subcode=463,
                status=401,
            )
        if self.hits("http_500", call):
            raise GraphError(
                2, "An unexpected error has occurred. Please retry your request later.", transient=True, status=500
            )
        if self.hits("rate_limit", call):
            raise self._limited(account_id)
        if self.hits("code", call) and self._still():
            raise self._coded()

    def _still(self) -> bool:
        """Whether `times` (0 = without end) leaves one more."""
        with self._lock:
            if not self._of("code").get("times"):
                return True
            self._times_left -= 1
            return self._times_left >= 0

    def _coded(self) -> GraphError:
        value = self.knobs["code"]
        wanted = value if isinstance(value, dict) else {"code": value}
        return GraphError(
            int(wanted.get("code", 1)),
            str(wanted.get("message", "An injected error occurred")),
            subcode=wanted.get("subcode"),
            transient=bool(wanted.get("transient", False)),
            status=int(wanted.get("status", 400)),
            title=str(wanted.get("title", "")),
        )

    def _limited(self, account_id: str) -> GraphError:
        value = self.knobs["rate_limit"]
        wanted = value if isinstance(value, dict) else {"code": 80004 if value is True else int(value)}
        code, minutes = int(wanted.get("code", 80004)), int(wanted.get("minutes", 5))
        subcode = {17: 2446079, 80004: 2446079, 80000: 2446079, 613: 1487742, 4: 1504022}.get(code)
        return GraphError(
            code,
            f"(#{code}) There have been too many calls to this ad-account. Wait a bit and try again.",
            subcode=subcode,
            headers=usage_headers(
                account_id, 100.0, "standard_access", minutes, str(wanted.get("kind", "ads_management"))
            ),
        )

    def hidden_since(self, by_id: bool = False) -> float:
        """Objects made after this real time do not show up yet (in lists, or also by id); infinity without lag."""
        if "list_lag" not in self.knobs or (by_id and not self._of("list_lag").get("by_id")):
            return float("inf")
        return time.time() - self.seconds("list_lag")

    def garbage(self) -> bytes:
        """A body that is no answer."""
        with self._lock:
            return self._rng.choice(GARBAGE)

    def clamped(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values as the platform silently keeps them under `clamp`."""
        limit = self._of("clamp")
        name = limit.get("field")
        if name in values and isinstance(values[name], (int, float)):
            return {**values, name: min(values[name], int(limit["max"]))}
        return values
