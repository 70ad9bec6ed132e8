"""One file, driven by the environment. With nothing set: SQLite, one process, files on disk, practice payments."""

from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from django.utils.csp import CSP
from servestatic.compress import Compressor

from livecommerce.environment import (
    LOOPBACK,
    Misconfigured,
    env_bool,
    env_choice,
    env_folder,
    env_hosts,
    env_int,
    env_mailer,
    env_origin,
    env_text,
    env_url,
    running_tests,
    secret_key,
)
from livecommerce.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env_folder("DATA_DIR", default=BASE_DIR / "data")
PORT = env_int("PORT", default=8000, least=1, most=65535)
PUBLIC_URL = env_origin("PUBLIC_URL", default=f"http://127.0.0.1:{PORT}")
DATABASE_URL = env_url("DATABASE_URL", schemes={"postgres", "postgresql", "sqlite"})
REDIS_URL = env_url("REDIS_URL", schemes={"redis", "rediss"})
EMBEDDED = not REDIS_URL

DEBUG = env_bool("DEBUG", default=False)
_own_file = not DATABASE_URL or DATABASE_URL.startswith("sqlite")
SECRET_KEY = secret_key(data_dir=DATA_DIR, embedded=_own_file or DEBUG)
_host = urlsplit(PUBLIC_URL).hostname or ""
_loopback = _host in LOOPBACK
ALLOWED_HOSTS = env_hosts("ALLOWED_HOSTS") or [_host, *(["localhost", "127.0.0.1", "[::1]"] if _loopback else [])]

# Names and limits of the product.
PRODUCT_NAME = env_text("PRODUCT_NAME", "Vitrine")
RATE_LIMITS = env_choice("RATE_LIMITS", default="on", choices={"on", "off"}) == "on"
if not RATE_LIMITS and not (DEBUG or LOOPBACK.issuperset({_host, *ALLOWED_HOSTS})):
    raise Misconfigured("RATE_LIMITS", "off is only for DEBUG, or with PUBLIC_URL and ALLOWED_HOSTS on loopback")
# How long what happened in a show is kept; see streams/retention.py.
FEED_DAYS = env_int("FEED_DAYS", default=400, least=1)
# What makes two buyers of a drop one household; see checkout/fair_play.py.
FAIR_PLAY = set((env_text("FAIR_PLAY") or "card").split(","))
if FAIR_PLAY - {"email", "address", "card", "off"}:
    raise Misconfigured("FAIR_PLAY", "write email, address and card with commas, or off")
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", default=0, most=5)
MEDIA_SERVER_URL = env_url("MEDIA_SERVER_URL", schemes={"http", "https", "rtmp", "rtsp"})
# Origins that may open a socket: scheme, host and port have to match.
ALLOWED_ORIGINS = [PUBLIC_URL, *(f"http://{name}:{PORT}" for name in ("localhost", "127.0.0.1") if _loopback)]

INSTALLED_APPS = [
    "daphne",
    "unfold.apps.BasicAppConfig",
    "livecommerce.accounts.admin_app.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "allauth",
    "allauth.account",
    "livecommerce.accounts",
    "livecommerce.realtime",
    "catalog",
    "streams",
    "checkout",
    "chat",
    "livecommerce.watch",
    "livecommerce.studio",
    "livecommerce.demo",
    "livecommerce",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "livecommerce.watch.compression.CompressPages",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "livecommerce.api.AnswersInJson",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    # Plain functions, and last: before film, too, the others then are ones as well, with one way to a thread for all.
    "livecommerce.accounts.middleware.ViewerMiddleware",
    "livecommerce.accounts.turns.TurnsMiddleware",
    "livecommerce.accounts.kept_answers.KeptAnswerMiddleware",
]
ROOT_URLCONF = "livecommerce.urls"
ASGI_APPLICATION = "livecommerce.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "livecommerce.watch.context.product",
            ],
            "builtins": ["django.templatetags.static", "livecommerce.watch.templatetags.vitrine"],
        },
    }
]

# Truth. SQLite takes its write lock at BEGIN, so a transaction never fails half-way for want of it.
if not _own_file:
    from livecommerce.connections import check_when_heard

    DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
    DATABASES["default"]["OPTIONS"] = {
        "pool": {
            "min_size": 2,
            "max_size": env_int("DATABASE_POOL", default=20, least=2, most=500),
            "timeout": 10,
            # After a restart of the database the pool is full of dead ones.
            "check": check_when_heard,
        },
        "options": "-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s",
    }
