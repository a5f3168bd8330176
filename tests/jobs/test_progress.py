"""What listeners are told: the difference between the rows and what they know."""

from __future__ import annotations

import json
import random
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from extraction.engines import ENGINES, EngineRow
from jobs import progress
from jobs.models import Job, Task
from jobs.places import Place
from jobs.progress import JobKey, Progress, Told
from tests.jobs.making import claim, make_job
from tests.listening import end, events_in, finish_pages, start
from tests.people import Organisation

RUNNING = Progress("running", 5, 3, 1, finished=0b1110, faulty=0b0100)


def told_by(told: Told, now: Progress) -> list[str]:
    """The events, shortly."""
    events = events_in(b"".join(told.events(now)))
    return [
        f"{event.name} {event.data.get('number', event.data.get('status'))}" for event in events
    ]


def test_fresh_listener_is_told_all_so_far_and_then_only_what_is_new() -> None:
    told = Told()
    assert told_by(told, RUNNING) == ["status running", "page 1", "page 2", "page 3"]
    assert told_by(told, RUNNING) == []
    more = Progress("running", 5, 4, 1, finished=0b101110, faulty=0b0100)
    assert told_by(told, more) == ["status running", "page 5"]
    last = Progress("partial", 5, 5, 1, finished=0b111110, faulty=0b0100)
    assert told_by(told, last) == ["page 4", "end partial"]
    assert told.ended


def test_data_of_a_page_says_whether_it_failed() -> None:
    events = events_in(b"".join(Told().events(RUNNING)))
    assert [event.data["failed"] for event in events[1:]] == [False, True, False]
    assert json.dumps(events[0].data) == json.dumps(
        {"status": "running", "pages": {"total": 5, "done": 3, "failed": 1}}
    )


def test_page_read_again_is_told_again_where_it_differs() -> None:
    told = Told()
    list(told.events(RUNNING))
    mended = Progress("running", 5, 3, 0, finished=0b1110, faulty=0)
    assert told_by(told, mended) == ["status running", "page 2"]
    assert told_by(told, mended) == []


@pytest.mark.parametrize("seed", range(20))
def test_every_id_goes_on_exactly_after_its_event(seed: int) -> None:
    random.seed(seed)
    pages = random.sample(range(1, 300), 60)
    finished = sum(1 << page for page in pages)
    faulty = sum(1 << page for page in pages[:7])
    now = Progress("partial", 60, 60, 7, finished, faulty)
    events = events_in(b"".join(Told().events(now)))
    assert len(events) == 61
    for number, event in enumerate(events):
        rest = events_in(b"".join(Told.of(event.id or "").events(now)))
        assert rest[:-1] == events[number + 1 : -1]
        assert rest[-1].name == "end"


def test_many_pages_are_told_in_parts_and_the_end_after_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "MOST_PAGES", 2)
    told, now = Told(), Progress("succeeded", 3, 3, 0, finished=0b1110)
    assert told_by(told, now) == ["page 1", "page 2"]
    assert told_by(told, now) == ["page 3", "end succeeded"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "end",
        "zzzzzzzz:1-3",
        ":3-1",
        ":0",
        ":1-999999",
        "end:1!x",
        ":1,,2",
        "a" * 5000,
        ":1-2\r\nx",
    ],
)
def test_unknown_last_event_id_means_nothing_told(text: str, settings: Settings) -> None:
    assert Told.of(text) == Told()


