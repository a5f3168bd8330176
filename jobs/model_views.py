"""The page of engines and models: what there is, how it stands, how it has done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from accounts.tenancy import PageMixin, actor_of
from jobs import engine_metrics
from jobs.engine_metrics import Done
from jobs.engine_metrics_api import USUAL_DAYS
from jobs.engine_standings import OfferedEngine, offered


@dataclass(frozen=True, slots=True)
class Row:
    """An engine, and what it did; None: no page, or the person may not see it."""

    engine: OfferedEngine
    done: Done | None


class ModelsPage(PageMixin, View):
    """The organisation's engines; figures for those alone who may see usage."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """With the figures of the last 30 days."""
        actor = actor_of(request)
        figures: dict[str, Any] = {}
        if actor.may("usage:read"):
            end = datetime.now(UTC) + timedelta(seconds=1)
            begin = end - timedelta(days=USUAL_DAYS)
            figures = {
                "engines": engine_metrics.models(actor.tenant, begin, end),
                "ranked": engine_metrics.leaderboard(actor.tenant, begin, end),
            }
        done = {row.engine: row.done for row in figures.get("engines", ())}
        context = {
            "rows": [Row(engine, done.get(engine.name)) for engine in offered(actor.tenant)],
            "may_measure": actor.may("usage:read"),
            "may_submit": actor.may("jobs:write"),
            "days": USUAL_DAYS,
            **figures,
        }
        return render(request, "jobs/models.html", context)
