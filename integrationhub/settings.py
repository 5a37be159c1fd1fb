"""
Django's settings, read from the environment (and `.env`) through classes of fields.

What each variable means stands in `integrationhub/configuration.py`. A missing or unreadable
one stops the start, all of them in one message.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from connectors import registry
from integrationhub import configuration, logs, production

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Reading ------------------------------------------------------------------------------

_read = configuration.Reader(Path(os.environ.get("HUB_ENV_FILE", BASE_DIR / ".env")))

HUB_SANDBOX = _read.sandbox
_places = _read.read(configuration.Running, required=False)
HUB_DATA_DIR = (BASE_DIR / _places.hub_data_dir.expanduser()).resolve()
_read.reasons.clear()  # read again below, with the keys that the trial makes by itself
_trials_own = {}
if HUB_SANDBOX and "DATABASE_URL" not in _read.set:
    _trials_own = configuration.keep_own_secrets(HUB_DATA_DIR / "secrets.env")
if HUB_SANDBOX:
    # Browsers give no passkey to 127.0.0.1.
    _trials_own["HUB_BASE_URL"] = f"http://localhost:{_places.hub_port}"
_running = _read.read(configuration.Running, fallback=_trials_own)
_limits = _read.read(configuration.Limits)
_mail_settings = _read.read(configuration.Mail)

HUB_INSTALLATION_ID = _running.hub_installation_id
HUB_PORT = _running.hub_port
HUB_SANDBOX_PORT = _running.hub_sandbox_port
HUB_SANDBOX_URL = f"http://127.0.0.1:{HUB_SANDBOX_PORT}" if HUB_SANDBOX else ""
HUB_BASE_URL = _running.hub_base_url.rstrip("/")

_sandboxs_own = {}
if HUB_SANDBOX:
    _sandboxs_own = configuration.sandbox_values(
        BASE_DIR / "sandbox" / "hub.env", sandbox_url=HUB_SANDBOX_URL
    )
HUB_VENDORS: dict[str, str] = {}
"""The vendors' addresses, client ids and secrets; `connectors` is handed them by `accounts`."""
for _vendor in registry.CONNECTORS.values():
    HUB_VENDORS |= configuration.values(_read.read(_vendor.settings, fallback=_sandboxs_own))

HUB_LEASE_SECONDS = _limits.hub_lease_seconds
HUB_LOOK_UP_INTERVAL_SECONDS = _limits.hub_look_up_interval_seconds
HUB_REFRESH_PATIENCE_SECONDS = 20.0
"""How long work waits for another worker to renew the access token; then it is postponed."""
HUB_LEDGER_FRESH_SECONDS = _limits.hub_ledger_fresh_seconds
HUB_WORKER_THREADS = _limits.hub_worker_threads
HUB_MAX_UPLOAD_MB = _limits.hub_max_upload_mb
HUB_MAX_ROWS = _limits.hub_max_rows
HUB_MAX_UNZIPPED_MB = _limits.hub_max_unzipped_mb
HUB_PROXY_COUNT = _running.hub_proxy_count
HUB_METRICS_TOKEN = _running.hub_metrics_token.get_secret_value()
HUB_HEARTBEAT_URL = _running.hub_heartbeat_url.get_secret_value()
HUB_KEEP_SIGN_INS_DAYS = 7
"""How long begun sign-ins at vendors are kept."""
HUB_KEEP_UPLOADS_DAYS = _running.hub_keep_uploads_days
HUB_KEEP_REQUESTS_DAYS = _running.hub_keep_background_requests_days
HUB_ENCRYPTION_KEYS = [key.get_secret_value() for key in _running.hub_encryption_keys]

SECRET_KEY = _running.hub_secret_key.get_secret_value()
ALLOWED_HOSTS = _running.hub_allowed_hosts
_servers = {
    "DATABASE_URL": _running.database_url.get_secret_value(),
    "CELERY_BROKER_URL": _running.celery_broker_url.get_secret_value(),
    "HUB_EMAIL_URL": _mail_settings.hub_email_url.get_secret_value(),
}
HUB_WEAKNESSES = (
    []
    if HUB_SANDBOX
    else production.weaknesses(
        base_url=HUB_BASE_URL if "HUB_BASE_URL" in _read.set else "",
        allowed_hosts=ALLOWED_HOSTS,
        secret_key=SECRET_KEY,
        metrics_token=HUB_METRICS_TOKEN,
        vendors=HUB_VENDORS,
        servers=_servers,
    )
)
"""What is set and not safe. The hub does not start with most; `doctor` reports the rest."""
_read.reasons += [f"{one.name}: {one.text}" for one in HUB_WEAKNESSES if one.refuses]

