"""All settings, read from the environment, in one order: site, apps, web, data, people, queue, integrations, logs.

Every secret may also be given as `<NAME>_FILE`, the path of a file that holds it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def env_bool(name: str, default: bool = False) -> bool:
    return env(name, str(default)).strip().lower() in {"1", "true", "yes", "on"}


def env_int(name: str, default: int) -> int:
    return int(env(name) or default)


def split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def env_list(name: str, default: str = "") -> list[str]:
    return split(env(name, default))


def env_secret(name: str, default: str = "") -> str:
    path = env(f"{name}_FILE")
    return Path(path).read_text().strip() if path else env(name, default)


VAR_DIR = Path(env("MEDIABUYER_VAR") or BASE_DIR / "var").resolve()


def _local_secret() -> str:
    """A key of this machine's own for development, kept under var/ so that sessions survive a restart."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text()


# --- Site ------------------------------------------------------------------------------------------------------------
DEBUG = env_bool("DEBUG")
DEPLOYED = env_bool("DEPLOYED")
"""True on a server that people reach over a network: turns HTTPS-only cookies and redirects on."""
SECRET_KEY = env_secret("SECRET_KEY") or ("" if DEPLOYED else _local_secret())
FIELD_ENCRYPTION_KEYS = split(env_secret("FIELD_ENCRYPTION_KEYS")) or [
    base64.urlsafe_b64encode(hashlib.sha256(f"field:{SECRET_KEY}".encode()).digest()).decode()
]
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
if DEPLOYED:  # a system check would come too late: gunicorn asks none
    if DEBUG:
        raise ImproperlyConfigured("DEBUG must be off where DEPLOYED is on: it shows the inside to everybody.")
    if len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("SECRET_KEY must have at least 50 random characters where DEPLOYED is on.")
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts that are served where DEPLOYED is on, not “*”.")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
SITE_URL = env("SITE_URL") or f"http://127.0.0.1:{env('PORT', '8000')}"
ROOT_URLCONF = "mediabuyer.urls"
WSGI_APPLICATION = "mediabuyer.wsgi.application"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
SILENCED_SYSTEM_CHECKS: list[str] = []

# --- Apps ------------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.admin",
    "mediabuyer.brands",
    "memory",
    "creatives",
    "campaigns",
    "portfolio",
    "mediabuyer.agent",
    "collaboration",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pghistory",
    "pgtrigger",
    "rest_framework",
    "template_partials",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Web -------------------------------------------------------------------------------------------------------------
MIDDLEWARE = [
    "mediabuyer.lib.middleware.visitors_address",
    "django.middleware.security.SecurityMiddleware",
    "mediabuyer.lib.middleware.request_id",
    "mediabuyer.lib.middleware.api_errors",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "mediabuyer.lib.middleware.plain_errors",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["template_partials.templatetags.partials", "collaboration.templatetags.ui"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "collaboration.context.shell",
            ],
        },
    }
]
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
MEDIA_ROOT = VAR_DIR / "media"
"""The one folder that the web and the workers must have in common."""
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "mediabuyer.lib.static_files.Storage"
    },
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = DEPLOYED
SECURE_HSTS_SECONDS = 31_536_000 if DEPLOYED else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = DEPLOYED
SECURE_HSTS_PRELOAD = DEPLOYED
BEHIND_PROXY = env_bool("BEHIND_PROXY")
"""True where nobody but a proxy of ours can reach this process: what it says of the visitor is believed."""
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
IMPORT_MAX_BYTES = env_int("IMPORT_MAX_BYTES", 512 * 1024 * 1024)

# --- Data ------------------------------------------------------------------------------------------------------------
IDLE_TRANSACTION_SECONDS = env_int("IDLE_TRANSACTION_SECONDS", 60)
"""A process that stands still in a transaction loses it, so that nobody waits for its locks for ever."""
IS_WEB = env_bool("IS_WEB")
"""Set by `wsgi`: here somebody waits, and holds a thread that others wait for."""
STATEMENT_SECONDS = env_int("STATEMENT_SECONDS", 30) if IS_WEB else 0
"""The longest query; 0 is without end. Imports wait for their turn and migrations for their table, however long."""


def _database_url() -> str:
    """`DATABASE_URL`, or the embedded server's address as its starter wrote it down."""
    given = env_secret("DATABASE_URL")
    file = VAR_DIR / "postgres.json"
    if not given and file.exists():
        given = json.loads(file.read_text())["url"]
    return given or "postgresql://mediabuyer@127.0.0.1:5432/mediabuyer"


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.pop("host", parts.hostname or "")),
        "PORT": str(parts.port or query.pop("port", "") or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "options": f"-c idle_in_transaction_session_timeout={IDLE_TRANSACTION_SECONDS}s "
            f"-c statement_timeout={STATEMENT_SECONDS}s",
            **{key: unquote(value) for key, value in query.items()},
        },
    }


DATABASES = {"default": _database(_database_url())}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
GRAPH = env("MEDIABUYER_GRAPH", "on").lower() != "off"
NEO4J_URL = env_secret("NEO4J_URL")
NEO4J_FILE = VAR_DIR / "neo4j.json"
"""Where the embedded graph server writes its address; read when NEO4J_URL is empty."""
GRAPH_PATIENCE = 4.0
"""Seconds for which something is tried again before the graph counts as away."""