def test_id_is_short_for_ranges() -> None:
    told = Told()
    list(told.events(Progress("succeeded", 400, 400, 1, (1 << 401) - 2, 1 << 7)))
    assert str(told) == "end:1-400!7"
    assert Told.of(str(told)) == told


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_jobs_are_read_by_one_query_and_pages_of_changed_ones_by_another(
    acme: Organisation,
    stranger: Organisation,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "PLACE_SECONDS", 1e9)  # places are looked up once
    jobs = [make_job(acme) for _ in range(5)]
    keys = [JobKey(acme.tenant.pk, job.pk) for job in jobs]
    foreign = make_job(stranger)
    missing = [JobKey(acme.tenant.pk, foreign.pk), JobKey(acme.tenant.pk, uuid4())]
    with django_assert_num_queries(3):
        first = progress.read([*keys, *missing], {})
    assert set(first) == set(keys)
    start(jobs[0], 3)
    finish_pages(jobs[0], 2)
    finish_pages(jobs[0], 3, failed=True)
    with django_assert_num_queries(2):
        second = progress.read(keys, first)
    assert second[keys[0]] == Progress("running", 3, 2, 1, finished=0b1100, faulty=0b1000)
    end(jobs[0])
    with django_assert_num_queries(1):
        third = progress.read(keys, second)
    assert third[keys[0]] == Progress("succeeded", 3, 2, 1, finished=0b1100, faulty=0b1000)
    with django_assert_num_queries(1):
        ended = progress.read_ended([*keys, *missing], {})
    assert ended == {key: key == keys[0] for key in keys}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_places_of_all_that_wait_are_looked_up_together_once_in_a_while(
    acme: Organisation,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "PLACE_SECONDS", 1e9)
    jobs = [make_job(acme) for _ in range(5)]
    keys = [JobKey(acme.tenant.pk, job.pk) for job in jobs]
    first = progress.read(keys, {})
    assert [first[key].place for key in keys] == [Place(number, None) for number in range(5)]
    knows = [Told() for _ in keys]
    for told, key in zip(knows, keys, strict=True):
        assert told_by(told, first[key]) == ["status queued"]
    claim(jobs[0])
    with django_assert_num_queries(1):
        second = progress.read(keys, first)
    assert second[keys[0]].place is None
    assert [second[key] is first[key] for key in keys] == [False, True, True, True, True]
    monkeypatch.setattr(progress, "PLACE_SECONDS", 0.001)
    with django_assert_num_queries(3):
        third = progress.read(keys, second)
    assert [third[key].place for key in keys[1:]] == [Place(number, None) for number in range(4)]
    (event,) = events_in(b"".join(knows[1].events(third[keys[1]])))
    assert event.data == {
        "status": "queued",
        "pages": {"total": None, "done": 0, "failed": 0},
        "queue": {"position": 0, "eta_seconds": None, "paused": False, "pause_reason": ""},
    }
    (event,) = events_in(b"".join(knows[0].events(third[keys[0]])))
    assert (event.data["status"], "queue" in event.data) == ("running", False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_what_a_model_has_written_of_the_pages_it_is_at_is_told(
    acme: Organisation, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = EngineRow("reader", "A model", "nowhere:Nothing", "1", pool="gpu")
    monkeypatch.setitem(ENGINES, "reader", row)
    job = make_job(acme)
    Job.objects.filter(pk=job.pk).update(engine="reader", page_count=3)
    key = JobKey(acme.tenant.pk, job.pk)
    task = claim(job)
    start(job, 3)
    Task.objects.filter(pk=task.pk).update(tokens={"1": 52, "2": 7})
    finish_pages(job, 1)
    now = progress.read([key], {})[key]
    assert now.writing == ((2, 7),)
    data = events_in(b"".join(Told().events(now)))[0].data
    assert data["writing"] == [{"page": 2, "tokens": 7}]
    answer = client.get(
        f"/api/v1/ocr/jobs/{job.pk}/pages", headers={"Authorization": f"Bearer {acme.raw_key}"}
    )
    assert [(page["status"], page["tokens"]) for page in answer.json()] == [
        ("done", None), ("waiting", 7), ("waiting", None),
    ]  # fmt: skip
    job.refresh_from_db()
    assert progress.tokens_written(job) == 59
    Task.objects.filter(pk=task.pk).update(tokens=None)
    assert progress.read([key], {key: now})[key].writing == ()