# --- The application ----------------------------------------------------------------------

HUB_NAME = "Integration Hub"
HUB_VERSION = "0.1.0"
HUB_APPS = [
    "ui",
    "audit",
    "background",
    "organisations",
    "accounts",
    "outbox",
    "mappings",
    "sources",
    "journals",
    "payments",
    "office",
    "api",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "integrationhub",
    *HUB_APPS,
]
MIDDLEWARE = [
    "integrationhub.middleware.RequestIdMiddleware",
    "integrationhub.middleware.MethodsMiddleware",
    "integrationhub.middleware.ClientAddressMiddleware",
    "integrationhub.middleware.PlainCookiesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "integrationhub.middleware.NothingKeptMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "integrationhub.middleware.BodySizeMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "organisations.session_limits.SessionLimitsMiddleware",
    "organisations.middleware.OrganisationMiddleware",
    "organisations.temporary_passwords.TemporaryPasswordMiddleware",
    "organisations.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "organisations.middleware.EndedSessionMiddleware",
    "organisations.middleware.TooManyChecksMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "integrationhub.middleware.WhoMiddleware",
    "integrationhub.middleware.PageAboveMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "integrationhub.middleware.PlainTextMiddleware",
    "integrationhub.middleware.PartOfPageMiddleware",
    "integrationhub.middleware.DisplayTimeZoneMiddleware",
]
ROOT_URLCONF = "integrationhub.urls"
WSGI_APPLICATION = "integrationhub.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "organisations.context.page",
                "accounts.context.notices",
                "journals.context.first_steps",
            ],
        },
    }
]

# --- Storage ------------------------------------------------------------------------------

_database_url = _servers["DATABASE_URL"]
if _database_url:
    DATABASES: dict[str, Any] = {
        "default": dj_database_url.parse(_database_url, conn_max_age=60, conn_health_checks=True)
    }
    if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        # Measured: compiling a statement takes 15 ms, which no statement of the hub is worth.
        DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
else:
    HUB_DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made here for us alone: SQLite gives the files beside it the same rights.
    (HUB_DATA_DIR / "hub.sqlite3").touch(mode=0o600)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HUB_DATA_DIR / "hub.sqlite3",
            # Measured: Django's defaults lose a third of the writes under load to "database is
            # locked", these lose none. IMMEDIATE takes the write lock when a transaction begins.
            # FULL: with NORMAL a power cut takes the last commits back, a claim among them, and
            # what was posted under it would be posted again.
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                "PRAGMA foreign_keys=ON;",
            },
        }
    }
MEDIA_ROOT = HUB_DATA_DIR / "files"  # uploaded files: never served, never executed
STATIC_URL = "static/"
STATIC_ROOT = HUB_DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # an office of 500 companies ticks many boxes

# --- Background work ----------------------------------------------------------------------

CELERY_BROKER_URL = _servers["CELERY_BROKER_URL"]
HUB_BROKER_IS_EMBEDDED = CELERY_BROKER_URL.startswith("memory:")
"""The broker lives inside the worker: other processes write rows, and the worker finds them."""
HUB_PROCESS = os.environ.get("HUB_PROCESS", "command")
"""web, worker or command; a worker says so itself when it starts."""
HUB_SWEEPS = (
    "background.tasks.enqueue_due",
    "outbox.tasks.enqueue_due",
    "sources.tasks.enqueue_due",
    "journals.tasks.enqueue_due",
    "payments.tasks.enqueue_due",
)
"""What finds the due rows of each app; one that is missing stops the worker's start."""
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "hub"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = HUB_WORKER_THREADS
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Measured with Redis 7: without these a lost worker's tasks come back after minutes, and
# kombu's pool of ten connections fails acknowledgements of many threads.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {}
    if HUB_BROKER_IS_EMBEDDED
    else {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "max_connections": 200,
        "socket_keepalive": True,
        # A person who presses Send while the broker is away waits for the answer this long. The
        # press counts: the row is written, and the next sweep finds it.
        "socket_connect_timeout": 2,
        "max_retries": 1,
        "interval_start": 0.1,
    }
)

# --- Languages and times ------------------------------------------------------------------

LANGUAGES = [("en", _("English")), ("sv", _("Swedish")), ("nb", _("Norwegian"))]
LANGUAGE_CODE = _running.hub_language
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
HUB_TIME_ZONE = _running.hub_time_zone
# Amounts are localised where they are shown and read; a separator everywhere would put one
# into account numbers and ids too.
USE_THOUSAND_SEPARATOR = False

# --- Safety -------------------------------------------------------------------------------

