"""jobs/operators_today.py: what operators look at first, and where it leads."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Plan, User
from jobs import lifecycle, pauses, queue
from jobs.errors import InternalError
from jobs.models import Webhook
from jobs.operators_today import Tile, tiles
from jobs.worker import WarmWorker
from tests.jobs.hooking import hook
from tests.jobs.making import claim, make_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def operator(db: None) -> User:
    """Who may do everything."""
    return User.objects.create_superuser("op@example.com", "x")


def by_title(operator: User) -> dict[str, Tile]:
    """The tiles by their titles."""
    return {tile.title: tile for tile in tiles(operator)}


def test_nothing_is_wrong_where_workers_live_and_nothing_failed(operator: User) -> None:
    WarmWorker(queue.pool_queue("cpu"), name="one").register_birth()
    told = by_title(operator)
    assert [tile.title for tile in told.values() if tile.wrong and tile.title != "Workers"] == []
    assert told["Waiting for cpu workers"].number == "0"
    assert told["Unbilled usage"].number == "0"


def test_what_is_wrong_comes_first_with_the_way_to_it(operator: User, acme: Organisation) -> None:
    lifecycle.fail(claim(make_job(acme)), InternalError())
    make_job(acme)
    hook(acme, "https://8.8.8.8/x")
    Webhook.objects.update(failing_since=Now())
    acme.tenant.plan = Plan.objects.create(name="small", title="Small", open_jobs=1)
    acme.tenant.save(update_fields=["plan"])
    pauses.pause_pool("cpu", reason="New disks.", operator=operator, address=None)
    pauses.pause_tenant(acme.tenant, reason="A flood.", operator=operator, address=None)
    told = by_title(operator)
    wrong = [tile.wrong for tile in told.values()]
    assert wrong == sorted(wrong, reverse=True)
    failed = told["Failed in the last hour"]
    assert (failed.number, failed.wrong) == ("1", True)
    assert failed.words == "Of 1 jobs that ended. internal_error 1."
    waiting = told["Waiting for cpu workers"]
    assert (waiting.number, waiting.wrong) == ("1", True)
    assert waiting.words.startswith("Paused: New disks.")
    assert told["Webhooks that fail"].number == "1"
    assert told["Over a quota"].words == "Acme."
    assert told["Organisations"].words == "1 paused."
    client = Client()
    client.force_login(operator)
    for tile in told.values():
        assert client.get(tile.address).status_code == 200, tile.title
    listed = client.get(failed.address).content.decode()
    assert "internal_error" in listed
    assert "1 result" in listed


def test_it_takes_as_many_queries_whatever_there_is(operator: User, acme: Organisation) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            tiles(operator)
        return len(queries)

    make_job(acme)
    few = count()
    for _ in range(5):
        make_job(acme)
        lifecycle.fail(claim(make_job(acme)), InternalError())
        hook(acme, "https://8.8.8.8/x")
    assert count() == few


def test_operators_are_told_what_they_may_see(client: Client, acme: Organisation) -> None:
    staff = User.objects.create_user("staff@example.com", "x", is_staff=True)
    assert tiles(staff) == []
    staff.user_permissions.add(Permission.objects.get(codename="view_webhook"))
    staff = User.objects.get(pk=staff.pk)
    assert [tile.title for tile in tiles(staff)] == ["Webhooks that fail"]
    client.force_login(staff)
    page = client.get(reverse("admin:index")).content.decode()
    assert "Webhooks that fail" in page
    assert "Waiting for" not in page
