"""What a job does while its engine, on another machine, is out of order; and what operators see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEntry, Tenant, User, WhenEngineAway
from accounts.shared_redis import SharedRedis, shared_redis
from extraction import engines
from extraction.breaker import FAILURES, OPEN_SECONDS, Breaker
from extraction.engines import attempts
from extraction.engines.configuration import Configuration, GoogleVision, OpenAIServer
from extraction.errors import EngineCapReached
from extraction.formats.md import document_markdown
from extraction.types import PageImage
from extraction.vision_models import VISION_MODELS
from jobs import engine_breakers
from jobs.models import Job, Page, Status
from jobs.results import document_of
from tests.chat_server import ChatServer, chat_server, refuses, writes
from tests.documents import image_png
from tests.engines import FakeEngine
from tests.jobs.making import make_job, run_job
from tests.people import Organisation
from tests.processes import ROOT, process

PICTURE = image_png(["Total 150.84"])

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, empty_queue: None) -> Iterator[ChatServer]:
    """The server of the engine openai, which is set up for this test, as is google-vision."""
    monkeypatch.setattr(attempts, "FIRST_SECONDS", 0.02)
    with chat_server() as server:
        row = VISION_MODELS["nanonets-ocr2-3b"]
        engines.configure(
            Configuration(
                openai=OpenAIServer(server.url, "m", row, read_seconds=10),
                google=GoogleVision(None, pages_a_day=5),
                redis=lambda: shared_redis().asked(),
            )
        )
        yield server
    engines.configure(Configuration())


@pytest.fixture
def breaker(server: ChatServer) -> Breaker:
    (breaker, _) = engines.breakers()
    assert breaker.name == "openai"
    breaker.reset()
    return breaker


def open_it(breaker: Breaker) -> None:
    while breaker.state().state == "closed":
        breaker.admit().failed()


def outcome(job: Job) -> tuple[str, int, float]:
    """The job's status, its task's retries, and the seconds until it is due."""
    job.refresh_from_db()
    task = job.tasks.get()
    return job.status, task.retries, (task.due_at - timezone.now()).total_seconds()


def fall_back(acme: Organisation) -> None:
    Tenant.objects.filter(pk=acme.tenant.pk).update(when_engine_away=WhenEngineAway.FALL_BACK)


def test_job_waits_while_the_breaker_is_open_and_goes_on_afterwards(
    acme: Organisation, server: ChatServer, breaker: Breaker
) -> None:
    open_it(breaker)
    job = make_job(acme, PICTURE, engine="openai")
    for _ in range(5):  # as often as it takes
        run_job(str(job.pk))
        status, retries, due = outcome(job)
        assert (status, retries) == (Status.QUEUED, 0)
        assert OPEN_SECONDS - 5 < due < OPEN_SECONDS * 1.1 + 5
    assert server.calls == []
    breaker.reset()
    server.script(writes("Total ", "150.84"))
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.error) == (Status.SUCCEEDED, None)
    assert document_markdown(document_of(job)).strip() == "Total 150.84"
    (page,) = document_of(job).pages
    assert (page.engine, page.warnings) == ("openai", ())


def test_job_that_opens_the_breaker_waits_for_it(
    acme: Organisation, server: ChatServer, breaker: Breaker
) -> None:
    server.script(refuses(503))
    job = make_job(acme, PICTURE, engine="openai")
    run_job(str(job.pk))
    status, retries, due = outcome(job)
    assert (status, retries) == (Status.QUEUED, 1)  # three requests failed, nothing is open yet
    assert due < 10
    run_job(str(job.pk))
    status, retries, due = outcome(job)
    assert (status, retries) == (Status.QUEUED, 1)
    assert due > OPEN_SECONDS - 5
    assert len(server.calls) == FAILURES


def test_job_that_asks_wrongly_fails_after_the_usual_attempts(
    acme: Organisation, server: ChatServer, breaker: Breaker
) -> None:
    server.script(refuses(401))
    job = make_job(acme, PICTURE, engine="openai")
    for _ in range(3):
        run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert job.error is not None
    assert job.error["code"] == "engine_unavailable"
    assert job.error["detail"].startswith("the server answers 401: no; OPENAI_URL")


@pytest.mark.slow
def test_organisation_that_does_not_wait_has_its_pages_read_by_ocr(
    acme: Organisation, server: ChatServer, breaker: Breaker
) -> None:
    fall_back(acme)
    open_it(breaker)
    job = make_job(acme, image_png(["Invoice HP-2024-0817"]), engine="openai")
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.error) == (Status.SUCCEEDED, None)
    document = document_of(job)
    assert "HP-2024-0817" in document_markdown(document)
    (page,) = document.pages
    assert page.engine == "rapidocr"
    assert set(page.warnings) >= {"degraded", "engine_away"}
    assert server.calls == []
    assert Page.objects.get(job=job).engine == "rapidocr"


def test_organisation_that_does_not_wait_is_read_by_the_engine_where_it_is_there(
    acme: Organisation, server: ChatServer, breaker: Breaker
) -> None:
    fall_back(acme)
    server.script(writes("by the model"))
    job = make_job(acme, PICTURE, engine="openai")
    run_job(str(job.pk))
    (page,) = document_of(Job.objects.get(pk=job.pk)).pages
    assert (page.engine, page.warnings) == ("openai", ())


def test_job_waits_no_longer_than_it_may(
    acme: Organisation, breaker: Breaker, settings: Settings
) -> None:
    open_it(breaker)
    job = make_job(acme, PICTURE, engine="openai")
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(hours=25))
    for _ in range(3):
        run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert job.error is not None
    assert job.error["code"] == "engine_unavailable"


def test_job_waits_for_tomorrow_where_the_pages_of_today_are_used_up(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    def capped(page: PageImage) -> None:
        raise EngineCapReached("5 pages a day", limit=5, actual=6, retry_after=40_000)

    fake_engine.before = capped
    job = make_job(acme)
    run_job(str(job.pk))
    status, retries, due = outcome(job)
    assert (status, retries) == (Status.QUEUED, 0)
    assert 39_990 < due < 44_100


@pytest.mark.slow
def test_worker_of_the_pool_reads_several_jobs_at_once(
    acme: Organisation, server: ChatServer, breaker: Breaker, settings: Settings
) -> None:
    """A real one, in a process of its own, with the settings by its environment."""
    server.script(writes("Total ", "150.84", pause=0.7))
    made = [make_job(acme, image_png([f"Total {n}"]), engine="openai") for n in range(6)]
    worker = process(
        "from django.core.management import call_command\n"
        "call_command('worker', pool='io', burst=True)",
        OPENAI_URL=server.url,
        OPENAI_MODEL="m",
        PYTHONPATH=str(ROOT),  # for its decoders, as it is not manage.py
    )
    assert worker.wait(90) == 0
    assert [Job.objects.get(pk=job.pk).status for job in made] == [Status.SUCCEEDED] * 6
    assert {document_of(job).pages[0].engine for job in Job.objects.all()} == {"openai"}
    assert len(server.calls) == 6
    assert server.most_at_once > 1


def test_health_and_metrics_tell_how_breakers_stand(
    client: Client, server: ChatServer, breaker: Breaker
) -> None:
    def told() -> tuple[dict[str, object], str]:
        body = client.get("/api/v1/health").json()
        metrics = client.get("/metrics").content.decode()
        (gauge,) = re.findall(r'ocrsite_engine_breaker\{engine="openai"\} (\S+)', metrics)
        return body["breakers"], gauge

    closed = {"state": "closed", "failures": 0, "retry_after": 0.0}
    assert told() == ({"openai": closed, "google-vision": closed}, "0.0")
    open_it(breaker)
    breakers, gauge = told()
    stands = breakers["openai"]
    assert isinstance(stands, dict)
    assert (stands["state"], stands["failures"], gauge) == ("open", 5, "2.0")
    assert OPEN_SECONDS - 5 < stands["retry_after"] <= OPEN_SECONDS
    assert client.get("/api/v1/health").json()["status"] == "degraded"


@pytest.fixture
def operator(client: Client) -> Client:
    """A superuser's browser."""
    client.force_login(User.objects.create_superuser("op@example.com", "x"))
    return client


