"""What the pages cost an organisation with many jobs: server time, queries and size of each.

One organisation has so many jobs, others half as many together; each has a page of text that is
found by its words, some wait for a review, some came in batches. Every page of ``PAGES`` is asked
for by its owner, and by one of an organisation with a single job, in this process. Prints a table
in Markdown, and what keeping the words costs the end of a job. A new list is a row of ``PAGES``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.overhead import percentile
from ocrsite.embedded import servers

MOST_MS = 300
# Addresses by their names in the table; {job}, {batch}, {person}, {before} are the organisation's
PAGES: dict[str, str] = {
    "jobs": "/jobs",
    "jobs, the oldest": "/jobs?before={before}",
    "jobs, succeeded": "/jobs?status=succeeded",
    "jobs, running (none)": "/jobs?status=running",
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
    "batches": "/batches",
    "a batch": "/batches/{batch}",
    "new batch": "/batches/new",
}
MADE = """
CREATE TEMP TABLE made ON COMMIT DROP AS
SELECT uuidv7(make_interval(secs => (n - %(jobs)s) * 25.0)) AS job, gen_random_uuid() AS file,
    tenant.id AS tenant, n, now() + make_interval(secs => (n - %(jobs)s) * 25.0) AS at
FROM generate_series(1, %(jobs)s) AS n
JOIN (SELECT id, row_number() OVER () - 1 AS place, count(*) OVER () AS all FROM accounts_tenant
    WHERE slug LIKE %(slugs)s) AS tenant ON tenant.place = n %% tenant.all;
CREATE INDEX ON made (n);
ANALYZE made;
INSERT INTO jobs_batch (id, tenant_id, name, options, metadata, refused, cancel_requested,
    created_at, completed_at)
SELECT job, tenant, 'Batch ' || n, '{}', '{}', '[]', false, at, at + interval '1 min'
FROM made WHERE n %% 500 = 1;
INSERT INTO jobs_storedfile (id, tenant_id, key, name, media_type, size, sha256, created_at)
SELECT file, tenant, tenant || '/uploads/' || file, 'invoice ' || n || '.pdf', 'application/pdf',
    100000, md5(file::text) || md5(job::text), at FROM made;
INSERT INTO jobs_job (id, tenant_id, file_id, status, engine, options, metadata, template,
    sealed_password, priority, run, attempt, cancel_requested, page_count, pages_total, pages_done,
    pages_failed, classification, documents, warnings, created_at, started_at, finished_at, cached,
    pdf_bytes, stored_bytes, batch_id, batch_position)
SELECT job, tenant, file, CASE WHEN n %% 100 = 1 THEN 'failed' ELSE 'succeeded' END, 'auto',
    '{"engine": "auto", "preview": true, "outputs": ["pdf"]}', '{}',
    CASE WHEN n %% 1000 = 7 THEN 'rare' ELSE 'invoice' END, '', 1, 0, 1, false, 1, 1, 1, 0,
    '{"kind": "invoice", "label": "Invoice", "confidence": 0.9, "alternatives": [],
        "evidence": []}',
    '[]', '{}', at, at + interval '1 s', at + interval '2 s', false, 0, 100000,
    (SELECT job FROM made AS first WHERE first.n = made.n - (made.n - 1) %% 500
        AND first.tenant = made.tenant AND (made.n - 1) %% 500 < 100),
    CASE WHEN EXISTS (SELECT FROM made AS first WHERE first.n = made.n - (made.n - 1) %% 500
        AND first.tenant = made.tenant) AND (n - 1) %% 500 < 100 THEN 1 + (n - 1) %% 500 END
FROM made;
INSERT INTO jobs_page (job_id, number, engine, revision, seconds, content, failed, preview_key,
    preview_bytes)
SELECT job, 1, 'auto', '1', 1, '%(page)s'::jsonb, false, '', 0 FROM made;
INSERT INTO jobs_review (
    job_id, tenant_id, status, reasons, created_at, confirmed_by, confidence, template
)
SELECT job, tenant, 'open', '[]', at, '', 0.5, '' FROM made WHERE n %% 20 = 0;
CREATE TEMP TABLE words ON COMMIT DROP AS
SELECT job, tenant, n, 'total invoice' || CASE WHEN n %% 30000 = 9 THEN ' needle' ELSE '' END
    || (SELECT string_agg(' w' || floor(power(random(), 3) * 20000 + 0 * g)::int, '')
        FROM generate_series(1, 80 + 0 * made.n) AS g) AS text
