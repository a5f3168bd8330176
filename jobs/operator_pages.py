"""What operators do with queues, workers and organisations' work: each asked for, then done.

A page tells what it means and asks for what is needed; the same address does it when it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

import redis
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.models import Tenant, User
from accounts.name_fields import NameField
from jobs import draining, engine_breakers, pauses, queue
from jobs.live_workers import live_workers
from jobs.models import Priority, Task

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Act = Callable[Concatenate[HttpRequest, User, P], HttpResponse]


class ReasonForm(forms.Form):
    """Why something is held back or stopped, for those whose work it is."""

    reason = NameField(
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Those whose documents they are read this, so say what they can expect.",
    )


class PriorityForm(forms.Form):
    """How urgent something is."""

    priority = forms.TypedChoiceField(
        choices=Priority.choices, coerce=lambda value: Priority(int(value)), initial=Priority.HIGH
    )


def ask(
    request: HttpRequest,
    *,
    title: str,
    told: Sequence[str],
    button: str,
    form: forms.Form | None = None,
    back: str = "admin:operations-view",
    named: Sequence[str] = (),
    hidden: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    """The page that asks: what it means (``told``), what it is about (``named``), what is needed.

    ``hidden`` goes along with what is sent; ``back`` is where the way out leads.
    """
    context = {
        "title": title,
        "told": told,
        "named": named,
        "button": button,
        "form": form,
        "back": back,
        "hidden": hidden,
    }
    return render(request, "admin/ask.html", {**admin.site.each_context(request), **context})


def for_those_who_may(permission: str) -> Callable[[Act[P]], View[P]]:
    """The view is for operators with that permission, and is given who asks."""

    def wrap(act: Act[P]) -> View[P]:
        @wraps(act)
        def view(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not isinstance(request.user, User) or not request.user.has_perm(permission):
                raise PermissionDenied
            return act(request, request.user, *args, **kwargs)

        return view

    return wrap


@for_those_who_may("jobs.change_task")
def pause_pool(request: HttpRequest, operator: User, pool: str) -> HttpResponse:
    """Hold a pool's work back."""
    _known(pool)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        pauses.pause_pool(
            pool,
            reason=form.cleaned_data["reason"],
            operator=operator,
            address=audit.address_of(request),
        )
        messages.success(request, f"The {pool} workers begin nothing more until you let them.")
        return redirect("admin:operations-view")
    return ask(
        request,
        title=f"Pause the work of {pool} workers",
        told=(
            "No worker of this pool begins anything, also those started later. What has been begun "
            "is finished.",
            "Documents are still accepted and wait. Everybody whose documents wait for this pool "
            "is told on their pages, with your reason; so is /api/v1/health.",
        ),
        form=form,
        button="Pause",
    )


@require_POST
@for_those_who_may("jobs.change_task")
def resume_pool(request: HttpRequest, operator: User, pool: str) -> HttpResponse:
    """Let a pool's work go on."""
    _known(pool)
    if pauses.resume_pool(pool, operator=operator, address=audit.address_of(request)):
        messages.success(request, f"The {pool} workers go on.")
    return redirect("admin:operations-view")


@for_those_who_may("accounts.change_tenant")
def pause_tenant(request: HttpRequest, operator: User, pk: UUID) -> HttpResponse:
    """Hold an organisation's work back."""
    tenant = get_object_or_404(Tenant, pk=pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        pauses.pause_tenant(
            tenant,
            reason=form.cleaned_data["reason"],
            operator=operator,
            address=audit.address_of(request),
        )
        messages.success(request, f"Nothing more of {tenant} is begun until you let it.")
        return redirect("admin:accounts_tenant_change", tenant.pk)
    return ask(
        request,
        title=f"Pause the work of {tenant}",
        told=(
            "No worker begins any of its documents. What has been begun is finished, and the "
            "turns of other organisations come sooner.",
            "Its documents are still accepted and wait. Its people are told on their pages, with "
            "your reason. To keep them out as well, suspend the organisation.",
        ),
        form=form,
        button="Pause",
        back="admin:accounts_tenant_changelist",
    )


@require_POST
@for_those_who_may("accounts.change_tenant")
def resume_tenant(request: HttpRequest, operator: User, pk: UUID) -> HttpResponse:
    """Let an organisation's work go on."""
    tenant = get_object_or_404(Tenant, pk=pk)
    if pauses.resume_tenant(tenant, operator=operator, address=audit.address_of(request)):
        messages.success(request, f"The work of {tenant} goes on.")
    return redirect("admin:accounts_tenant_change", tenant.pk)


@for_those_who_may("jobs.change_task")
def drain_worker(request: HttpRequest, operator: User) -> HttpResponse:
    """Ask a worker to finish what it does and to end."""
    worker = request.POST.get("worker") or request.GET.get("worker", "")
    if not _is_there(worker):
        raise Http404("There is no such worker")
    if request.method == "POST":
        draining.ask(worker, operator=operator, address=audit.address_of(request))
        messages.success(request, f"{worker} ends when it has finished what it does.")
        return redirect("admin:operations-view")
    return ask(
        request,
        title=f"End the worker {worker}",
        told=(
            "It takes nothing more, finishes what it does, however long that takes, and ends. "
            "This cannot be taken back.",
            "Where something looks after it (make run, Compose, Kubernetes) a fresh one takes its "
            "place at once. To have one less, lower their number there instead.",
        ),
        hidden=(("worker", worker),),
        button="Let it finish and end",
    )


@require_POST
@for_those_who_may("jobs.change_task")
def reset_breaker(request: HttpRequest, operator: User) -> HttpResponse:
    """Let the engine that is named be asked again at once."""
    engine = request.POST.get("engine", "")
    try:
        engine_breakers.reset(engine, operator=operator, address=audit.address_of(request))
    except redis.RedisError:
        messages.error(request, "Redis does not answer: the workers would not hear of it.")
    else:
        messages.success(request, f"The engine {engine} is asked again at once.")
    return redirect("admin:operations-view")


def _known(pool: str) -> None:
    if pool not in queue.POOLS:
        raise Http404("There is no such pool")


def _is_there(worker: str) -> bool:
    """Whether it has sent a sign of life, or holds a task."""
    if any(each.process == worker for each in live_workers() or ()):
        return True
    return Task.objects.filter(state=Task.State.RUNNING, worker=worker).exists()