def cell(client: Client, engine: str) -> str:
    """What the operators' view says of the engine's breaker."""
    body = client.get(reverse("admin:operations-view")).content.decode()
    (row,) = re.findall(rf'<tr><th scope="row">{engine}</th>(.*?)</tr>', body, re.S)
    return re.sub(r"<[^>]*>", "", row.rpartition("<td>")[2]).strip()


def test_operators_see_breakers_and_close_them(
    operator: Client, server: ChatServer, breaker: Breaker
) -> None:
    assert cell(operator, "openai") == "closed"
    assert cell(operator, "rapidocr") == "-"
    breaker.admit().failed()
    assert cell(operator, "openai") == "closed; the last 1 failed"
    open_it(breaker)
    assert re.fullmatch(
        r"open: not asked for \d+ s more Ask it again now", cell(operator, "openai")
    )
    answer = operator.post(reverse("admin:breaker-reset"), {"engine": "openai"}, follow=True)
    assert b"The engine openai is asked again at once." in answer.content
    assert breaker.state().state == "closed"
    assert cell(operator, "openai") == "closed"
    entry = AuditEntry.objects.get(action="engine.reset")
    assert entry.actor == "op@example.com"
    assert entry.before == {"engine": "openai", "state": "open", "failures": 5}
    assert entry.after == {"engine": "openai", "state": "closed", "failures": 0}


