"""The circuit breakers before engines on other machines: how they stand, and their reset."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.http import Http404

from accounts import audit
from accounts.models import User
from extraction import engines
from extraction.breaker import Standing


@dataclass(frozen=True, slots=True)
class BreakerState:
    """A breaker for people: ``standing``, and what its state means in words."""

    standing: Standing

    @property
    def words(self) -> str:
        """In one line."""
        standing = self.standing
        if standing.state == "open":
            told = f"open: not asked for {round(standing.retry_after)} s more"
        elif standing.state == "half_open":
            told = "on trial: the next page decides"
        elif standing.failures:
            told = f"closed; the last {standing.failures} failed"
        else:
            told = "closed"
        return told if standing.shared else f"{told} (Redis does not answer: in this process)"


def states() -> dict[str, BreakerState]:
    """All of them, by engine."""
    return {breaker.name: BreakerState(breaker.state()) for breaker in engines.breakers()}


def reset(engine: str, *, operator: User, address: str | None) -> None:
    """Let the engine be asked again at once, by all processes; the audit log says who did it.

    Raises Http404 where no such engine is on another machine, redis.RedisError where the others
    would not hear of it.
    """
    found = [breaker for breaker in engines.breakers() if breaker.name == engine]
    if not found:
        raise Http404("There is no breaker before such an engine")
    with transaction.atomic():
        stood = found[0].state()
        audit.record(
            actor=operator,
            tenant=None,
            action="engine.reset",
            before={"engine": engine, "state": stood.state, "failures": stood.failures},
            after={"engine": engine, "state": "closed", "failures": 0},
            address=address,
        )
        found[0].reset()  # the last step: where it fails, nothing is said to have been done
