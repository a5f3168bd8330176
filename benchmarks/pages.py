"""What the pages cost an organisation with many jobs: server time, queries and size of each.

One organisation has so many jobs, others half as many together, with all that goes with them
(benchmarks/busy_organisation.py). Every page off the table of routes is asked for by its owner,
the lists with filters and searches too (``PAGES``), every page of the admin by an operator, in this
process: first when there is one of each thing, to count the queries, then among the many. Prints a
table in Markdown, and what keeping the words costs the end of a job.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.overhead import percentile
from ocrsite.embedded import servers

if TYPE_CHECKING:
    from tests.pages.everything import Everything

MOST_MS = 300
# Addresses by their names in the table; {job}, {batch}, {person}, {before} are the organisation's
PAGES: dict[str, str] = {
    "jobs, the oldest": "/jobs?before={before}",
    "jobs, succeeded": "/jobs?status=succeeded",
    "jobs, running": "/jobs?status=running",
    "jobs, an engine (none)": "/jobs?engine=text-layer",
    "jobs, a template (1 of 1000)": "/jobs?template=rare",
    "jobs, a type (none)": "/jobs?type=passport",
    "jobs, by a person (none)": "/jobs?by={person}",
    "jobs, of a day long ago": "/jobs?from=2020-01-01&to=2020-01-02",
    "jobs, to be checked": "/jobs?needs_review=true",
    "jobs, nothing to check": "/jobs?needs_review=false",
    "jobs, of a batch": "/jobs?batch={batch}",
    "search, a word of all": "/jobs?q=invoice+",
    "search, a rare word": "/jobs?q=needle",
    "search, the beginning of words": "/jobs?q=w1",
    "search, two letters": "/jobs?q=in",
    "search, words in a row": "/jobs?q=%22total+invoice%22",
    "search, a word of all, failed": "/jobs?q=invoice+&status=failed",
    "search, without a word": "/jobs?q=invoice+-needle",
    "search, nothing": "/jobs?q=nowhere",
    "a job": "/jobs/{job}",
    "a job, its text": "/jobs/{job}?view=text",
    "a job, its fields": "/jobs/{job}?view=fields",
    "a job, its files": "/jobs/{job}?view=formats&format=json",
    "a job, its details": "/jobs/{job}?view=details",
    "a long job, a page amid": "/jobs/{pk}?page=100",
    "a batch": "/batches/{batch}",
    "a batch, page 2": "/batches/{pk}?page=2",
    "review, the least sure first": "/review?order=unsure",
    "review, a template": "/review?template=rare",
    "review, a reason": "/review?reason=unsure",
    "review, a reason (none)": "/review?reason=missing",
    "review, taken by others (none)": "/review?holder=others",
    "a document to be checked": "/review/{review}",
    "analytics, 7 days": "/analytics?period=7",
    "analytics, 13 weeks": "/analytics?period=weeks",
    "analytics, this month": "/analytics?period=month",
    "analytics, last month": "/analytics?period=last-month",
    "analytics, 12 months": "/analytics?period=year",
    "analytics, two years": "/analytics?period=custom&first={two_years_ago}&last={today}",
    "analytics, a table as CSV": "/analytics/by-template.csv?period=year",
    "deliveries, failed": "/organisation/webhooks/deliveries?status=failed",
    "deliveries, pending (none)": "/organisation/webhooks/deliveries?status=pending",
    "audit, of an action": "/organisation/audit?action=job.download",
    "audit, of a group of actions": "/organisation/audit?action=review",
    "audit, an action (none)": "/organisation/audit?action=tenant.transfer",
    "audit, of a person": "/organisation/audit?user={person}",
    "audit, of an object": "/organisation/audit?object_id={job}",
    "audit, of an address (none)": "/organisation/audit?address=10.1.2.3",
    "calls, of a path": "/console/calls?path=jobs/7",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A page, and the browser that asks for it."""

    path: str
    by: Any


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="pages whose names have this in them")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ |= {"VAR_DIR": folder, "SECRET_KEY": "k" * 50, "HTTPS": "0"}
        os.environ |= {"DJANGO_SETTINGS_MODULE": "ocrsite.settings", "LOG_LEVEL": "ERROR"}
        os.environ["ALLOWED_HOSTS"] = "testserver"
        with servers(Path(folder) / "servers") as running:
            os.environ["DATABASE_URL"] = running.database_url
            os.environ["DATABASE_OWNER_URL"] = running.owner_url
            os.environ["REDIS_URL"] = running.redis_url
            import django

            django.setup()
            from django.conf import settings
            from django.core.management import call_command

            from accounts.row_security import process_sees_everything

            process_sees_everything()
            settings.STORAGES["staticfiles"] = {
                "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
            }
            call_command("migrate", verbosity=0)
            ask(given.jobs, given.rounds, given.only)
            if not given.only:
                keeping(given.rounds)


