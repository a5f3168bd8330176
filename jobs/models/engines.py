"""Engines of an organisation's own: a model of the installation with an adapter over it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.tenancy import TenantOwned
from jobs.models.jobs import StoredFile

OWN = "own:"  # before the name of such an engine


class TenantEngine(TenantOwned):
    """The engine ``own:NAME`` of one organisation: ``base``, read with the ``active`` adapter.

    Without one it reads as its base does. ``former`` is what rolling back returns to. Written by
    jobs/own_engines.py alone; adapters are made by the app above (learning).
    """

    name = models.CharField(max_length=40)
    base = models.CharField(max_length=50, help_text="an engine of the installation")
    active = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    former = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="one_engine_a_name")]

    def __str__(self) -> str:
        return f"{OWN}{self.name}"


def is_own(engine: str) -> bool:
    """Whether the name is that of an engine of some organisation's own."""
    return engine.startswith(OWN)


def counted_as(engine: str) -> str:
    """The name under which operators see it: all organisations' own ones are one."""
    return "own" if is_own(engine) else engine
