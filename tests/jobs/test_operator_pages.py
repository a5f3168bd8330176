"""jobs/operator_pages.py, jobs/job_admin.py: what operators do, after being asked, and who may."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Tenant, User
from jobs import claims, draining, queue, tasks
from jobs.models import Job, Pause, Status, Task
from jobs.worker import WarmWorker
from tests.jobs.making import claim, make_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
JOBS, TASKS = "/admin/jobs/job/", "/admin/jobs/task/"


@pytest.fixture
def operator(client: Client) -> Client:
    """A superuser's browser."""
    client.force_login(User.objects.create_superuser("op@example.com", "x"))
    return client


def page(client: Client, name: str, *args: Any) -> str:
    """What the operators' page says."""
    answer = client.get(reverse(f"admin:{name}", args=args))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_pool_is_paused_with_a_reason_and_let_go_on(operator: Client, acme: Organisation) -> None:
    pause = reverse("admin:pool-pause", args=["cpu"])
    assert pause in page(operator, "operations-view")
    assert operator.get(pause).status_code == 200
    assert operator.post(pause, {"reason": " "}).status_code == 200
    assert not Pause.objects.exists(), "a reason is asked for"
    answer = operator.post(pause, {"reason": "New\tdisks."}, follow=True)
    assert "cpu is paused by op@example.com: New disks." in answer.content.decode()
    assert "Paused: New disks." in page(operator, "index")
    resume = reverse("admin:pool-resume", args=["cpu"])
    assert operator.get(resume).status_code == 405
    operator.post(resume)
    assert not Pause.objects.exists()
    assert operator.get(reverse("admin:pool-pause", args=["none"])).status_code == 404


def test_organisation_is_paused_at_its_own_page(operator: Client, acme: Organisation) -> None:
    own = page(operator, "accounts_tenant_change", acme.tenant.pk)
    pause = reverse("admin:tenant-pause", args=[acme.tenant.pk])
    assert pause in own
    operator.post(pause, {"reason": "A flood."})
    own = page(operator, "accounts_tenant_change", acme.tenant.pk)
    assert "A flood." in own
    assert "A flood." in page(operator, "operations-view")
    unpause = reverse("admin:tenant-unpause", args=[acme.tenant.pk])
    assert unpause in own
    operator.post(unpause)
    assert Tenant.objects.get(pk=acme.tenant.pk).paused_at is None


def test_worker_is_asked_to_end_after_that_was_confirmed(operator: Client) -> None:
    name = tasks.worker_name()
    drain = reverse("admin:worker-drain")
    assert operator.post(drain, {"worker": name}).status_code == 404, "there is none"
    WarmWorker(queue.pool_queue("cpu"), name="one").register_birth()
    assert f"{drain}?worker={quote(name)}" in page(operator, "operations-view")
    assert "cannot be taken back" in operator.get(drain, {"worker": name}).content.decode()
    assert not draining.asked()
    answer = operator.post(drain, {"worker": name}, follow=True)
    assert "ends after what it does, asked just now" in answer.content.decode()
    assert list(draining.asked()) == [name]
    assert AuditEntry.objects.get(action="worker.drain").after == {"worker": name}


def test_jobs_are_stopped_with_a_reason_and_put_first(operator: Client, acme: Organisation) -> None:
    first, second = make_job(acme), make_job(acme)
    chosen = {"action": "put_at", "_selected_action": [str(second.pk)]}
    asked = operator.post(JOBS, chosen)
    assert "a.pdf of Acme, queued" in asked.content.decode()
    operator.post(JOBS, chosen | {"priority": "0"})
    task = claims.start("cpu", worker="w")
    assert task
    assert task.job_id == second.pk
    chosen = {"action": "stop", "_selected_action": [str(first.pk), str(second.pk)]}
    assert (
        "Those whose documents they are read this" in operator.post(JOBS, chosen).content.decode()
    )
    assert not Job.objects.filter(cancel_requested=True).exists()
    answer = operator.post(JOBS, chosen | {"reason": "It blocks."}, follow=True)
    assert "2 jobs stopped." in answer.content.decode()
    first.refresh_from_db()
    assert first.status == Status.CANCELLED
    assert first.error
    assert first.error["detail"] == "It blocks."
    again = operator.post(JOBS, chosen | {"reason": "It blocks."}, follow=True).content.decode()
    assert "The job has ended already" in again
    assert "1 jobs stopped." in again, "the one being read, once more"


def test_stuck_work_is_taken_back(operator: Client, acme: Organisation) -> None:
    task = claim(make_job(acme))
    chosen = {"action": "take_back", "_selected_action": [str(task.pk)]}
    assert "1 tasks taken back" in operator.post(TASKS, chosen, follow=True).content.decode()
    assert Task.objects.get().state == Task.State.WAITING


def test_who_may_look_may_not_act(client: Client, acme: Organisation) -> None:
    job = make_job(acme)
    claim(job)
    looker = User.objects.create_user("looker@example.com", "x", is_staff=True)
    looker.user_permissions.set(
        Permission.objects.filter(codename__in=["view_task", "view_job", "view_tenant"])
    )
    client.force_login(looker)
    shown = page(client, "operations-view") + page(client, "accounts_tenant_change", acme.tenant.pk)
    assert reverse("admin:pool-pause", args=["cpu"]) not in shown
    assert reverse("admin:tenant-pause", args=[acme.tenant.pk]) not in shown
    body = {"reason": "x", "worker": "w", "engine": "openai"}
    for name, args in (
        ("pool-pause", ["cpu"]),
        ("pool-resume", ["cpu"]),
        ("tenant-pause", [acme.tenant.pk]),
        ("tenant-unpause", [acme.tenant.pk]),
        ("worker-drain", []),
        ("breaker-reset", []),
    ):
        assert client.post(reverse(f"admin:{name}", args=args), body).status_code == 403, name
    for url, action in ((JOBS, "stop"), (JOBS, "put_at"), (TASKS, "take_back")):
        pks = [str(job.pk), *(str(pk) for pk in Task.objects.values_list("pk", flat=True))]
        client.post(url, {"action": action, "_selected_action": pks, "priority": "0"} | body)
    assert not AuditEntry.objects.filter(user=looker, action__regex="^(job|task|pool)").exists()
    assert not Pause.objects.exists()
    assert Task.objects.get().state == Task.State.RUNNING
    client.force_login(acme.owner)
    answer = client.post(reverse("admin:pool-pause", args=["cpu"]), body)
    assert answer.status_code == 302
    assert not Pause.objects.exists()
