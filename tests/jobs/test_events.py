"""The events of a job where the server keeps a thread for each listener."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pytest_django import Settings

from accounts.keys import revoke_api_key
from jobs import blocking, listeners
from jobs.models import Job
from tests.documents import text_pdf
from tests.jobs.making import make_job, run_job
from tests.listening import at_each_pause, end, events_in, finish_pages, start
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
URL = "/api/v1/ocr/jobs"


def test_job_that_has_ended_is_told_at_once_with_its_pages(acme: Organisation) -> None:
    job = make_job(acme, text_pdf(["One page of text.", "And another one."]))
    run_job(str(job.pk))
    answer = acme.api("jobs:read").get(f"{URL}/{job.pk}/events")
    events = events_in(answer.getvalue())
    assert [(event.name, event.data.get("number")) for event in events] == [
        ("page", 1),
        ("page", 2),
        ("end", None),
    ]
    assert events[-1].data == {
        "status": "succeeded",
        "pages": {"total": 2, "done": 2, "failed": 0},
    }
    again = acme.api().get(f"{URL}/{job.pk}/events", headers={"Last-Event-ID": events[0].id or ""})
    assert events_in(again.getvalue()) == events[1:]
    last = acme.api().get(f"{URL}/{job.pk}/events", headers={"Last-Event-ID": events[-1].id or ""})
    assert (last.status_code, last.content) == (204, b"")


def test_events_come_as_they_happen(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(acme)
    steps = [
        lambda: start(job, 2),
        lambda: finish_pages(job, 2),
        lambda: finish_pages(job, 1, failed=True),
        lambda: end(job),
    ]
    at_each_pause(monkeypatch, blocking, lambda _: steps.pop(0)())
    answer = acme.api().get(f"{URL}/{job.pk}/events")
    told = [
        event.data.get("number", event.data.get("status")) for event in events_in(answer.getvalue())
    ]
    assert told == ["queued", "running", "running", 2, "running", 1, "succeeded"]


def test_few_listen_at_a_time_and_leave_their_place(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = threading.BoundedSemaphore(1)
    monkeypatch.setattr(blocking, "waiting", slots)
    job = make_job(acme)
    first: Any = acme.api().get(f"{URL}/{job.pk}/events")
    second = acme.api().get(f"{URL}/{job.pk}/events")
    assert (second.status_code, second.json()["code"]) == (503, "busy")
    assert second["Retry-After"] == "30"
    first.close()
    third: Any = acme.api().get(f"{URL}/{job.pk}/events")
    assert third.status_code == 200
    third.close()
    assert slots.acquire(blocking=False)


def test_events_end_with_the_time_the_job_and_the_key(
    acme: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def events() -> list[str]:
        answer = acme.api().get(f"{URL}/{job.pk}/events")
        return [event.name for event in events_in(answer.getvalue())]

    settings.LISTEN_TICK_SECONDS = 0.05
    job = make_job(acme)
    settings.LISTEN_SECONDS = 1
    assert events() == ["status"]
    settings.LISTEN_SECONDS = 60
    with monkeypatch.context() as revoking:
        revoking.setattr(listeners, "RECHECK_SECONDS", 0.2)
        at_each_pause(revoking, blocking, lambda _: revoke_api_key(acme.key, actor=None))
        answer = acme.api().get(f"{URL}/{job.pk}/events")
        assert [event.name for event in events_in(answer.getvalue())] == ["status"]
    acme.key.revoked_at = None
    acme.key.save(update_fields=["revoked_at"])
    at_each_pause(monkeypatch, blocking, lambda _: Job.objects.filter(pk=job.pk).delete())
    assert events() == ["status", "deleted"]


def test_head_takes_no_place(acme: Organisation) -> None:
    job = make_job(acme)
    answer = acme.api().head(f"{URL}/{job.pk}/events")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.content == b""