FROM made;
INSERT INTO jobs_searchtext (job_id, tenant_id, text)
SELECT job, tenant, 'invoice ' || n || '.pdf' || chr(10) || text FROM words;
INSERT INTO jobs_searchwords (job_id, words)
SELECT job, (SELECT
        string_agg('''' || replace(tenant::text, '-', '') || word || ''':' || place, ' ')
    FROM string_to_table(text, ' ') WITH ORDINALITY AS each (word, place))::tsvector FROM words
"""


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
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
            ask(running.owner_url, given.jobs, given.rounds)
            keeping(given.rounds)


def fill(owner_url: str, jobs: int, slugs: str) -> None:
    """So many ended jobs of the organisations whose slugs are like that."""
    from extraction.formats.json import page_to_dict
    from extraction.types import Page

    page = json.dumps(page_to_dict(Page(1, 595, 842)))
    with psycopg.connect(owner_url, autocommit=True) as database:
        database.execute("SET session_replication_role = replica")  # no look at each foreign key
        database.execute("SET synchronous_commit = off")
        with database.transaction():
            for statement in MADE.split(";\n"):
                named = statement.replace("%%", "%").replace("%(jobs)s", str(jobs))
                named = named.replace("%(slugs)s", f"'{slugs}'").replace("%(page)s", page)
                database.execute(named.encode())


def ask(owner_url: str, jobs: int, rounds: int) -> None:
    """Each page, as the owner of many jobs and of one."""
    from tests.people import organisation

    few, many = organisation("few"), organisation("many")
    for number in range(20):
        organisation(f"other-{number}")
    for slugs, count in (("few", 1), ("many", jobs), ("other-%", jobs // 2)):
        begun = time.perf_counter()
        fill(owner_url, count, slugs)
        print(f"{count:,} jobs of {slugs} in {time.perf_counter() - begun:.0f} s", flush=True)
    with psycopg.connect(owner_url, autocommit=True) as database:
        database.execute("VACUUM ANALYZE")
    print("\n| page | p50, p95 ms | queries, with 1 job | kB |\n|---|---|---|---|", flush=True)
    slow = []
    for name, path in PAGES.items():
        counts = [queries(each, path) for each in (many, few)]
        times, size = timed(many, path, rounds)
        p95 = percentile(times, 0.95)
        if p95 > MOST_MS:
            slow.append(name)
        print(
            f"| {name} | {statistics.median(times):.0f}, {p95:.0f} | {counts[0]}, {counts[1]} "
            f"| {size / 1000:.0f} |",
            flush=True,
        )
    print(f"\npages over {MOST_MS} ms = {', '.join(slow) or 'none'}", flush=True)


def address(organisation: Any, path: str) -> str:
    """The path with the organisation's objects."""
    from jobs.models import Batch, Job

    own = Job.objects.filter(tenant=organisation.tenant)
    oldest = list(own.order_by("pk").values_list("pk", flat=True)[:40])
    batch = Batch.objects.filter(tenant=organisation.tenant).order_by("pk").first()
    return path.format(
        job=own.order_by("-pk").values_list("pk", flat=True)[0],
        batch=batch.pk if batch else "",
        person=organisation.owner.pk,
        before=oldest[-1],
    )


def browser(organisation: Any) -> Any:
    """The owner's."""
    from django.test import Client

    client = Client()
    client.force_login(organisation.owner)
    return client


def queries(organisation: Any, path: str) -> int:
    """How many the page takes when it is asked for again."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client, url = browser(organisation), address(organisation, path)
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code, answer.content[:500])
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    return len(captured)


def timed(organisation: Any, path: str, rounds: int) -> tuple[list[float], int]:
    """Milliseconds of each answer, and the bytes of one."""
    client, url = browser(organisation), address(organisation, path)
    times, size = [], 0
    for number in range(rounds + 2):
        begun = time.perf_counter()
        size = len(client.get(url).content)
        if number >= 2:  # the first ones load and warm
            times.append((time.perf_counter() - begun) * 1000)
    return times, size


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
