"""jobs/operations_view.py, jobs/live_workers.py: what operators see of queues and workers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import redis
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.shared_redis import SharedRedis
from extraction import syscall_filter
from jobs import claims, live_workers, queue, tasks
from jobs.models import Task
from jobs.worker import WarmWorker
from tests.accounts.billing import use
from tests.jobs.making import make_job
from tests.jobs.test_usage_views import today
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
OPEN = "open Pause cpu"  # the state, and what can be done


@pytest.fixture
def operator(client: Client) -> Client:
    """A superuser's browser."""
    client.force_login(User.objects.create_superuser("op@example.com", "x"))
    return client


def rows_of(client: Client) -> list[list[str]]:
    """The cells of all rows, as a person reads them."""
    answer = client.get(reverse("admin:operations-view"))
    assert answer.status_code == 200
    rows = re.findall(r"<tr>(.*?)</tr>", answer.content.decode(), re.S)
    return [
        [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in rows
    ]


def test_what_waits_and_who_is_there_is_told(operator: Client, acme: Organisation) -> None:
    make_job(acme)
    make_job(acme)
    (told,) = [row for row in rows_of(operator) if row[0] == "cpu"]
    assert told == ["cpu", OPEN, "2", "0", "just now", "0", "none: start one", "2"]
    WarmWorker(queue.pool_queue("cpu"), name="one").register_birth()
    rows = rows_of(operator)
    assert ["cpu", OPEN, "2", "0", "just now", "0", "1", "2"] in rows
    filtered = "yes" if syscall_filter.works() else "NO"
    told = [tasks.worker_name(), "takes work End it", "cpu", "just now", "just now", "0", filtered]
    assert [*told, "-"] in rows


def test_what_is_being_done_is_told_and_by_whom(operator: Client, acme: Organisation) -> None:
    job = make_job(acme)
    name = tasks.worker_name()
    assert claims.start("cpu", worker=name)
    dead = [str(job.pk), "Acme", f"{name} (no sign of life)", "just now", "0 of ?", "held", "0"]
    assert dead in rows_of(operator)
    WarmWorker(queue.pool_queue("cpu"), name="one").register_birth()
    assert [*dead[:2], name, *dead[3:]] in rows_of(operator)
    Task.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert [*dead[:2], name, *dead[3:5], "over: handed on soon", "0"] in rows_of(operator)


def test_engines_tell_what_they_have_done_today(operator: Client, acme: Organisation) -> None:
    use(acme.tenant, 4, today())
    use(acme.tenant, 0, today(), outcome="failed")
    use(acme.tenant, 9, today() - timedelta(days=1))
    (told,) = [row for row in rows_of(operator) if row[0] == "auto"]
    assert told[2:7] == ["cpu", "0", "4", "0.50", "1"]


def test_without_redis_the_database_is_told(
    operator: Client, acme: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_job(acme)
    gone = SharedRedis("redis://127.0.0.1:1/0")
    for module in (live_workers, queue):
        monkeypatch.setattr(module, "shared_redis", lambda: gone)
    (told,) = [row for row in rows_of(operator) if row[0] == "cpu"]
    assert told == ["cpu", OPEN, "1", "0", "just now", "0", "?", "?"]
    assert live_workers.live_workers() is None
    with pytest.raises(redis.RedisError):
        queue.bells("cpu")


def test_only_operators_who_may_see_tasks_see_it(client: Client, acme: Organisation) -> None:
    staff = User.objects.create_user("staff@example.com", "x", is_staff=True)
    client.force_login(staff)
    url = reverse("admin:operations-view")
    assert client.get(url).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_task"))
    assert client.get(url).status_code == 200
    client.force_login(acme.owner)
    assert client.get(url).status_code in (302, 403)
