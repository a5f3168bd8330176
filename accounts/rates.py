"""The numbers of a rate limit, and the spans that they are for."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls at most: in any minute, hour and day, and at one moment.

    The bucket of ``burst`` calls fills again as fast as the minute allows.
    """

    minute: int
    hour: int
    day: int
    burst: int

    def share(self, part: float) -> Rates:
        """This part (0 to 1) of each number, at least 1 of what is not 0."""
        return Rates(*(min(number, max(1, int(number * part))) for number in self.numbers))

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        """Minute, hour, day and burst."""
        return self.minute, self.hour, self.day, self.burst
