"""Settings, from the environment alone. Every variable is described in `.env.example`."""

import hashlib
import ipaddress
import os
import secrets
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.environment import flag, number, redis_url, secret, words

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve()
BUILD_DIR = BASE_DIR / "var" / "build"


def secret_key() -> str:
    """Return SECRET_KEY, or one made on the first start and kept in DATA_DIR.

    Two processes that start together agree: only one of them can create the file.
    """
    given = secret("SECRET_KEY")
    if given:
        return given
    file = DATA_DIR / "secret-key"
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as stream:
            stream.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return file.read_text()


DEBUG = flag("DEBUG")
SECRET_KEY = secret_key()
HOST = os.environ.get("HOST") or "127.0.0.1"
PORT = int(number("PORT", 8000))
ALLOWED_HOSTS = words("ALLOWED_HOSTS", "*" if HOST == "0.0.0.0" else f"localhost,127.0.0.1,[::1],{HOST}")  # noqa: S104
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS", "")
SERVES = os.environ.get("SERVES") or ""  # lessons, or sandboxes; empty: both. See config/parts.py
if SERVES not in {"", "lessons", "sandboxes"}:
    raise ImproperlyConfigured(f"SERVES must be lessons or sandboxes, or not be given; not {SERVES!r}.")

INSTALLED_APPS = [
    "config.apps.PanelConfig",  # Django's admin, with our front page
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "sandbox",  # before courses: it adds `--live` to courses' command
    "courses",
    "workshops",
    "backups",
    "bundles",
    "accounts",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.named_in_logs",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
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
                "workshops.context.classroom",
                "config.version.version",
            ],
        },
    },
]

# People and progress. SQLite in WAL mode, so that readers never wait for the one writer; or PostgreSQL.
DATABASE_URL = secret("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'sarafa.sqlite3'}"
# Connections are not kept by threads, but given back to a pool: those that make pages are not all who ask.
database: dict[str, Any] = dict(dj_database_url.parse(DATABASE_URL, conn_max_age=0, conn_health_checks=True))
if database["ENGINE"].endswith("sqlite3"):
    database["ENGINE"] = "config.sqlite3"
    database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
elif database["ENGINE"].endswith("postgresql"):
    database["PASSWORD"] = secret("DATABASE_PASSWORD") or database["PASSWORD"]
    # One that does not work any more is replaced when it is asked for, so that a restart of PostgreSQL mends itself.
    database["OPTIONS"] = {
        "application_name": "sarafa",
        "connect_timeout": 5,
        "pool": {
            "min_size": 1,
            "max_size": int(number("DATABASE_CONNECTIONS", 10)),
            "timeout": 5,  # seconds to wait for one, after which a page says that something is wrong
            "reconnect_timeout": 2,  # then it is tried again when somebody asks, and not at growing intervals
        },
        **database.get("OPTIONS", {}),
    }
else:
    raise ImproperlyConfigured("DATABASE_URL must be of PostgreSQL or SQLite: postgresql://user:password@host/name.")
DATABASES = {"default": database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "courses.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "courses:home"
SESSION_ENGINE = "config.sessions"
SESSION_COOKIE_AGE = 180 * 24 * 3600
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # scripts have the token in the page
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = flag("HTTPS")
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE: Literal["Lax"] = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if flag("HTTPS"):
    # Whether a request came by TLS is the proxy's word, and uvicorn takes it from those in FORWARDED_ALLOW_IPS alone.
    # SECURE_PROXY_SSL_HEADER would take it from everybody.
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]  # asked from inside, where there is no TLS
    SECURE_HSTS_SECONDS = int(number("HSTS_SECONDS", 30 * 24 * 3600))
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = flag("HSTS_SUBDOMAINS")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # xterm.js writes the colours and the cell size of a terminal into style elements.
        "style-src": [SELF],
        "style-src-elem": [SELF, "'unsafe-inline'"],
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Languages. A lesson's translation stands beside it as index.<language>.md.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("hi", _("Hindi"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [("build", BUILD_DIR), ("img", BASE_DIR / "static" / "img")]
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or DATA_DIR / "static").resolve()
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.storage.StaticStorage"},
}
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()

