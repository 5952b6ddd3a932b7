"""Django's settings. Every variable of the environment is read here, and a wrong one is named in the error."""

import platform
from collections.abc import Callable
from datetime import timedelta
from logging import LogRecord
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from environ import Env

from playground import environment
from playground.environment import read

BASE_DIR = Path(__file__).resolve().parent.parent
Env.read_env(BASE_DIR / ".env")  # what the environment names already wins

# Folders: everything the site keeps lies below PLAYGROUND_DATA unless one is moved.
PLAYGROUND_DATA = environment.make_folder(
    "PLAYGROUND_DATA", read("PLAYGROUND_DATA", environment.folder, BASE_DIR / "data")
)
PLAYGROUND_LIBRARY = read("PLAYGROUND_LIBRARY", environment.folder, PLAYGROUND_DATA / "library")
PLAYGROUND_MODELS = read("PLAYGROUND_MODELS", environment.folder, PLAYGROUND_DATA / "models")
PLAYGROUND_CACHE = read("PLAYGROUND_CACHE", environment.folder, PLAYGROUND_DATA / "cache")
PLAYGROUND_RUN = environment.make_folder("PLAYGROUND_DATA", PLAYGROUND_DATA / "run", private=True)
for _name, _folder in (
    ("PLAYGROUND_LIBRARY", PLAYGROUND_LIBRARY),
    ("PLAYGROUND_MODELS", PLAYGROUND_MODELS),
    ("PLAYGROUND_CACHE", PLAYGROUND_CACHE),
):
    environment.make_folder(_name, _folder)

# Who gets in
PORT = read("PORT", environment.whole(1, 65535), 8000)
PLAYGROUND_LISTEN = read("PLAYGROUND_LISTEN", str, "127.0.0.1")
PLAYGROUND_PUBLIC_URL = read("PLAYGROUND_PUBLIC_URL", environment.public_url, "")
ALLOWED_HOSTS = ["*"]  # playground.middleware.KnownHost is the one that checks
PLAYGROUND_HOSTS = environment.own_names(platform.node())
if PLAYGROUND_PUBLIC_URL:
    PLAYGROUND_HOSTS.add(urlsplit(PLAYGROUND_PUBLIC_URL).hostname or "")
    CSRF_TRUSTED_ORIGINS = [PLAYGROUND_PUBLIC_URL]
PLAYGROUND_LOGIN_REQUIRED = read("PLAYGROUND_LOGIN_REQUIRED", environment.switch, False)
PLAYGROUND_QUEUE_WORDS = read("PLAYGROUND_QUEUE_WORDS", environment.word_of("everyone", "own"), "everyone")
PLAYGROUND_DELETE = read("PLAYGROUND_DELETE", environment.word_of("everyone", "owner"), "everyone")

# What makes the pictures. None: as the model's folder says, else as generation.defaults does.
PLAYGROUND_MODEL = read("PLAYGROUND_MODEL", str, "")
PLAYGROUND_DEMO_MODEL = BASE_DIR / "demo_model" / "model"
PLAYGROUND_DEVICE = read("PLAYGROUND_DEVICE", str, "")
PLAYGROUND_SLOT = read("PLAYGROUND_SLOT", str, "")
PLAYGROUND_MOST_TOGETHER = read("PLAYGROUND_MOST_TOGETHER", environment.whole(1, 24), 24)
PLAYGROUND_SAFETY_CHECKER = read("PLAYGROUND_SAFETY_CHECKER", environment.switch, False)
PLAYGROUND_STEPS = read("PLAYGROUND_STEPS", environment.whole(1, 250), None)
PLAYGROUND_GUIDANCE_SCALE = read("PLAYGROUND_GUIDANCE_SCALE", environment.number(1, 20), None)
PLAYGROUND_SIZE = read("PLAYGROUND_SIZE", environment.size, None)
PLAYGROUND_DOWNSAMPLING_FACTOR = read("PLAYGROUND_DOWNSAMPLING_FACTOR", environment.one_of(2, 4, 8, 16), 8)
PLAYGROUND_MAX_WAITING = read("PLAYGROUND_MAX_WAITING", environment.whole(0, 100_000), 20)
PLAYGROUND_MAX_WAITING_PER_ADDRESS = read("PLAYGROUND_MAX_WAITING_PER_ADDRESS", environment.whole(0, 100_000), 60)
PLAYGROUND_MAX_WAITING_IN_ALL = read("PLAYGROUND_MAX_WAITING_IN_ALL", environment.whole(0, 100_000), 300)
PLAYGROUND_MAX_PIXELS = read("PLAYGROUND_MAX_PIXELS", environment.whole(64 * 64, 2**26), None)