else:
    DATABASES = {"default": dj_database_url.parse(DATABASE_URL or f"sqlite:///{DATA_DIR / 'livecommerce.sqlite3'}")}
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# News between processes, and what may be forgotten.
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": 30}]},
        }
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_BROKER_URL = env_url(
    "CELERY_BROKER_URL",
    default=REDIS_URL or "memory://localhost/",
    schemes={"memory", "redis", "rediss", "amqp", "amqps", "filesystem"},
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1

# Files.
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "livecommerce.watch.assets.JoinedSheets",
    "livecommerce.watch.assets.VendorFiles",
]
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "media/"
LIVE_ROOT = DATA_DIR / "live"
# Where encoders publish by RTMP: on loopback unless told otherwise; another free port if this one is taken.
INGEST_HOST = env_text("INGEST_HOST", "127.0.0.1")
INGEST_PORT = env_int("INGEST_PORT", default=1935, most=65535)
INGEST_PUBLIC_HOST = env_text("INGEST_PUBLIC_HOST", _host if INGEST_HOST != "127.0.0.1" else "127.0.0.1")
_bucket = env_text("AWS_STORAGE_BUCKET_NAME")
_bucket_at = env_url("AWS_S3_ENDPOINT_URL", schemes={"http", "https"})
if bool(env_text("AWS_ACCESS_KEY_ID")) != bool(env_text("AWS_SECRET_ACCESS_KEY")):
    raise Misconfigured("AWS_SECRET_ACCESS_KEY", "goes with AWS_ACCESS_KEY_ID; set both or neither")
_found_not_collected = DEBUG or running_tests()
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage" if _bucket else "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "bucket_name": _bucket,
            "endpoint_url": _bucket_at or None,
            "file_overwrite": False,
            "querystring_auth": False,
        }
        if _bucket
        else {},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if _found_not_collected
        else "servestatic.storage.CompressedManifestStaticFilesStorage"
    },
}
SERVESTATIC_USE_FINDERS = _found_not_collected
SERVESTATIC_AUTOREFRESH = _found_not_collected
# Everything is asked for by its hashed name; source maps of libraries are for developers and need no squeezing.
SERVESTATIC_MINIFY = True
SERVESTATIC_ALLOW_ALL_ORIGINS = False
SERVESTATIC_KEEP_ONLY_HASHED_FILES = not _found_not_collected
SERVESTATIC_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

# People.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "livecommerce.signin.SignInAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {"signup": "livecommerce.watch.signup.SignUpForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"{PRODUCT_NAME}: "
if not RATE_LIMITS:
    ACCOUNT_RATE_LIMITS = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

UNFOLD = {
    "SITE_TITLE": PRODUCT_NAME,
    "SITE_HEADER": PRODUCT_NAME,
    "SITE_SUBHEADER": "Back office",
    "SHOW_VIEW_ON_SITE": True,
    "SIDEBAR": {"show_search": False, "show_all_applications": False},
}

# Money. Whoever sets a key on a public address means to be paid: practice payments must not stand in for it in silence.
for _name in ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRETS", "STRIPE_API_BASE"):
    if env_text(_name) and not (DEBUG or _loopback):
        raise Misconfigured(_name, "payments through Stripe are not part of this version; leave it unset to practise")

# Mail.
MAILERS = {"default": env_mailer("EMAIL_URL", default="console://localhost")}
DEFAULT_FROM_EMAIL = env_text("DEFAULT_FROM_EMAIL", f"{PRODUCT_NAME} <shop@{_host if '.' in _host else 'localhost'}>")

# Defence. Styles and scripts need our origin or the page's nonce; nothing inline runs without it.
_socket_origin = PUBLIC_URL.replace("http", "ws", 1)
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:", "blob:"],
    "media-src": [CSP.SELF, "blob:"],
    "connect-src": [CSP.SELF, _socket_origin],
    "worker-src": [CSP.SELF, "blob:"],
    "font-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
_https = PUBLIC_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = _https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
LOGGING_CONFIG = None
LOG_FORMAT = env_choice("LOG_FORMAT", default="text", choices={"text", "json"})
LOG_LEVEL = env_choice("LOG_LEVEL", default="INFO", choices={"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})
logging_config(json=LOG_FORMAT == "json", debug=DEBUG, level=LOG_LEVEL)