# Events and work. The embedded server listens on a socket in DATA_DIR, where no other user reaches it.
REDIS_URL = redis_url(f"unix://{DATA_DIR / 'redis.sock'}")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"pool_class": "config.cache.SharedPool", "socket_connect_timeout": 2, "socket_timeout": 2},
    },
}
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
}
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A killed worker's tasks come back after this many seconds; every task is shorter, and may run twice.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,
    "unacked_restore_interval": 5,
    # Who queues something learns at once that the broker is away, soon that it hangs, and goes on without it.
    "socket_timeout": 3,
    "socket_connect_timeout": 3,
    "retry_on_timeout": False,
    "max_retries": 0,
    "global_keyprefix": "sarafa:",
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
RECONCILE_SECONDS = 20
CELERY_BEAT_SCHEDULE = {
    "reconcile": {
        "task": "sandbox.tasks.reconcile",
        "schedule": float(RECONCILE_SECONDS),
        "options": {"expires": RECONCILE_SECONDS},
    },
    "hosts": {"task": "sandbox.tasks.look_at_hosts", "schedule": 5.0, "options": {"expires": 15}},
    "heartbeat": {"task": "sandbox.tasks.heartbeat", "schedule": 3.0, "options": {"expires": 3}},
    "workshops": {"task": "workshops.tasks.tend_workshops", "schedule": 20.0, "options": {"expires": 20}},
    "sessions": {"task": "accounts.tasks.clear_sessions", "schedule": crontab(hour=3, minute=20)},
    # What was pushed and is not needed any more goes when a class has ended; where one always goes on, at night.
    "tidy": {"task": "sandbox.tasks.tidy_warehouse", "schedule": 600.0, "args": [60], "options": {"expires": 600}},
    "tidy-at-night": {"task": "sandbox.tasks.tidy_warehouse", "schedule": crontab(hour=3, minute=30), "args": [5]},
}

# Courses of one's own, beside ours or, with COURSES_ONLY, instead of it. Of two with one name, the first is served.
COURSES_DIR = [Path(place).resolve() for place in os.environ.get("COURSES_DIR", "").split(":") if place]
COURSES_ONLY = flag("COURSES_ONLY")

# Sandboxes.
INSTALLATION = hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:10]  # tells our containers from others'
DOCKER_HOST = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
SANDBOX_RUNTIME = os.environ.get("SANDBOX_RUNTIME") or ""  # empty: the engine's default
SANDBOX_APPARMOR = os.environ.get("SANDBOX_APPARMOR") or ""  # empty: ours, if it is loaded
SANDBOX_IMAGE = os.environ.get("SANDBOX_IMAGE") or "sarafa-bazaar/sandbox"
SANDBOX_MEMORY = os.environ.get("SANDBOX_MEMORY") or "1g"
SANDBOX_DISK = os.environ.get("SANDBOX_DISK") or "400m"
SANDBOX_CPUS = number("SANDBOX_CPUS", 1)
SANDBOX_PIDS = int(number("SANDBOX_PIDS", 512))
SANDBOX_MINUTES = number("SANDBOX_MINUTES", 120)
SANDBOX_MAX_HOURS = number("SANDBOX_MAX_HOURS", 8)  # extensions end there
SANDBOX_IDLE_MINUTES = number("SANDBOX_IDLE_MINUTES", 10)  # unused for so long, it is paused; 0: never
SANDBOX_HOME = os.environ.get("SANDBOX_HOME") or "10m"  # of a learner's home, this much is kept for the next sandbox
SANDBOX_POOL = int(number("SANDBOX_POOL", 4))  # started before anybody asks for them
WAREHOUSE_SPACE = os.environ.get("WAREHOUSE_SPACE") or "200m"  # for what one learner pushes
WAREHOUSE_TOTAL = os.environ.get("WAREHOUSE_TOTAL") or "10g"  # for everything on its shelves
# Where sandboxes on other hosts reach the warehouse: "address:port" of this machine, and, if that is another, as the
# hosts know it.
WAREHOUSE_LISTEN = os.environ.get("WAREHOUSE_LISTEN") or ""
WAREHOUSE_ADDRESS = os.environ.get("WAREHOUSE_ADDRESS") or ""
SANDBOX_LIMIT = int(number("SANDBOX_LIMIT", 0))  # 0: as many as the machine is found to hold
# Where browsers see what listens on a port of a sandbox: an origin that is not ours. {host} is the name by which they
# know us, or one of the stall's own on the machine itself; {code} and {port} are the sandbox's, for a wildcard domain.
VISITS_PORT = int(number("VISITS_PORT", number("PORT", 8000) + 1))
VISITS_ORIGIN = os.environ.get("VISITS_ORIGIN") or f"http{'s' * flag('HTTPS')}://{{host}}:{VISITS_PORT}"
GUESTS_PER_HOUR = int(number("GUESTS_PER_HOUR", 300))  # from one address, which a classroom shares

