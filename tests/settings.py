"""Test settings: the real servers, a folder per worker for everything written, quiet logs, quick password hashes.

Each worker has a PostgreSQL of its own: the mirror reads its outbox by what has committed in the whole server, so a
slow transaction of the neighbour would hold back the changes of this one. Neo4j is one for all (`memory/conftest.py`).
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED_VAR = Path(
    os.environ.setdefault("MEDIABUYER_TEST_VAR", os.environ.get("MEDIABUYER_VAR", str(ROOT / "var" / "test")))
)
os.environ["MEDIABUYER_VAR"] = str(SHARED_VAR / os.environ.get("PYTEST_XDIST_WORKER", "gw0"))
# Neo4j runs too briefly to be optimised or watched, on a processor that it shares; its archives are checked by hash.
JAVA_OPTIONS = (
    *("-XX:TieredStopAtLevel=1", "-XX:ActiveProcessorCount=1", "-XX:-UsePerfData"),
    *("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote"),
)
os.environ.setdefault("JDK_JAVA_OPTIONS", " ".join(JAVA_OPTIONS))
for live in ("META_APP_ID", "META_APP_SECRET"):
    os.environ.pop(live, None)  # no test may ever speak to a live account

if not os.environ.get("DATABASE_URL"):
    from mediabuyer.lib.servers.postgres import ensure_postgres

    ensure_postgres(Path(os.environ["MEDIABUYER_VAR"]), durable=False)

from mediabuyer.settings import *  # noqa: E402, F403

SECRET_KEY = "only-for-tests-" + "x" * 40
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
AXES_ENABLED = False
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
LOGGING["root"]["level"] = "CRITICAL"  # noqa: F405
SETTLE_SECONDS = 2
NEO4J_FILE = SHARED_VAR / "neo4j.json"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 - empty: WhiteNoise warns where it is missing
GRAPH_PATIENCE = 0.5
