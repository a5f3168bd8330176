"""What was learned given to an engine of the organisation's own."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext

from accounts.numerals import numeral
from accounts.tenancy import Actor
from jobs import own_engines
from jobs.models import TenantEngine
from learning.errors import NotTrained
from learning.models import RunStatus, TrainingRun


@dataclass(frozen=True, slots=True)
class Promoted:
    """The engine as it reads now; ``warning`` where the held-out pages speak against it."""

    engine: TenantEngine
    warning: str | None


def promote(*, run: TrainingRun, name: str, actor: Actor, address: str | None = None) -> Promoted:
    """Let ``own:NAME`` read with what the run has learned.

    Raises ``NotTrained`` unless the run has succeeded, and as ``own_engines.promote``.
    """
    rows = TrainingRun.objects.select_for_update(of=("self",)).select_related("adapter")
    with transaction.atomic():  # the run and its adapter stay meanwhile
        run = get_object_or_404(rows, pk=run.pk)
        if run.status != RunStatus.SUCCEEDED or run.adapter is None:
            raise NotTrained(f"It is {run.status}.")
        engine = own_engines.promote(
            actor=actor, name=name, base=run.base, adapter=run.adapter, address=address
        )
    return Promoted(engine, warning_of(run))


def warning_of(run: TrainingRun) -> str | None:
    """What is to be thought of before a promotion."""
    if not run.evaluation or not run.evaluation["worse"]:
        return None
    base, tuned = (run.evaluation[side]["similarity"] for side in ("base", "tuned"))
    return gettext(
        "On the pages held out it is less like the right texts than its base: %(tuned)s instead of "
        "%(base)s."
    ) % {"tuned": numeral(tuned, ".3f"), "base": numeral(base, ".3f")}