# Who may read /metrics: by address or network, and by a token. Nobody, if neither is given.
try:
    METRICS_ALLOW = [ipaddress.ip_network(given, strict=False) for given in words("METRICS_ALLOW", "")]
except ValueError as exc:
    raise ImproperlyConfigured(f"METRICS_ALLOW: {exc}.") from None
METRICS_TOKEN = secret("METRICS_TOKEN")

LOG_FORMAT = (os.environ.get("LOG_FORMAT") or "text").lower()
if LOG_FORMAT not in {"text", "json"}:
    raise ImproperlyConfigured(f"LOG_FORMAT must be text or json, not {LOG_FORMAT!r}.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "config.logs.Line", "format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "config.logs.JsonLine"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL") or "INFO"},
    "loggers": {
        # A line per task, for a heartbeat every few seconds, hides what matters.
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        # It has handlers of its own before it comes to this.
        "uvicorn": {"level": "WARNING", "handlers": [], "propagate": True},
        "uvicorn.error": {"level": "WARNING"},
        # At DEBUG these would write cookies, and what is in sessions.
        "websockets": {"level": "INFO"},
        "django.db.backends": {"level": "INFO"},
    },
}

# Signing in by OpenID Connect, if a provider is named. Of django-allauth only that is used: see accounts/oidc.py.
OIDC_SERVER = (os.environ.get("OIDC_SERVER") or "").rstrip("/")
OIDC_CLIENT_ID = os.environ.get("OIDC_CLIENT_ID") or ""
OIDC_STAFF_CLAIM = os.environ.get("OIDC_STAFF_CLAIM") or ""
OIDC_STAFF_VALUE = os.environ.get("OIDC_STAFF_VALUE") or ""
OIDC_NAME = os.environ.get("OIDC_NAME") or urlsplit(OIDC_SERVER).hostname or ""
if OIDC_SERVER:
    oidc_secret = secret("OIDC_CLIENT_SECRET")
    if not (OIDC_CLIENT_ID and oidc_secret and OIDC_NAME):
        raise ImproperlyConfigured("OIDC_SERVER is to be an address, and needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.")
    INSTALLED_APPS[INSTALLED_APPS.index("accounts") :] = ["allauth", "allauth.account", "allauth.socialaccount"]
    INSTALLED_APPS += ["allauth.socialaccount.providers.openid_connect", "accounts"]
    MIDDLEWARE.insert(MIDDLEWARE.index("csp.middleware.CSPMiddleware"), "allauth.account.middleware.AccountMiddleware")
    # Browsers judge the whole way of a form: where the provider is, and where it sends them on the way.
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(OIDC_SERVER))
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] += [origin, *words("OIDC_ORIGINS", "")]
    SOCIALACCOUNT_ADAPTER = "accounts.oidc.Adapter"
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "SCOPE": words("OIDC_SCOPES", "openid,profile"),
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": OIDC_NAME,
                    "client_id": OIDC_CLIENT_ID,
                    "secret": oidc_secret,
                    "settings": {"server_url": OIDC_SERVER},
                }
            ],
        }
    }
    ACCOUNT_EMAIL_VERIFICATION = "none"
    ACCOUNT_RATE_LIMITS = False  # the pages that have some are not served