def ask(jobs: int, rounds: int, only: str) -> None:
    """Each page, with one of each thing and with many."""
    from django.db import connection

    from benchmarks import busy_organisation
    from ocrsite.database.roles import as_owner
    from tests.pages.everything import everything
    from tests.people import organisation

    many = everything(organisation("many"))
    busy_organisation.fill(5, "many", many.invoice)
    pages = {name: each for name, each in asked(many).items() if only in name}
    few = {name: queries(each) for name, each in pages.items()}
    for number in range(20):
        organisation(f"other-{number}")
    busy_organisation.surround(many.organisation, many.pk, 50)
    for slugs, count in (("many", jobs), ("other-%", jobs // 2)):
        begun = time.perf_counter()
        busy_organisation.fill(count, slugs, many.invoice)
        print(f"{count:,} jobs of {slugs} in {time.perf_counter() - begun:.0f} s", flush=True)
    busy_organisation.enlarge(many.organisation, many.pk, 50)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print("\n| page | p50, p95 ms | processor, ms | queries, at first | kB |", flush=True)
    print("|---|---|---|---|---|", flush=True)
    slow = []
    for name, page in {**pages, **asked(many)}.items():
        if only not in name:
            continue
        times, busy, size = timed(page, rounds)
        p95 = percentile(times, 0.95)
        if p95 > MOST_MS:
            slow.append(name)
        print(
            f"| {name} | {statistics.median(times):.0f}, {p95:.0f} | {busy:.0f} "
            f"| {queries(page)}, {few[name]} | {size / 1000:.0f} |",
            flush=True,
        )
    print(f"\npages over {MOST_MS} ms = {', '.join(slow) or 'none'}", flush=True)


def asked(pages: Everything) -> dict[str, Asked]:
    """Every page by a name of its own: those of the routes, ``PAGES``, and the operators' ones."""
    from django.contrib import admin
    from django.test import Client
    from django.urls import reverse

    from accounts.models import User
    from tests.pages.everything import SIGNED_OUT

    owner, nobody, operator = Client(), Client(), Client()
    owner.force_login(pages.organisation.owner)
    found = {}
    for path in pages.addresses:
        by = nobody if path.strip("/") in SIGNED_OUT else owner
        found[path.replace(str(pages.pk), "ID").replace(str(pages.invoice), "INVOICE")] = Asked(
            path, by
        )
    values = named(pages)
    found |= {name: Asked(path.format(**values), owner) for name, path in PAGES.items()}
    person, _ = User.objects.get_or_create(
        email="operator@bench.example", is_staff=True, is_superuser=True
    )
    operator.force_login(person)
    for view in ("index", "operations-view", "usage-view", "billing-view"):
        found[f"admin, {view}"] = Asked(reverse(f"admin:{view}"), operator)
    for model in admin.site._registry:
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        found[f"admin, {model._meta.label}"] = Asked(path, operator)
    tenant, job = pages.organisation.tenant.pk, values["job"]
    found["admin, an organisation"] = Asked(
        reverse("admin:accounts_tenant_change", args=[tenant]), operator
    )
    found["admin, a job"] = Asked(reverse("admin:jobs_job_change", args=[job]), operator)
    return found


def named(pages: Everything) -> dict[str, Any]:
    """The organisation's objects that ``PAGES`` names."""
    from django.utils import timezone

    from jobs.models import Batch, Job, Review

    tenant, today = pages.organisation.tenant, timezone.now().date()
    own = Job.objects.filter(tenant=tenant)
    return {
        "pk": pages.pk,
        "job": own.filter(status="succeeded").latest("pk").pk,
        "batch": Batch.objects.filter(tenant=tenant).earliest("pk").pk,
        "person": pages.organisation.owner.pk,
        "before": list(own.order_by("pk").values_list("pk", flat=True)[:40])[-1],
        "review": Review.objects.filter(tenant=tenant, status="open").earliest("pk").pk,
        "today": today,
        "two_years_ago": today - timedelta(days=730),
    }


def queries(page: Asked) -> int:
    """How many the page takes when it is asked for again."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    answer = page.by.get(page.path, follow=True)
    assert answer.status_code == 200, (page.path, answer.status_code, answer.content[:500])
    with CaptureQueriesContext(connection) as captured:
        page.by.get(page.path, follow=True)
    return len(captured)


def timed(page: Asked, rounds: int) -> tuple[list[float], float, int]:
    """Milliseconds of each answer, those of a processor's time in one, and its bytes."""
    times, size, busy = [], 0, 0.0
    for number in range(rounds + 2):
        if number == 2:  # the first ones load and warm
            busy = processor_ms()
        begun = time.perf_counter()
        answer = page.by.get(page.path, follow=True)
        size = len(b"".join(answer.streaming_content) if answer.streaming else answer.content)
        if number >= 2:
            times.append((time.perf_counter() - begun) * 1000)
    return times, (processor_ms() - busy) / rounds, size


def processor_ms() -> float:
    """Of this process and its one of PostgreSQL: as long however busy the machine is."""
    from django.db import connection

    connection.ensure_connection()
    text = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text()
    user, system = text.rpartition(")")[2].split()[11:13]
    ticks = 1000 / os.sysconf("SC_CLK_TCK")
    return time.process_time() * 1000 + (int(user) + int(system)) * ticks


def keeping(rounds: int) -> None:
    """What the words cost the end of a job, by the length of its text."""
    from django.db import transaction

    from jobs import search
    from jobs.models import Job

    print("\n| words of a document | kept at its end in, p50 ms |\n|---|---|", flush=True)
    jobs = list(Job.objects.select_related("file").order_by("pk")[: rounds * 10])
    for length in (100, 1_000, 10_000, 100_000):
        text = " ".join(f"word{number % 7919}" for number in range(length))
        times = []
        for job in jobs:
            with transaction.atomic():
                begun = time.perf_counter()
                search.keep(job, [text])
                times.append((time.perf_counter() - begun) * 1000)
            if length > 1_000 and len(times) >= rounds:
                break
        print(f"| {length:,} | {statistics.median(times):.1f} |", flush=True)


if __name__ == "__main__":
    main()
