"""What becomes of a job while its engine is out of order: it waits, or is read without it."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.utils import timezone

from accounts.models import WhenEngineAway
from extraction import engines, pipeline, types
from extraction.engines import degraded
from extraction.errors import EngineFailed, EngineUnavailable
from extraction.fields.by_schema.by_model import Ask
from extraction.options import Options
from jobs.models import Job
from jobs.models.engines import is_own

SPREAD = 0.1  # of the time that jobs wait for an engine


def instead(job: Job) -> pipeline.Instead | None:
    """Who reads while the job's engine is out of order, where its organisation does not wait."""
    if not is_own(job.engine):
        row = engines.ENGINES.get(job.engine)
        if row is None or row.pool == "cpu":
            return None
    if job.tenant.when_engine_away != WhenEngineAway.FALL_BACK:
        return None
    return partial(degraded.read_instead, why=degraded.AWAY, threads=settings.WORKER_THREADS)


def check_breaker(engine: str) -> None:
    """Before a document is opened. Raises ``EngineUnavailable`` where nothing would come of it."""
    for breaker in engines.breakers():
        if breaker.name == engines.model_of(engine):
            breaker.check()


def seconds_to_wait(job: Job, error: EngineUnavailable) -> float:
    """Seconds for which the job waits until its engine may be back; 0: it waits no more."""
    waited = (timezone.now() - job.created_at).total_seconds()
    if error.retry_after is None or waited > settings.ENGINE_WAIT_HOURS * 3600:
        return 0
    # those that wait for the same moment do not all come at it
    return error.retry_after * random.uniform(1, 1 + SPREAD) + 1  # noqa: S311


def asker(job: Job, options: Options, stop: Callable[[], bool]) -> Ask | None:
    """Asks the job's engine to fill the job's schema; none where it does not do that. While it is
    out of order the job waits, or where its organisation does not, the schema is filled without."""
    if options.schema is None or job.engine not in engines.ENGINES:  # own ones fill none
        return None
    engine = engines.get(job.engine, settings.WORKER_THREADS)
    ask = pipeline.asker(engine, options, engines.Watch(stop))
    if ask is None or instead(job) is None:
        return ask

    def asked(prompt: str) -> types.Written:
        try:
            return ask(prompt)
        except EngineUnavailable as error:
            raise EngineFailed(str(error)) from error

    return asked