_over_https = HUB_BASE_URL.startswith("https://")
AUTH_USER_MODEL = "organisations.User"
AUTHENTICATION_BACKENDS = ["organisations.backends.HubBackend"]
_DJANGOS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    # No rule of composition: any character, in any mixture.
    {
        "NAME": f"{_DJANGOS}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "organisations.passwords.ShortestValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "organisations.passwords.MaximumLengthValidator"},
    {
        "NAME": f"{_DJANGOS}.CommonPasswordValidator",
        "OPTIONS": {
            "password_list_path": BASE_DIR / "organisations" / "data" / "breached_passwords.txt.gz"
        },
    },
    {"NAME": "organisations.passwords.ContextWordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL

HUB_SIGN_IN_FAILURES = _limits.hub_sign_in_failures
HUB_SIGN_IN_LOCK_SECONDS = 15 * 60
ACCOUNT_ADAPTER = "organisations.adapters.AccountAdapter"
ACCOUNT_FORMS = {"user_token": "organisations.sign_in_forms.LinkForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]  # nobody does; what the sign-in asks follows it
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are invited, by that address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 (a class)
ACCOUNT_LOGIN_TIMEOUT = 600
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # ours count by network: operations/throttling.py
MFA_ADAPTER = "organisations.adapters.MfaAdapter"
MFA_FORMS = {
    "authenticate": "organisations.sign_in_forms.CodeForm",
    "authenticate_webauthn": "organisations.sign_in_forms.PasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn"]  # recovery codes are ours
MFA_ALLOW_UNVERIFIED_EMAIL = True  # allauth's table of addresses is not used
MFA_TOTP_ISSUER = HUB_NAME
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # so that a passkey is two factors by itself
CACHES = {
    "default": {
        # All web processes count in one place, which is there whenever a sign-in is possible.
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "hub_cache",
        # Else 300, and a crowd of strangers would push out what is counted.
        "OPTIONS": {"MAX_ENTRIES": 500_000},
    }
}

SESSION_COOKIE_AGE = _limits.hub_session_hours * 3600
HUB_SESSION_IDLE_SECONDS = _limits.hub_session_idle_minutes * 60
PASSWORD_RESET_TIMEOUT = 60 * 60
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from the vendor
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _over_https
# A browser takes such a name only over https, for this host alone and for all of it: neither a
# neighbour's host nor a page without encryption can put a cookie in place of ours.
_cookie_of_this_host = "__Host-" if _over_https else ""
SESSION_COOKIE_NAME = f"{_cookie_of_this_host}sessionid"
CSRF_COOKIE_NAME = f"{_cookie_of_this_host}csrftoken"
LANGUAGE_COOKIE_NAME = f"{_cookie_of_this_host}django_language"
HUB_THEME_COOKIE_NAME = f"{_cookie_of_this_host}theme"
HUB_MESSAGES_COOKIE_NAME = f"{_cookie_of_this_host}messages"
MESSAGE_STORAGE = "integrationhub.notices.NoticeStorage"
CSRF_TRUSTED_ORIGINS = [HUB_BASE_URL] if _over_https else []
SECURE_SSL_REDIRECT = False  # the proxy's duty; a redirect here would loop behind a plain one
SECURE_HSTS_SECONDS = 31_536_000 if _over_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _over_https
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HUB_PROXY_COUNT else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        # The sign-in form leads on to the vendor by a redirect, which this directive covers too.
        "form-action": [SELF, *configuration.origins(HUB_VENDORS.values())],
        "frame-ancestors": [NONE],
    }
}

# --- E-mail -------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = SERVER_EMAIL = _mail_settings.hub_email_from
_mail = urlsplit(_servers["HUB_EMAIL_URL"])
HUB_SENDS_MAIL = _mail.scheme == "smtp"
if HUB_SENDS_MAIL:
    _mail_options = parse_qs(_mail.query)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or 25
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_TLS = _mail_options.get("tls") == ["1"]
    EMAIL_USE_SSL = _mail_options.get("ssl") == ["1"]
    EMAIL_TIMEOUT = 10
else:
    if _mail.geturl():
        _read.reasons.append("HUB_EMAIL_URL is unreadable; write smtp://host:port.")
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = HUB_DATA_DIR / "mail"

# --- Logs ---------------------------------------------------------------------------------

LOGGING_CONFIG = None  # ours comes from `logs.configure`, for Django, Celery and the hub alike
HUB_LOG_FORMAT = _running.hub_log_format
HUB_LOG_LEVEL = _running.hub_log_level
logs.configure(form=HUB_LOG_FORMAT, level=HUB_LOG_LEVEL)

HUB_UNKNOWN = _read.unknown()
"""Variables that look like the hub's and are none; `doctor` names them."""
_read.finish()
