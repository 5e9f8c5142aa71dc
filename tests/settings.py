"""Test settings: the real servers, a temporary folder for everything written, quiet logs, quick password hashes."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("MEDIABUYER_VAR", str(ROOT / "var" / "test"))
for live in ("META_APP_ID", "META_APP_SECRET"):
    os.environ.pop(live, None)  # no test may ever speak to a live account

if not os.environ.get("DATABASE_URL"):
    from mediabuyer.lib.servers.postgres import ensure_postgres

    ensure_postgres(Path(os.environ["MEDIABUYER_VAR"]))

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