SECRET_KEY = read("SECRET_KEY", environment.own_key, "", is_secret=True)
SECRET_KEY = SECRET_KEY or environment.secret_key(PLAYGROUND_DATA / "secret_key")
DEBUG = False

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "django_htmx",
    "django_q",
    "playground.apps.PlaygroundConfig",
    "people.apps.PeopleConfig",
    "library.apps.LibraryConfig",
    "generation.apps.GenerationConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "playground.middleware.Permissions",
    "playground.middleware.KnownHost",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "playground.middleware.SameSite",
    "playground.middleware.BoundedBody",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "playground.door.Door",
    "generation.visitors.VisitorMiddleware",
    "playground.costs.Costs",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "playground.urls"
WSGI_APPLICATION = "playground.wsgi.application"
CSRF_FAILURE_VIEW = "playground.views.csrf_failure"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "playground.views.theme_context",
                "playground.door.context",
                "generation.status.context",
            ],
        },
    },
]

# SQLite: WAL without IMMEDIATE gives "database is locked" at once when a reader turns writer. No atomic()
# around a GET, therefore: each is a writer.
SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": PLAYGROUND_DATA / "db.sqlite3",
    "CONN_MAX_AGE": None,
    "OPTIONS": {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA temp_store=MEMORY;"
        "PRAGMA mmap_size=134217728;PRAGMA cache_size=-20000;PRAGMA journal_size_limit=27103364",
    },
}


def _database(url: str) -> dict[str, Any]:
    if url.startswith("sqlite:///"):
        return {**SQLITE, "NAME": Path(url.removeprefix("sqlite:///"))}
    if not url.startswith(("postgres://", "postgresql://")):
        raise ValueError("it must look like postgres://user:password@host/name or sqlite:////folder/file")
    try:
        return {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, **Env.db_url_config(url)}
    except ValueError:  # it may quote a part of the password
        raise ValueError("its port is no number; in a password / is written as %2F, @ as %40, : as %3A") from None


DATABASES = {"default": read("DATABASE_URL", _database, SQLITE)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# django-q2 only wakes the worker; the Job table is the queue (CONTRIBUTING.md). Its own time limits and repeats
# would run a job twice, so they are as good as off, and a wake-up leaves nothing behind.
REDIS_URL = read("REDIS_URL", str, "")


def _broker() -> dict[str, Any]:
    if REDIS_URL:
        return {"redis": REDIS_URL}
    if DATABASES["default"]["ENGINE"] == SQLITE["ENGINE"]:
        return {"orm": "default", "broker_class": "generation.broker.SQLiteBroker", "poll": 0.05}
    return {"orm": "default", "poll": 0.2}


Q_CLUSTER: dict[str, Any] = {
    "name": "playground",
    "label": "Jobs",
    "workers": 1,
    "bulk": 1,
    "queue_limit": 1,
    "guard_cycle": 0.2,
    "recycle": 0,
    "max_attempts": 1,
    "ack_failures": True,
    "timeout": 86400,
    "retry": 300000,
    "save_limit": -1,
    "catch_up": False,
    "daemonize_workers": True,
    **_broker(),
}

LANGUAGE_CODE = "en-gb"
USE_I18N = False  # every look-up of a translation costs, and there is none
TIME_ZONE = environment.time_zone()
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = PLAYGROUND_CACHE / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

LOGIN_URL, LOGIN_REDIRECT_URL = "people:sign-in", "generation:home"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# After so many wrong passwords for one name from one address: others of the house, and of the world, lock nobody out.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "generation.senders.address_of"
AXES_LOCKOUT_CALLABLE = "people.views.locked_out"
AXES_RESET_ON_SUCCESS = AXES_DISABLE_ACCESS_LOG = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = AXES_ENABLE_ADMIN = AXES_VERBOSE = False
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS is for this name alone: its neighbours in the domain may be somebody else's
    "security.W008",  # that http leads to https is the proxy's to say; said here, too, it may go round in circles
    "security.W021",
]
if PLAYGROUND_PUBLIC_URL.startswith("https://"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 180 * 24 * 3600
else:  # without TLS browsers would send no cookie that asks for it
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W012", "security.W016"]

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200


def but_503() -> Callable[[LogRecord], bool]:
    return lambda record: getattr(record, "status_code", 0) != 503


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"but_503": {"()": "playground.settings.but_503"}},  # /healthz says no more than it has to
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "generation": {"level": "INFO"},
        "library": {"level": "INFO"},
        "django.request": {"level": "ERROR", "filters": ["but_503"]},
        "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
