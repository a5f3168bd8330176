"""The engines that an organisation may use: what each is, how its model is held, whether it works.

For the API's list of models and the page of them. Told by workers through Redis; where that does
not answer, nothing is known of workers and models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Tenant
from extraction import engines
from extraction.breaker import Standing
from extraction.vision_models import VisionModel
from jobs import own_engines
from jobs.engine_titles import title_of, title_of_taught
from jobs.live_workers import LiveWorker, live_workers
from jobs.model_reports import ModelReport
from jobs.plan_engines import default_engine, engines_of


@dataclass(frozen=True, slots=True)
class HeldModel:
    """A vision-language model, as a worker that runs it has told (``report``).

    ``available``: whether a live worker can run it; None: no worker is known.
    """

    available: bool | None
    loaded: bool
    licence: str
    report: ModelReport | None


@dataclass(frozen=True, slots=True)
class OfferedEngine:
    """An engine. ``workers``: live ones of its kind, None: not known. ``base``: what an own one is
    taught from, "" of others; ``breaker``: of one on another machine."""

    name: str
    title: str
    default: bool
    boxes: bool
    revision: str
    workers: int | None
    model: HeldModel | None
    breaker: Standing | None = None
    base: str = ""
    adapter: bool = False  # whether an own one reads with what it has learned
    changed_at: datetime | None = None

    @property
    def state(self) -> str:
        """In one word: ready, warm (its model is in memory), cold (it is loaded with the first
        page), unrunnable (no worker can run its model), waiting (no worker), away (its server is
        out of order), trial (that is being tried again), unknown."""
        if self.breaker is not None and self.breaker.state != "closed":
            return "away" if self.breaker.state == "open" else "trial"
        if self.workers is None:
            return "unknown"
        if not self.workers:
            return "waiting"
        if self.model is None:
            return "ready"
        if not self.model.available:
            return "unrunnable"
        return "warm" if self.model.loaded else "cold"

    @property
    def shown_title(self) -> str:
        """What it is, in the language of the page."""
        return title_of_taught(self.base) if self.base else title_of(self.name)


def offered(tenant: Tenant) -> list[OfferedEngine]:
    """Those of its plan, in their usual order, then its own; one query."""
    workers = live_workers()
    usual = default_engine(tenant)
    vision = {model.name: model for model in engines.configured().vision}
    standings = {breaker.name: breaker for breaker in engines.breakers()}
    told = []
    for name in engines_of(tenant):
        row, reads = engines.ENGINES[name], engines.model_of(name)
        breaker = standings.get(reads)
        told.append(
            OfferedEngine(
                name=name,
                title=row.title,
                default=name == usual,
                boxes=row.boxes,
                revision=own_engines.Chosen(name, None).revision,
                workers=_there(workers, row.pool),
                model=_held(vision.get(reads), workers, row.pool),
                breaker=breaker.state() if breaker is not None else None,
            )
        )
    for one in own_engines.names_of(tenant):
        row = engines.ENGINES[one.base]
        told.append(
            OfferedEngine(
                name=str(one),
                title=f"{row.title}, taught",
                default=str(one) == usual,
                boxes=row.boxes,
                revision=own_engines.Chosen(one.base, one.active).revision,
                workers=_there(workers, row.pool),
                model=_held(vision.get(engines.model_of(one.base)), workers, row.pool),
                base=one.base,
                adapter=one.active is not None,
                changed_at=one.changed_at,
            )
        )
    return told


def _there(workers: Sequence[LiveWorker] | None, pool: str) -> int | None:
    return None if workers is None else sum(each.pool == pool for each in workers)


def _held(
    model: VisionModel | None, workers: Sequence[LiveWorker] | None, pool: str
) -> HeldModel | None:
    if model is None:
        return None
    reports = [worker.report for worker in workers or () if worker.report]
    held = [each for report in reports for each in report.models if each.name == model.name]
    return HeldModel(
        available=bool(held) if _there(workers, pool) else None,
        loaded=any(each.loaded for each in held),
        licence=model.licence,
        report=held[0] if held else None,
    )