# --- People ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "brands.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "mediabuyer.brands.adapter.InviteOnly"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip"}
"""By address only: a limit by person would let anybody lock that person out. Guesses at one person axes counts."""
PROOF_MINUTES = env_int("PROOF_MINUTES", 30)
"""How old a login or second factor may be for what is hard to take back; after that people are asked again."""
ACCOUNT_REAUTHENTICATION_TIMEOUT = PROOF_MINUTES * 60
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = DEPLOYED
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = ("__Host-session", "__Host-csrf") if DEPLOYED else ("sessionid", "csrftoken")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if env("EMAIL_HOST")
    else ("django.core.mail.backends.console.EmailBackend")
)
EMAIL_HOST, EMAIL_PORT = env("EMAIL_HOST"), env_int("EMAIL_PORT", 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env("EMAIL_HOST_USER"), env_secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS, EMAIL_TIMEOUT = True, 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "Media Buyer <no-reply@localhost>")

# --- Queue: only a bell; the values are measured, docs/operations.md says how ----------------------------------------
PLATFORM_TIMEOUT = env_int("PLATFORM_TIMEOUT", 30)
SETTLE_SECONDS = env_int("SETTLE_SECONDS", 300)
"""How long after sending we wait before "not found by marker" is taken to mean "was never created"."""
LEASE_SECONDS = env_int("LEASE_SECONDS", 2 * PLATFORM_TIMEOUT + 20)
"""How long a worker has a change to itself. Less than the settle window, so that a late send is still looked for."""
ATTEMPT_SECONDS = LEASE_SECONDS + 2 * PLATFORM_TIMEOUT
"""The longest that one try takes: nothing is sent after the lease; then come the answer and a look at the object."""
Q_CLUSTER = {
    "name": "mediabuyer",
    "orm": "default",
    "broker_class": "mediabuyer.lib.servers.broker.Broker",
    "workers": 2,
    "timeout": 120 + ATTEMPT_SECONDS,  # a sweep is never ended in the middle of a send, even if it waits for Postgres
    "retry": 5 * (120 + ATTEMPT_SECONDS),
    "queue_limit": 4,
    "ack_failures": True,
    "max_attempts": 1,
    "catch_up": False,
    "save_limit": -1,
    "bulk": 4,
    "poll": 0.2,
    "max_rss": 400_000,
    "recycle": 500,
    "label": "Queue",
    "ALT_CLUSTERS": {
        "urgent": {"workers": 1, "queue_limit": 2, "timeout": 90 + ATTEMPT_SECONDS, "retry": 5 * (90 + ATTEMPT_SECONDS)}
    },
}
HEARTBEAT_FILE = MEDIA_ROOT / "queue-heartbeat"
"""Touched by some worker each minute; read by the pages. The watchdog of each queue has files of its own."""
SCHEDULES = [
    # name, function, cron
    ("heartbeat", "mediabuyer.agent.tasks.heartbeat", "* * * * *"),
    ("execute due changes", "mediabuyer.agent.tasks.sweep_changes", "* * * * *"),
    ("expire decisions", "mediabuyer.agent.tasks.sweep_decisions", "* * * * *"),
    ("try refused accounts again", "mediabuyer.agent.tasks.sweep_connections", "* * * * *"),
    ("agent cycles", "mediabuyer.agent.tasks.sweep_cycles", "*/5 * * * *"),
    ("imports", "campaigns.tasks.sweep_imports", "* * * * *"),
    ("measure outcomes", "mediabuyer.agent.tasks.sweep_outcomes", "7 * * * *"),
    ("verify the journal", "memory.tasks.verify_journal", "41 3 * * *"),
    ("reconcile the graph", "memory.tasks.reconcile_mirror", "53 3 * * *"),
]
"""The timetable; `manage.py sync_schedules` makes the database equal to it."""
CYCLE_EVERY_MINUTES = env_int("CYCLE_EVERY_MINUTES", 240)

# --- Integrations: off unless their key is set -----------------------------------------------------------------------
META_APP_ID, META_APP_SECRET = env("META_APP_ID"), env_secret("META_APP_SECRET")
LIVE_ACCOUNTS = env_list("LIVE_ACCOUNTS")
"""Ids of the live ad accounts that may be changed at all, with or without `act_`. Empty means none."""
JOURNAL_FILE = MEDIA_ROOT / "journal.json"
"""Where the nightly check of the journal leaves its result: in the folder that workers and the web share."""
METRICS_TOKEN = env_secret("METRICS_TOKEN")
"""What a collector of metrics sends as Bearer token; without one /metrics answers operators only."""

# --- API -------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "mediabuyer.brands.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["mediabuyer.lib.parsing.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "mediabuyer.lib.paging.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "mediabuyer.lib.api_errors.handle",
    "PAGE_SIZE": 50,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Media Buyer API",
    "DESCRIPTION": "Read accounts, campaigns, insights, decisions and cycles; approve and reject; import exports.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/",
    "ENUM_NAME_OVERRIDES": {
        "DecisionState": "mediabuyer.agent.models.Decision.State",
        "CycleState": "mediabuyer.agent.models.Cycle.State",
        "StepState": "mediabuyer.agent.models.Step.State",
        "ImportState": "campaigns.models.ImportFile.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "mediabuyer.lib.api_schema.describe_refusals",
    ],
}

# --- Logs: one JSON object a line, secrets taken out -----------------------------------------------------------------
LOG_LEVEL = env("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "mediabuyer.lib.logs.formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "axes": {"level": "WARNING"},
        "django-q": {"level": "WARNING"},
        "neo4j": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
    },
}