def test_breaker_is_closed_by_who_may_change_tasks_and_by_post_alone(
    client: Client, server: ChatServer, breaker: Breaker
) -> None:
    open_it(breaker)
    address = reverse("admin:breaker-reset")
    assert client.post(address, {"engine": "openai"}).status_code == 302  # to the sign-in
    person = User.objects.create_user("looks@example.com", "x", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_task"))
    client.force_login(person)
    assert "Ask it again" not in cell(client, "openai")
    assert client.post(address, {"engine": "openai"}).status_code == 403
    assert breaker.state().state == "open"
    person.user_permissions.add(Permission.objects.get(codename="change_task"))
    assert client.get(address).status_code == 405
    assert client.post(address, {"engine": "rapidocr"}).status_code == 404
    assert breaker.state().state == "open"
    assert client.post(address, {"engine": "openai"}).status_code == 302
    assert breaker.state().state == "closed"
    assert AuditEntry.objects.filter(action="engine.reset").count() == 1


def test_reset_that_the_workers_would_not_hear_of_is_not_said_to_be_done(
    operator: Client, server: ChatServer, breaker: Breaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_it(breaker)

    def away(self: SharedRedis) -> None:
        raise redis.ConnectionError("away")

    monkeypatch.setattr(SharedRedis, "asked", away)
    assert "Redis does not answer: in this process" in cell(operator, "openai")
    answer = operator.post(reverse("admin:breaker-reset"), {"engine": "openai"}, follow=True)
    assert b"the workers would not hear of it" in answer.content
    assert not AuditEntry.objects.filter(action="engine.reset").exists()
    assert engine_breakers.states()["openai"].standing.state == "open"


def test_organisation_chooses_what_its_jobs_do(client: Client, acme: Organisation) -> None:
    client.force_login(acme.owner)
    answer = client.get("/organisation").content.decode()
    assert "Jobs wait until it is back" in answer
    form = {"name": "Acme", "retention_hours": "", "when_engine_away": "fall_back"}
    assert client.post("/organisation", form).status_code == 302
    assert Tenant.objects.get(pk=acme.tenant.pk).when_engine_away == "fall_back"
    entry = AuditEntry.objects.get(action="settings.change")
    assert (entry.before, entry.after) == (
        {"when_engine_away": "wait"},
        {"when_engine_away": "fall_back"},
    )
    assert client.post("/organisation", {**form, "when_engine_away": "other"}).status_code == 400
    assert Tenant.objects.get(pk=acme.tenant.pk).when_engine_away == "fall_back"
