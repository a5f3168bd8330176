"""Several people at one job at once: nothing lost, nothing overwritten, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.http import Http404

from accounts.models import AuditEntry, Membership
from accounts.permissions import Role
from accounts.tenancy import Actor, member_actor
from extraction.errors import ExtractionError
from jobs import corrections, job_actions, review
from jobs.corrections import Change
from jobs.models import FieldRevision, Job, Review
from tests.jobs.reviewing import RIGHT, money, read_job
from tests.people import Organisation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("files")]
PEOPLE = 6


def at_once(*calls: Callable[[], object]) -> list[str]:
    """What each call ended with, begun at the same moment: "done", or the code of its refusal."""
    ready = Barrier(len(calls))
    ended = [""] * len(calls)

    def run(index: int) -> None:
        try:
            ready.wait(10)
            calls[index]()
            ended[index] = "done"
        except ExtractionError as error:
            ended[index] = error.code
        except Http404:
            ended[index] = "not_found"
        finally:
            connection.close()

    threads = [Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def say(job: Job, actor: Actor, number: int, version: int = 0) -> Callable[[], object]:
    """A correction of the total, to be made."""
    change = Change(version, raw=f"{number},00")
    return lambda: corrections.correct(job, "total_amount", change=change, actor=actor)


def confirm(job: Job, actor: Actor, version: int) -> Callable[[], object]:
    """A confirmation, to be made."""
    return lambda: review.confirm(job, version=version, actor=actor, address=None)


@pytest.fixture
def colleague(acme: Organisation) -> Actor:
    """Another person of acme."""
    return member_actor(Membership.objects.get(user=acme.join(Role.REVIEWER)))


def test_of_corrections_of_one_version_one_is_kept(acme: Organisation) -> None:
    job = read_job(acme)
    ended = at_once(*(say(job, acme.member, 100 + number) for number in range(PEOPLE)))
    assert sorted(ended) == ["done"] + ["version_conflict"] * (PEOPLE - 1)
    row = FieldRevision.objects.get()
    assert (row.version, row.value) == (1, money(f"{100 + ended.index('done')}.00"))
    assert AuditEntry.objects.filter(action="field.correct").count() == 1


def test_of_people_who_take_a_review_one_has_it(acme: Organisation, colleague: Actor) -> None:
    job = read_job(acme)
    actors = [acme.member, acme.actor, colleague]
    ended = at_once(
        *(lambda actor=actor: review.take(job, actor=actor, address=None) for actor in actors)
    )
    assert sorted(ended) == ["done", "review_taken", "review_taken"]
    winner = actors[ended.index("done")]
    row = Review.objects.get(job=job)
    assert (row.taken_by, row.taken_key) == (winner.user, winner.api_key)
    assert AuditEntry.objects.filter(action="review.take").count() == 1


def test_correction_is_never_confirmed_unseen(acme: Organisation, colleague: Actor) -> None:
    """Either the correction comes first and is to be looked at, or after what was confirmed."""
    seen = set()
    for number in range(8):
        job = read_job(acme, *RIGHT)
        ended = at_once(confirm(job, acme.member, 0), say(job, colleague, 200 + number))
        seen.add(tuple(ended))
        total = FieldRevision.objects.filter(job=job, name="total_amount").order_by("version")
        actions = list(total.values_list("action", flat=True))
        if ended == ["version_conflict", "done"]:
            assert actions == ["corrected"]
            assert not Review.objects.filter(job=job, status="confirmed").exists()
        else:
            assert ended == ["done", "version_conflict"]
            assert actions == ["confirmed"]
            assert Review.objects.get(job=job).confirmed_version == len(RIGHT)
    assert seen


def test_confirming_at_once_confirms_once(acme: Organisation, colleague: Actor) -> None:
    job = read_job(acme, *RIGHT)
    ended = at_once(*(confirm(job, actor, 0) for actor in (acme.member, colleague, acme.actor)))
    assert ended == ["done"] * 3
    assert FieldRevision.objects.count() == len(RIGHT)
    assert AuditEntry.objects.filter(action="review.confirm").count() == 1


def test_job_deleted_meanwhile_leaves_nothing_behind(acme: Organisation) -> None:
    for number in range(6):
        job = read_job(acme)
        ended = at_once(
            say(job, acme.member, 300 + number),
            lambda job=job: review.take(job, actor=acme.member, address=None),  # type: ignore[misc]
            lambda job=job: job_actions.delete(job, actor=acme.member, address=None),  # type: ignore[misc]
        )
        assert ended[2] == "done"
        assert set(ended[:2]) <= {"done", "not_found"}
    assert not Job.objects.exists()
    assert not FieldRevision.objects.exists()
    assert not Review.objects.exists()


def test_job_deleted_before_the_lock_is_missing(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = read_job(acme)
    locked = review.locked

    def deleted_first(job: Job) -> Job:
        Job.objects.filter(pk=job.pk).delete()
        return locked(job)

    monkeypatch.setattr(review, "locked", deleted_first)
    with pytest.raises(Http404):
        say(job, acme.member, 100)()
    assert not AuditEntry.objects.filter(action="field.correct").exists()
