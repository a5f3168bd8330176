"""A month of service levels in numbers: what was counted, what of it was promised and missed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from accounts.models import TurnaroundObjective
from jobs.models import Priority


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls, or jobs: how many ``failed`` by our fault; of those under a promise, how many missed.

    ``allowed`` is what may miss it: the error budget, which grows with all that is promised.
    """

    counted: int = 0
    failed: int = 0
    promised: int = 0
    missed: int = 0
    allowed: Decimal = Decimal(0)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.counted + other.counted,
            self.failed + other.failed,
            self.promised + other.promised,
            self.missed + other.missed,
            self.allowed + other.allowed,
        )

    @property
    def answered(self) -> float | None:
        """Percent of all that did not fail."""
        return share(self.counted - self.failed, self.counted)

    @property
    def kept(self) -> float | None:
        """Percent of the promised that did not miss it."""
        return share(self.promised - self.missed, self.promised)

    @property
    def left(self) -> float:
        """Of the budget; below 0 where more has gone wrong than may."""
        return round(float(self.allowed) - self.missed, 3)

    @property
    def used_up(self) -> bool:
        """Whether more has missed the promise than may."""
        return self.missed > self.allowed

    @property
    def left_percent(self) -> float | None:
        """Of the budget, what is left; None where nothing is promised, 0 where it is used up."""
        if not self.promised:
            return None
        return max(0.0, round(100 * (1 - self.missed / float(self.allowed)), 1))


@dataclass(frozen=True, slots=True)
class Turnaround:
    """The jobs of a priority. ``p95`` are the seconds within which 95 of 100 ended.

    To within a fifth, as the steps of `jobs.job_sums` tell it. ``objective`` is the one of now.
    """

    priority: Priority
    objective: TurnaroundObjective | None
    jobs: Tally
    p95: float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The minutes in which the site was asked, and had an answer."""

    minutes: int = 0
    answers: int = 0

    @property
    def answered(self) -> float | None:
        """Percent of those minutes."""
        return share(self.answers, self.minutes)


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the month."""

    day: date
    calls: Tally
    jobs: Mapping[Priority, Tally]
    site: Asked

    @property
    def all_jobs(self) -> Tally:
        """Of every priority."""
        return sum(self.jobs.values(), Tally())


@dataclass(frozen=True, slots=True)
class Month:
    """An organisation's month. ``minutes`` are those of it that have passed.

    ``plan`` and ``availability`` are what holds now; what was judged was so by what held then.
    """

    month: date
    plan: str
    availability: Decimal | None
    calls: Tally
    turnaround: tuple[Turnaround, ...]
    site: Asked
    minutes: int
    over: bool
    days: tuple[Day, ...] = field(repr=False)

    @property
    def jobs(self) -> Tally:
        """Of every priority."""
        return sum((each.jobs for each in self.turnaround), Tally())

    @property
    def scarcest(self) -> Turnaround | None:
        """The priority with the least left of its budget; None where no documents are promised."""
        promised = [each for each in self.turnaround if each.jobs.promised]
        return min(
            promised, key=lambda each: each.jobs.left / float(each.jobs.allowed), default=None
        )

    @property
    def promises(self) -> bool:
        """Whether anything is promised, or was."""
        return bool(
            self.availability is not None
            or self.calls.promised
            or self.jobs.promised
            or any(each.objective for each in self.turnaround)
        )

    @property
    def empty(self) -> bool:
        """Whether nothing was counted."""
        return not self.calls.counted and not self.jobs.counted

    @property
    def unmeasured(self) -> int:
        """Minutes in which the site was not asked."""
        return max(0, self.minutes - self.site.minutes)


@dataclass(frozen=True, slots=True)
class Past:
    """A month of the history, in short."""

    month: date
    calls: Tally
    jobs: Tally


def share(part: int, of: int) -> float | None:
    """Percent, to a thousandth: rounded down, so that what has failed once is never 100."""
    return 100_000 * part // of / 1000 if of else None
