"""What engines have done since the installation began, for its operators: counted, never reset."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class EngineTally(models.Model):
    """Pages of an engine, of all organisations, by what became of them; of no document.

    Jobs and pages go when their time is over, these counts stay. ``shard`` parts a busy engine's
    count into rows, so that workers seldom wait for each other. Written by jobs/tallies.py alone.
    """

    engine = models.CharField(max_length=50)
    shard = models.PositiveSmallIntegerField()
    read = models.PositiveBigIntegerField(default=0, help_text="by the engine itself")
    degraded = models.PositiveBigIntegerField(default=0, help_text="by OCR in its place")
    failed = models.PositiveBigIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0, help_text="of pages that did not fail")
    within = ArrayField(
        models.PositiveBigIntegerField(),
        help_text="how many pages took up to each of tallies.BOUNDS; the last: longer",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["engine", "shard"], name="one_tally_a_shard")
        ]

    def __str__(self) -> str:
        return f"{self.engine}, {self.shard}"
