"""Django's settings. What differs between machines comes from `runtime.settings`, the rest stands here."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF

from candlewick.store.keys import audit_key
from candlewick.web.boot import host_names, is_booted, settings_in_force
from candlewick.web.secret import secret_key
from candlewick.web.shared import checked, connection_options
from candlewick.web.static_files import collected

_settings = settings_in_force()
_here = Path(__file__).resolve().parent

DATA_DIR = _settings.data_dir
AUDIT_KEY: bytes = audit_key(DATA_DIR, _settings.master_key_text) if is_booted() else b""
SECRET_KEY = secret_key(DATA_DIR) if is_booted() else secrets.token_urlsafe()  # looking writes nothing
DEBUG = False
ALLOWED_HOSTS = host_names(_settings.web)
LIVE_ALLOWED_ORIGINS = frozenset(_settings.web.allowed_origins)
CSRF_TRUSTED_ORIGINS = list(_settings.web.allowed_origins)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "candlewick.store",
    "candlewick.web.people",  # before allauth: its templates win
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "ninja",  # only for its copy of Swagger UI, so that /api/docs needs no other server
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "candlewick.web.headers.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "candlewick.web.problem.ProblemMiddleware",
    "candlewick.web.limits.RateLimits",
    "candlewick.web.people.sessions.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
DATA_MIDDLEWARE = [  # of what programs ask for: `web.handler`
    "candlewick.web.headers.data_headers",
    "candlewick.web.problem.ProblemMiddleware",
    "candlewick.web.limits.RateLimits",
    "candlewick.web.cors.CrossOrigin",
    "candlewick.web.people.sessions.Sessions",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "candlewick.web.urls"
APPEND_SLASH = True
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [
            _here / "templates",
            _here / "audit" / "templates",
            _here / "terminal" / "templates",
            _here / "charts" / "templates",
            _here / "components" / "templates",
            _here / "performance" / "templates",
            _here / "dashboard" / "templates",
            _here / "portfolio" / "templates",
            _here / "risk" / "templates",
            _here / "journal" / "templates",
            _here / "research" / "templates",
            _here / "strategies" / "templates",
        ],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "candlewick.web.people.context.accounts",
            ],
        },
    },
]

DATABASE_URL = _settings.rows if isinstance(_settings.rows, str) else ""
_rows: dict[str, Any]
if DATABASE_URL:
    from candlewick.store.postgres import for_django  # psycopg: loaded only where it is used

    _rows = for_django(DATABASE_URL)
else:
    _rows = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _settings.rows,
        "CONN_MAX_AGE": None,  # the bridge's threads live as long as the process
        "OPTIONS": {
            # A deferred transaction that turns into a write fails at once when another holds the lock;
            # an immediate one waits for its turn.
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
DATABASES = {"default": _rows}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = checked(_settings.redis_url.get_secret_value()) if _settings.redis_url is not None else None
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
    if REDIS_URL is None
    else {
        "BACKEND": "candlewick.web.redis_cache.SharedCache",
        "LOCATION": [REDIS_URL],  # a list: an address may hold a comma
        "KEY_PREFIX": "candlewick",
        "OPTIONS": connection_options(),
    },
}
ORDERS_PER_MINUTE = _settings.web.limits.orders_per_minute
REQUESTS_PER_MINUTE = _settings.web.limits.requests_per_minute

AUTH_USER_MODEL = "store.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["candlewick.web.people.hashing.BoundedArgon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_ADAPTER = "candlewick.web.people.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_RATE_LIMITS = {
    "login": f"{_settings.web.limits.sign_ins_per_minute}/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
}
MFA_ADAPTER = "candlewick.web.people.two_factor.TwoFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Candlewick"
MFA_TOTP_TOLERANCE = 1  # a clock may be half a minute off, either way; a code is taken once all the same
MFA_RECOVERY_CODES_SHOW_ONCE = True
USERSESSIONS_TRACK_ACTIVITY = False  # a write for each request

SESSION_ENGINE = (
    "candlewick.web.people.session_rows" if REDIS_URL is None else "candlewick.web.people.sessions"
)
SESSION_COOKIE_NAME = "candlewick_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 86_400
CSRF_COOKIE_NAME = "candlewick_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page
CSRF_FAILURE_VIEW = "candlewick.web.problem.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if _settings.web.behind_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}

# The version stands in the address, so that a browser may keep a file for ever and an upgrade is seen.
STATIC_ROOT, _version = collected(_here, DATA_DIR) if is_booted() else (_here / "static", "0")
STATIC_URL = f"/static/{_version}/"
WHITENOISE_MAX_AGE = 31_536_000
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/"

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"unexpected": {"()": "candlewick.web.problem.Unexpected"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["unexpected"]},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # A refused or missing page is the visitor's affair, not ours; what broke is still logged.
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        "django.security": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # Anybody can cause these at will, signed in or not: they must not fill the log. Without a handler
        # at all, the logging module prints them by its own of last resort.
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        "django.security.RequestDataTooBig": {"handlers": ["nowhere"], "propagate": False},
    },
}
