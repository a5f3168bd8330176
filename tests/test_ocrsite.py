"""The project around the apps: settings, health, metrics, schema, problems."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from datetime import date
from decimal import Decimal
from importlib.util import find_spec, module_from_spec
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import CallSum, Plan
from accounts.rates import Rates
from extraction import errors as extraction_errors
from extraction.errors import ExtractionError
from jobs import errors as job_errors
from jobs import storage, webhooks
from jobs.models import Job
from ocrsite import kept_counts, service_metrics
from ocrsite.problems import DRF_PROBLEMS
from tests.jobs.hooking import hook
from tests.jobs.making import make_job, run_job
from tests.people import Organisation

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """A busy machine counts slowly, and what is kept then is another test's."""
    kept_counts._kept.clear()


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check --deploy` under these settings and nothing else."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    kept["VAR_DIR"] = "/nonexistent"
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
    )


def started(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python with these settings alone, given up after a while."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    kept |= {"VAR_DIR": "/nonexistent", "DJANGO_SETTINGS_MODULE": "ocrsite.settings"}
    kept |= environment
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=kept, capture_output=True, text=True, timeout=60
    )


def test_check_deploy_is_clean_under_production_settings() -> None:
    done = check(SECRET_KEY=secrets.token_urlsafe(50), DATABASE_URL="postgres://db/ocrsite")
    assert done.returncode == 0, done.stderr


BAD: list[tuple[dict[str, str], str]] = [
    ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
    ({"SECRET_KEY_FALLBACKS": f"{'x' * 50},"}, "SECRET_KEY_FALLBACKS"),
    ({"API_KEY_PEPPER": "short"}, "API_KEY_PEPPER"),
    ({"TENANT_LEDGER_YEARS": "99"}, "TENANT_LEDGER_YEARS"),
    ({"DEFAULT_ENGINE": "no-such"}, "DEFAULT_ENGINE"),
    ({"VISION_QUANTISATION": "2bit"}, "VISION_QUANTISATION"),
    ({"VISION_MODELS": "nanonets-ocr-s"}, "Jobs for nanonets-ocr-s will fail: the weights of"),
    ({"OPENAI_URL": "gpu:8000", "OPENAI_MODEL": "m"}, "OPENAI_URL: it must begin with http"),
    ({"OPENAI_URL": "http://me:word@gpu/v1", "OPENAI_MODEL": "m"}, "OPENAI_URL: it must have"),
    ({"OPENAI_URL": "http://gpu/v1"}, "OPENAI_MODEL is not set"),
    ({"OPENAI_CONCURRENCY": "0"}, "OPENAI_*"),
    ({"GOOGLE_VISION_PAGES_A_DAY": "-1"}, "GOOGLE_VISION_*"),
    ({"LEASE_SECONDS": "5"}, "LEASE_SECONDS"),
    ({"MAX_PAGES": "0"}, "max_pages"),
    ({"MAX_BATCH_FILES": "0"}, "MAX_BATCH_FILES"),
    ({"REVIEW_THRESHOLD": "1.5"}, "REVIEW_THRESHOLD"),
    ({"RESULT_CACHE_SECONDS": "-1"}, "RESULT_CACHE_SECONDS"),
    ({"IDEMPOTENCY_SECONDS": "0"}, "IDEMPOTENCY_SECONDS"),
    ({"REVIEW_CLAIM_SECONDS": "0"}, "REVIEW_CLAIM_SECONDS"),
    ({"MAX_LISTENERS": "0"}, "MAX_LISTENERS"),
    ({"LISTEN_TICK_SECONDS": "0"}, "LISTEN_TICK_SECONDS"),
    ({"QUOTA_PAGES_PER_DAY": "-1"}, "QUOTA_PAGES_PER_DAY"),
    ({"TRAINING_MAX_SECONDS": "0"}, "TRAINING_MAX_SECONDS"),
    ({"SITE_PROBE_URL": "nothing"}, "SITE_PROBE_URL"),
    ({"RATE_SUBMIT": "0,100,1000,10"}, "RATE_SUBMIT"),
    ({"RATE_READ": "600,100,1000,10"}, "RATE_READ"),
    ({"RATE_KEY_SHARE": "0"}, "RATE_KEY_SHARE"),
    ({"LOGIN_FAILURES": "60"}, "LOGIN_FAILURES"),
    ({"OIDC_ISSUER": "https://id.example"}, "OIDC_CLIENT_ID"),
    ({"OIDC_ISSUER": "http://id.example", "OIDC_CLIENT_ID": "x"}, "OIDC_ISSUER is not https"),
]
ALONE: list[tuple[dict[str, str], str]] = [  # beside others it would not be told, or they not
    ({"HYBRID_OF": "nanonets-ocr-s"}, "HYBRID_OF is 'nanonets-ocr-s'"),
    ({"VISION_MODELS": "no-such"}, "VISION_MODELS: 'no-such' is none of: nanonets-ocr-s,"),
    ({"VISION_OWN_MODELS": "/no/m.toml"}, "VISION_OWN_MODELS: m.toml cannot be read"),
    ({"OPENAI_READS_AS": "no-such"}, "OPENAI_READS_AS is none of: nanonets-ocr-s,"),
    ({"QUOTA_OPEN_JOBS": "many"}, "QUOTA_OPEN_JOBS"),
    ({"MAX_PAGES": "many"}, "MAX_PAGES"),
    ({"RATE_TRY": "10,100,1000"}, "RATE_TRY"),
]


def together(cases: list[tuple[dict[str, str], str]]) -> list[dict[str, str]]:
    """The environments in as few as may be: no setting has two values in one."""
    groups: list[dict[str, str]] = []
    for environment, _told in cases:
        for group in groups:
            if not group.keys() & environment.keys():
                group |= environment
                break
        else:
            groups.append(dict(environment))
    return groups


@pytest.fixture(scope="module")
def told_together() -> list[str]:
    """What the check says of many bad settings at once."""
    done = [check(**({"SECRET_KEY": secrets.token_urlsafe(50)} | group)) for group in together(BAD)]
    assert all(each.returncode for each in done)
    return [each.stderr for each in done]


@pytest.mark.parametrize(("environment", "told"), BAD)
def test_check_tells_of_every_bad_setting(
    environment: dict[str, str], told: str, told_together: list[str]
) -> None:
    groups = zip(together(BAD), told_together, strict=True)
    (said,) = [said for group, said in groups if environment.items() <= group.items()]
    assert told in said


@pytest.mark.parametrize(("environment", "told"), ALONE)
def test_check_tells_of_a_bad_setting(environment: dict[str, str], told: str) -> None:
    done = check(**({"SECRET_KEY": secrets.token_urlsafe(50)} | environment))
    assert done.returncode != 0
    assert told in done.stderr


def test_check_of_vision_models_imports_nothing_heavy() -> None:
    code = (
        "import sys; from django.core.management import execute_from_command_line as run\n"
        "run(['manage.py', 'check'])\n"
        "from extraction.engines import ENGINES\n"
        "heavy = {'torch', 'transformers', 'huggingface_hub', 'bitsandbytes'} & set(sys.modules)\n"
        "print(sorted(heavy), ENGINES['nanonets-ocr-s'].pool, 'nanonets-ocr2-3b' in ENGINES)"
    )
    done = started("-c", code, SECRET_KEY="x" * 50, VISION_MODELS="nanonets-ocr-s")
    assert done.stdout.strip().endswith("[] gpu False"), done.stderr


def test_engines_on_other_machines_are_there_once_they_are_set_up() -> None:
    code = (
        "import django; django.setup()\n"
        "from extraction.engines import ENGINES, breakers\n"
        "print(list(ENGINES), [breaker.name for breaker in breakers()])\n"
        "from jobs.submit_serializers import SubmitSerializer\n"
        "print(list(SubmitSerializer().fields['engine'].choices))\n"
    )
    usual = ["auto", "text-layer", "rapidocr"]
    done = started("-c", code)
    assert done.stdout.splitlines() == [f"{usual} []", f"{usual}"], done.stderr
    settings = {
        "OPENAI_URL": "http://gpu/v1",
        "OPENAI_MODEL": "m",
        "GOOGLE_VISION_PAGES_A_DAY": "9",
    }
    done = started("-c", code, **settings)
    both = ["openai", "google-vision"]
    assert done.stdout.splitlines() == [f"{usual + both} {both}", f"{usual + both}"], done.stderr


def test_secrets_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(secrets.token_urlsafe(50) + "\n")
    (tmp_path / "pepper").write_text("short\n")
    done = check(SECRET_KEY_FILE=str(tmp_path / "key"))
    assert done.returncode == 0, done.stderr
    named = {"SECRET_KEY_FILE": tmp_path / "key", "API_KEY_PEPPER_FILE": tmp_path / "pepper"}
    done = check(**{name: str(path) for name, path in named.items()})
    assert "API_KEY_PEPPER holds a secret of fewer" in done.stderr
    done = check(SECRET_KEY_FILE=str(tmp_path / "missing"))
    assert done.returncode != 0
    assert "missing" in done.stderr


def test_nothing_that_needs_the_secret_key_starts_without_it() -> None:
    done = started("manage.py", "worker")
    assert (done.returncode, "SECRET_KEY is not set" in done.stderr) == (1, True)
    done = started("-c", "import ocrsite.wsgi")
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("127.0.0.1:8141", "http://127.0.0.1:8141"),
        ("unix:/run/web.sock", "http://127.0.0.1:8000"),
        ("", "http://127.0.0.1:8000"),
    ],
)
def test_links_lead_to_the_port_served_where_no_address_is_set(bind: str, url: str) -> None:
    code = "import os; os.environ['BIND'] = {!r}; from ocrsite.settings import SITE_URL as url; "
    assert started("-c", (code + "print(url)").format(bind)).stdout.strip() == url


def test_every_error_code_is_documented() -> None:
    text = (ROOT / "docs/errors.md").read_text()
    codes = {code for code, _ in DRF_PROBLEMS.values()}
    for module in (extraction_errors, job_errors):
        codes |= {
            value.code
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, ExtractionError)
        }
    missing = sorted(code for code in codes if f"`{code}`" not in text)
    assert missing == []


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_health_says_what_answers(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["checks"] == {"database": True, "redis": True, "storage": True}
    body = client.get("/api/v1/health").json()
    assert body["status"] == "degraded"  # no worker runs
    assert body["workers"] == 0
    assert set(body["engines"]) >= {"auto", "text-layer", "rapidocr"}


def test_probes_come_by_any_host_name_and_by_plain_http(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    client = Client()
    assert client.get("/health/live", headers={"host": "10.1.2.3:8000"}).status_code == 200
    assert client.get("/login", headers={"host": "10.1.2.3:8000"}).status_code == 400
    assert client.get("/login").status_code == 301


@pytest.mark.django_db
def test_ready_is_503_without_storage(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bool:
        raise OSError("disk gone")

    from ocrsite import health

    monkeypatch.setitem(health.CHECKS, "storage", broken)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["storage"] is False
    assert b"disk gone" not in answer.content
    assert client.get("/health/live").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_metrics_count_jobs_and_pages(acme: Organisation, client: Client) -> None:
    job = make_job(acme)
    make_job(acme)
    run_job(str(job.pk))
    text = client.get("/metrics").content.decode()
    assert 'ocrsite_jobs{engine="auto",priority="normal",status="succeeded"} 1.0' in text
    assert 'ocrsite_jobs{engine="auto",priority="normal",status="queued"} 1.0' in text
    assert 'ocrsite_billed_pages{engine="auto"} 1.0' in text
    assert "ocrsite_redis_up 1.0" in text
    assert "django_http_requests_total_by_method_total" in text


@pytest.mark.django_db
@pytest.mark.usefixtures("files", "empty_queue")
def test_metrics_that_take_long_to_count_are_kept_for_a_while(
    acme: Organisation, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> bool:
        return (
            'engine="auto",priority="normal",status="queued"'
            in client.get("/metrics").content.decode()
        )

    monkeypatch.setattr(kept_counts, "QUICK_SECONDS", 60)
    make_job(acme)
    assert told()
    Job.objects.all().delete()
    assert not told(), "counted quickly, so each time"
    monkeypatch.setattr(kept_counts, "QUICK_SECONDS", 0)
    monkeypatch.setattr(kept_counts, "KEPT_TIMES", 1_000_000)
    make_job(acme)
    assert told()
    Job.objects.all().delete()
    assert told(), "kept"
    kept_counts._kept["jobs"] = 0.0, []
    assert not told(), "its time is over"


@pytest.mark.django_db
@pytest.mark.usefixtures("empty_queue")
def test_all_web_processes_tell_the_same_of_what_takes_long_to_count(
    acme: Organisation, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PROMETHEUS_MULTIPROC_DIR = str(tmp_path)
    plan = Plan.objects.create(name="pro", title="P", availability=Decimal("99.9"))

    def add(calls: int) -> None:
        numbers = {"calls": calls, "promised": calls, "failed": 1, "missed": 1}
        CallSum.objects.create(
            tenant=acme.tenant, day=date(2026, 11, calls), plan=plan.name, allowed="0.5", **numbers
        )

    def process() -> dict[str, float]:
        """A web process that has just begun: what it tells."""
        spec = find_spec("ocrsite.kept_counts")
        assert spec and spec.loader
        spec.loader.exec_module(fresh := module_from_spec(spec))
        vars(fresh).update(QUICK_SECONDS=quick, KEPT_TIMES=1_000_000)
        monkeypatch.setattr(service_metrics, "counted", fresh.counted)
        return {
            sample.name + sample.labels.get("outcome", ""): sample.value
            for metric in service_metrics.service_levels()
            for sample in metric.samples
        }

    first = {
        "ocrsite_sla_calls_totalkept": 2, "ocrsite_sla_calls_totalmissed": 1,
        "ocrsite_sla_calls_allowed_total": 0.5,
    }  # fmt: skip
    quick = 60
    add(3)
    assert process() == first
    add(5)
    assert process()["ocrsite_sla_calls_totalkept"] == 6, "counted quickly, so each time"
    quick = 0
    assert process()["ocrsite_sla_calls_totalkept"] == 6
    add(7)
    told = process()
    assert told["ocrsite_sla_calls_totalkept"] == 6, "kept by the one before"
    assert told["ocrsite_sla_calls_allowed_total"] == 1.0
    for file in tmp_path.iterdir():
        file.write_text("")
    assert process()["ocrsite_sla_calls_totalkept"] == 12


def test_metrics_count_deliveries(acme: Organisation, client: Client) -> None:
    hook(acme, "https://8.8.8.8/")
    webhooks.notify(acme.tenant, "job.succeeded", {})
    text = client.get("/metrics").content.decode()
    assert 'ocrsite_deliveries{status="pending"} 1.0' in text
    assert 'ocrsite_deliveries{status="failed"} 0.0' in text
    assert "ocrsite_deliveries_overdue_seconds 0." in text


@pytest.mark.django_db
def test_metrics_are_for_this_machine_or_the_token(client: Client, settings: Settings) -> None:
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 403
    settings.METRICS_TOKEN = "secret"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"authorization": "Bearer secret"}).status_code == 200


@pytest.mark.django_db
def test_schema_is_openapi_31_and_names_every_api_route(client: Client) -> None:
    from tests.test_isolation import ROUTES

    schema = client.get("/api/v1/schema?format=json").json()
    assert schema["openapi"].startswith("3.1")
    named = {re.sub(r"{\w+}", "{}", path).strip("/") for path in schema["paths"]}
    routes = {
        re.sub(r"<[^>]+>", "{}", route)
        for route in ROUTES
        if route.startswith("api/") and route not in ("api/v1/schema", "api/v1/docs")
    }
    assert named == routes


@pytest.mark.django_db
def test_schema_is_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", file=os.devnull)
    assert "Warning" not in capsys.readouterr().err


@pytest.mark.django_db
def test_api_docs_load_only_our_own_assets(client: Client) -> None:
    answer = client.get("/api/v1/docs")
    sources = re.findall(r'(?:src|href)="([^"]+)"', answer.content.decode())
    assert sources
    assert all(source.startswith("/") for source in sources), sources


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/docs", "/api/v1/schema", "/api/v1/schema?format=json"])
def test_errors_of_pages_and_yaml_are_problems_in_json(settings: Settings, path: str) -> None:
    settings.RATES = {**settings.RATES, "public": Rates(0, 9, 9, 9)}
    answer = Client(REMOTE_ADDR="203.0.113.79").get(path)
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")


def test_unknown_api_address_is_a_problem(client: Client) -> None:
    answer = client.get("/api/v1/no-such-thing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"


@pytest.mark.django_db
def test_a_bug_is_a_500_without_its_trace(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs import api

    def broken(*args: object) -> object:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(api.JobListView, "get_queryset", broken)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {acme.raw_key}")
    answer = client.get("/api/v1/ocr/jobs")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert b"secret detail" not in answer.content


@pytest.mark.django_db
def test_a_database_that_is_away_is_503_not_500(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs import api

    def away(*args: object) -> object:
        raise OperationalError("connection to server at 10.0.0.5 failed")

    monkeypatch.setattr(api.JobListView, "get_queryset", away)
    answer = acme.api().get("/api/v1/ocr/jobs")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer["Retry-After"] == "5"
    assert b"10.0.0.5" not in answer.content


@pytest.mark.django_db
def test_metrics_are_there_without_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> object:
        raise OperationalError

    monkeypatch.setattr(Job.objects, "order_by", away)
    text = client.get("/metrics").content.decode()
    assert "ocrsite_database_up 0.0" in text
    assert "ocrsite_redis_up 1.0" in text


def test_storage_that_does_not_answer_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise OSError

    monkeypatch.setattr(storage.default_storage, "check", broken)
    assert storage.available() is False
