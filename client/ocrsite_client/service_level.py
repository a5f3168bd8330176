"""What ``service_level`` gives, for type checkers; in words: docs/service-levels.md."""

from __future__ import annotations

from typing import TypedDict


class ErrorBudget(TypedDict):
    """What may go wrong of what was promised."""

    promised: int  # how many were under a promise
    missed: int
    allowed: float  # how many may miss it
    left: float  # below 0: more have missed it than may
    left_percent: float | None  # None: nothing is promised


class Availability(TypedDict):
    """Calls of the API."""

    promised_percent: float | None  # by the plan of now
    measured_percent: float | None  # None: none came
    calls: int
    failed: int
    budget: ErrorBudget


class SiteAnswers(TypedDict):
    """Whether the whole site answered, asked every minute."""

    minutes: int  # of the month so far
    asked: int
    answered: int
    measured_percent: float | None  # None: never asked


class Objective(TypedDict):
    """What the plan of now promises of a priority."""

    seconds: int
    seconds_a_page: float
    share: float  # percent of jobs that are done in this time


class Turnaround(TypedDict):
    """The jobs of a priority."""

    priority: str
    promised: Objective | None
    measured_percent: float | None  # None: none was promised
    p95_seconds: float | None
    jobs: int
    failed: int  # by the site's fault
    budget: ErrorBudget


class ServiceDay(TypedDict):
    """A day of the month."""

    day: str
    calls: int
    calls_failed: int
    jobs: int
    jobs_missed: int


class ServiceLevel(TypedDict):
    """A month: promised, measured, left."""

    month: str  # 2026-11
    over: bool
    plan: str  # of now; empty: none
    availability: Availability
    site: SiteAnswers
    turnaround: list[Turnaround]
    days: list[ServiceDay]
