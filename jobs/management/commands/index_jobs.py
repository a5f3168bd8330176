"""Let jobs be found that ended before there was a search."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from jobs import claims, search


class Command(BaseCommand):
    """`manage.py index_jobs`: may be stopped and begun again, and run while the site works."""

    help = "Let jobs be found by their text that ended before there was a search."

    def handle(self, *args: Any, **options: Any) -> None:
        """Newest first, each in a transaction of its own."""
        done = 0
        for job_id in list(search.missing().order_by("-pk").values_list("pk", flat=True)):
            with transaction.atomic():
                claims.lock(job_id)
                job = search.missing().filter(pk=job_id).select_related("file").first()
                if job is not None:
                    search.keep(job)
                    done += 1
            if done and done % 1000 == 0:
                self.stdout.write(f"{done} jobs")
        self.stdout.write(f"jobs that can be found now = {done}")
