"""The same request again, by its Idempotency-Key: one job, whatever comes at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from accounts.models import AuditEntry
from jobs import idempotency, job_actions, same_document
from jobs.idempotency import Once
from jobs.models import Batch, IdempotencyKey, Job, StoredFile
from jobs.sweep import sweep
from tests.documents import encrypted_pdf, text_pdf
from tests.jobs.making import PDF, form_file, run_job
from tests.jobs.test_review_races import at_once
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
URL = "/api/v1/ocr/jobs"


def send(organisation: Organisation, key: Any = "a", *, url: str = URL, **form: Any) -> Any:
    """The answer to a submission with that key."""
    data = {"file": form_file(), **form}
    headers = {} if key is None else {"Idempotency-Key": key}
    return organisation.api().post(url, data, format="multipart", headers=headers)


def stored(folder: Path) -> int:
    """How many files there are."""
    return sum(path.is_file() for path in folder.rglob("*"))


def test_same_request_again_is_the_same_job(acme: Organisation, files: Path) -> None:
    first = send(acme, metadata='{"a": 1, "b": 2}')
    again = send(acme, metadata='{"b": 2, "a": 1}')
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Job.objects.count() == StoredFile.objects.count() == stored(files) == 1
    assert AuditEntry.objects.filter(action="job.submit").count() == 1


def test_without_a_key_each_request_is_another(acme: Organisation) -> None:
    assert send(acme, None).json()["id"] != send(acme, None).json()["id"]
    assert not IdempotencyKey.objects.exists()


def test_replay_goes_on_after_the_end_and_shows_the_job_as_it_is(acme: Organisation) -> None:
    first = send(acme)
    run_job(first.json()["id"])
    again = send(acme)
    assert (again.status_code, again.json()["status"]) == (202, "succeeded")
    assert again.json().keys() == first.json().keys()
    waited = send(acme, url=f"{URL}?wait=1")
    assert (waited.status_code, waited["Idempotency-Replayed"]) == (200, "true")


def test_answer_with_the_end_is_replayed_as_such(acme: Organisation, settings: Settings) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    run_job(send(acme, None).json()["id"])
    answers = [send(acme) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[1].json()["cached"] is True


OTHER: list[dict[str, Any]] = [
    {"file": form_file(text_pdf(["Other text."]))},
    {"file": form_file(PDF, "b.pdf")},
    {"pages": "1"},
    {"metadata": '{"a": 2}'},
    {"cache": "false"},
    {"password": "x"},
    {"engine": "text-layer"},
]


@pytest.mark.parametrize("form", OTHER, ids=lambda form: next(iter(form)))
def test_another_request_with_the_key_is_a_conflict(
    acme: Organisation, form: dict[str, Any], files: Path
) -> None:
    first = send(acme)
    answer = send(acme, **form)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert "Idempotency-Replayed" not in answer
    assert Job.objects.count() == stored(files) == 1
    assert send(acme).json()["id"] == first.json()["id"]


def test_passwords_count_but_are_not_kept(acme: Organisation) -> None:
    body = encrypted_pdf("geheim")
    answers = [
        send(acme, file=form_file(body), password=password)
        for password in ("geheim", "geheim", "falsch")
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 409]
    assert "geheim" not in str(IdempotencyKey.objects.values().get())


def test_default_engine_may_change_meanwhile(acme: Organisation) -> None:
    first = send(acme)
    acme.tenant.default_engine = "text-layer"
    acme.tenant.save()
    assert send(acme).json()["id"] == first.json()["id"]


def test_key_from_before_the_secret_was_changed_is_known(
    acme: Organisation, settings: Settings
) -> None:
    first = send(acme)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, of fifty or more characters in its length"
    once = Once(acme.tenant, "ocr/jobs", "a", "")
    IdempotencyKey.objects.update(
        fingerprint=idempotency._fingerprint(once, settings.SECRET_KEY_FALLBACKS[0])
    )
    used = idempotency._used(once)
    assert used is not None
    assert str(used.made) == first.json()["id"]


def test_key_is_of_one_organisation_and_one_address(
    acme: Organisation, stranger: Organisation
) -> None:
    ids = {
        send(acme).json()["id"],
        send(stranger).json()["id"],
        send(acme, url="/api/v1/classify?wait=0").json()["id"],
        send(acme, "b").json()["id"],
    }
    assert len(ids) == 4
    again = send(acme, url="/api/v1/classify?wait=0")
    assert again["Idempotency-Replayed"] == "true"
    assert Job.objects.count() == 4


@pytest.mark.parametrize("key", ["", "x" * 256, "naïve", "a\tb", "\x7f"])
def test_key_that_is_none_is_refused(acme: Organisation, key: str) -> None:
    answer = send(acme, key)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert not Job.objects.exists()


def test_longest_key_is_taken(acme: Organisation) -> None:
    key = "".join(chr(0x20 + n % 95) for n in range(1, 254)) + "xy"
    assert len(key) == 255
    assert send(acme, key).json()["id"] == send(acme, key).json()["id"]
    assert send(acme, '"quoted; key"').status_code == 202


def test_refused_request_leaves_the_key_free(acme: Organisation, files: Path) -> None:
    refused: list[dict[str, Any]] = [
        {"file": form_file(b"no document")},
        {"file": form_file(b"")},
        {"pages": "0"},
        {"template": "nowhere"},
    ]
    for form in refused:
        assert send(acme, **form).status_code >= 400
    assert not IdempotencyKey.objects.exists()
    assert send(acme).status_code == 202


def test_fault_of_ours_leaves_the_key_free(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as fault:
        fault.setattr(same_document, "place", fails)
        with pytest.raises(RuntimeError):
            send(acme)
    assert not IdempotencyKey.objects.exists()
    assert stored(files) == 0
    assert send(acme).status_code == 202


def test_job_deleted_meanwhile_is_gone(acme: Organisation) -> None:
    first = send(acme).json()["id"]
    job_actions.delete(Job.objects.get(pk=first), actor=acme.actor, address=None)
    answer = send(acme)
    assert (answer.status_code, answer.json()["code"]) == (410, "idempotency_gone")
    assert not Job.objects.exists()


def test_key_is_known_for_a_day(acme: Organisation, settings: Settings) -> None:
    first = send(acme).json()["id"]
    IdempotencyKey.objects.update(created_at="2020-01-01T00:00:00Z")
    send(acme, "b")
    sweep()
    assert IdempotencyKey.objects.get().key == "b"
    assert send(acme).json()["id"] != first


def test_fifty_at_once_make_one_job(acme: Organisation, files: Path) -> None:
    answers: list[Any] = []
    ended = at_once(*[lambda: answers.append(send(acme))] * 50)
    assert ended == ["done"] * 50
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    replayed = [answer for answer in answers if "Idempotency-Replayed" in answer]
    assert len(replayed) == 49
    assert Job.objects.count() == StoredFile.objects.count() == stored(files) == 1


def test_of_two_at_once_that_differ_one_is_a_conflict(acme: Organisation, files: Path) -> None:
    answers: list[Any] = []

    def submit(pages: str) -> None:
        answers.append(send(acme, pages=pages))

    at_once(*(partial(submit, pages) for pages in ("1", "1-1", "1,1", "1-1,1")))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    assert Job.objects.count() == stored(files) == 1


def test_first_one_still_at_it(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waited for; where that takes too long, and where the first one fails, it is told."""
    monkeypatch.setattr(idempotency, "PATIENCE_SECONDS", 1)
    once = Once(acme.tenant, "ocr/jobs", "a", "")
    written, over = Event(), Event()

    def first() -> None:
        with transaction.atomic():
            idempotency.keep(once, acme.tenant.pk)
            written.set()
            over.wait(20)
            transaction.set_rollback(True)
        connection.close()

    thread = Thread(target=first)
    thread.start()
    written.wait(10)
    answer = send(acme)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
    assert answer["Retry-After"] == "1"
    assert stored(files) == 0
    monkeypatch.setattr(idempotency, "PATIENCE_SECONDS", 20)
    later: list[Any] = []

    def again() -> None:
        later.append(send(acme))
        connection.close()

    second = Thread(target=again)
    second.start()
    second.join(0.5)
    assert second.is_alive()
    over.set()
    second.join(20)
    thread.join()
    assert later[0].status_code == 202, "the first one made nothing, so this one does"
    assert "Idempotency-Replayed" not in later[0]


def test_batch_is_made_once(acme: Organisation, files: Path) -> None:
    def submit(key: str, *names: str) -> Any:
        sent = [form_file(text_pdf([name]), name) for name in names]
        return acme.api().post(
            "/api/v1/batches",
            {"files": sent},
            format="multipart",
            headers={"Idempotency-Key": key},
        )

    answers: list[Any] = []
    at_once(*[lambda: answers.append(submit("a", "1.pdf", "2.pdf"))] * 4)
    assert [answer.status_code for answer in answers] == [202] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer for answer in answers) == 3
    assert Job.objects.count() == stored(files) == 2
    other = submit("a", "1.pdf")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert send(acme).status_code == 202, "the key of another address"
    nothing = acme.api().post(
        "/api/v1/batches",
        {"files": [form_file(b"none", "3.pdf")]},
        format="multipart",
        headers={"Idempotency-Key": "b"},
    )
    assert nothing.status_code == 400
    assert not IdempotencyKey.objects.filter(key="b").exists()
    Job.objects.exclude(batch=None).delete()
    Batch.objects.all().delete()
    gone = submit("a", "1.pdf", "2.pdf")
    assert (gone.status_code, gone.json()["code"]) == (410, "idempotency_gone")
