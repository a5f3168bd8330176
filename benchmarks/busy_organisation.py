"""An organisation as some years leave it: as many jobs as are asked for, and what goes with them.

Rows that are as many as the jobs are written by SQL: files, pages, fields, words, reviews, batches,
the ledger and its sums, deliveries, entries of the audit log. Of what people make themselves there
are some dozens: `surround`.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import UUID

from accounts.identifiers import uuid7
from benchmarks.usage_views import SUMS

if TYPE_CHECKING:
    from tests.people import Organisation

# A year of jobs of the organisations whose slugs are so, in turn; of them the last ones wait.
JOBS = """
CREATE TEMP TABLE made ON COMMIT DROP AS
SELECT uuidv7(place.at - now()) AS job, gen_random_uuid() AS file, tenant.id AS tenant, n, place.at,
    tenant.owner, tenant.email, tenant.webhook, tenant.own, tenant.version,
    0.3 + 60 * power(random(), 4) AS took,
    CASE WHEN n > %(jobs)s - least(%(jobs)s / 5, 200) THEN CASE n %% 2 WHEN 0 THEN 'queued' ELSE
        'running' END WHEN n %% 100 = 1 THEN 'failed' ELSE 'succeeded' END AS status,
    CASE WHEN n %% 1000 = 7 THEN 'rare' WHEN n %% 50 = 3 THEN coalesce(tenant.own, 'receipt')
        WHEN n %% 2 = 0 THEN 'invoice' ELSE 'template-' || n %% 40 END AS template
FROM generate_series(1, %(jobs)s) AS n
CROSS JOIN LATERAL
    (SELECT now() + (n - %(jobs)s) * (interval '365 days' / %(jobs)s) AS at) AS place
JOIN (SELECT id, row_number() OVER () - 1 AS place, count(*) OVER () AS all,
    (SELECT user_id FROM accounts_membership WHERE tenant_id = t.id ORDER BY id LIMIT 1) AS owner,
    (SELECT email FROM accounts_user JOIN accounts_membership AS m ON m.user_id = accounts_user.id
        WHERE m.tenant_id = t.id ORDER BY m.id LIMIT 1) AS email,
    (SELECT max(id::text)::uuid FROM jobs_webhook WHERE tenant_id = t.id) AS webhook,
    (SELECT name FROM jobs_fieldtemplate WHERE tenant_id = t.id AND name LIKE 'of-%%' LIMIT 1)
        AS own,
    (SELECT v.id FROM jobs_fieldtemplate AS f JOIN jobs_fieldtemplateversion AS v
        ON v.template_id = f.id WHERE f.tenant_id = t.id AND f.name LIKE 'of-%%' LIMIT 1) AS version
    FROM accounts_tenant AS t WHERE slug LIKE %(slugs)s) AS tenant ON tenant.place = n %% tenant.all
;
CREATE INDEX ON made (n);
ANALYZE made;
INSERT INTO jobs_batch (id, tenant_id, name, options, metadata, refused, cancel_requested,
    created_at, completed_at)
SELECT job, tenant, 'Batch ' || n, '{}', '{}', '[]', false, at, at + interval '1 min'
FROM made WHERE n %% 500 = 1;
INSERT INTO jobs_storedfile (id, tenant_id, key, name, media_type, size, sha256, created_at)
SELECT file, tenant, tenant || '/uploads/' || file, 'invoice ' || n || '.pdf', 'application/pdf',
    100000, md5(file::text) || md5(job::text), at FROM made;
INSERT INTO jobs_job (id, tenant_id, file_id, created_by_id, status, engine, options, metadata,
    template, template_version_id, sealed_password, priority, run, attempt, cancel_requested,
    page_count, pages_total, pages_done, pages_failed, classification, documents, warnings,
    created_at, started_at, finished_at, cached, pdf_bytes, stored_bytes, batch_id, batch_position)
SELECT job, tenant, file, CASE WHEN n %% 3 = 0 THEN owner END, status, 'auto',
    '{"engine": "auto", "preview": true, "outputs": ["pdf"]}', '{}', template,
    CASE WHEN template = own THEN version END, '', 1, 0, 1, false, 1, 1,
    (status <> 'queued')::int, 0,
    '{"kind": "invoice", "label": "Invoice", "confidence": 0.9, "alternatives": [],
        "evidence": []}', '[]', '{}', at, CASE WHEN status <> 'queued' THEN at END,
    CASE WHEN status NOT IN ('queued', 'running') THEN at + took * interval '1 s' END,
    false, 0, 100000,
    (SELECT job FROM made AS first WHERE first.n = made.n - (made.n - 1) %% 500
        AND first.tenant = made.tenant AND (made.n - 1) %% 500 < 100),
    CASE WHEN EXISTS (SELECT FROM made AS first WHERE first.n = made.n - (made.n - 1) %% 500
        AND first.tenant = made.tenant) AND (n - 1) %% 500 < 100 THEN 1 + (n - 1) %% 500 END
FROM made;
INSERT INTO jobs_task (tenant_id, id, job_id, pool, priority, state, attempt, retries, crashes,
    worker, lease_until, taken_at)
SELECT tenant, job, job, 'cpu', 1, CASE status WHEN 'queued' THEN 'waiting' ELSE 'running' END,
    1, 0, 0, 'worker-' || n %% 8, CASE status WHEN 'running' THEN now() + interval '1 h' END,
    CASE status WHEN 'running' THEN at END
FROM made WHERE status IN ('queued', 'running');
DELETE FROM made WHERE status IN ('queued', 'running');
INSERT INTO jobs_page (job_id, number, engine, revision, seconds, content, failed, preview_key,
    preview_bytes)
SELECT job, 1, 'auto', '1', 1, %(page)s::jsonb, false, '', 0 FROM made;
INSERT INTO jobs_fieldvalue (job_id, position, name, label, kind, raw, value, page, box, confidence,
    method, grounded, alternatives, checks, notes, document)
SELECT job, position, name, label, kind, raw, value, page, box, confidence, method, grounded,
    alternatives, checks, notes, document
FROM made CROSS JOIN jobs_fieldvalue WHERE job_id = %(invoice)s AND status = 'succeeded';
INSERT INTO jobs_review (job_id, tenant_id, status, reasons, created_at, confirmed_by, confidence,
    template, taken_at, confirmed_at, confirmed_version)
SELECT job, tenant, CASE n %% 5 WHEN 0 THEN 'open' ELSE 'confirmed' END,
    '[{"code": "unsure", "field": "total_amount", "document": null, "detail": ""}]', at,
    CASE n %% 5 WHEN 0 THEN '' ELSE email END, random(), template,
    CASE n %% 5 WHEN 3 THEN at + interval '1 h' END,
    CASE n %% 5 WHEN 3 THEN at + interval '61 min' END, CASE n %% 5 WHEN 3 THEN 2 END
FROM made WHERE n %% 5 IN (0, 3);
INSERT INTO jobs_fieldrevision (job_id, name, version, action, label, kind, raw, value, page, box,
    grounded, checks, notes, comment, at, user_id, actor)
SELECT job, name, 1, CASE position WHEN 1 THEN 'corrected' ELSE 'confirmed' END, label, kind, raw,
    value, page, box, grounded, checks, notes, '', at + interval '61 min', owner, email
FROM made CROSS JOIN jobs_fieldvalue
WHERE job_id = %(invoice)s AND position < 2 AND status = 'succeeded' AND n %% 5 = 3;
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
    FROM string_to_table(text, ' ') WITH ORDINALITY AS each (word, place))::tsvector FROM words;
INSERT INTO accounts_usagerecord (tenant_id, job_id, run, engine, pages, compute_seconds, outcome,
    cached, day, unit_price, included, currency, submitted_at, created_at)
SELECT tenant, job, 0, (ARRAY['auto', 'rapidocr', 'own:ours'])[1 + n / 7 %% 3], 1, took, status,
    n %% 10 = 9, (at AT TIME ZONE 'UTC')::date, 0.01, 0, 'EUR', at, at FROM made;
INSERT INTO jobs_idempotencykey (tenant_id, route, key, fingerprint, made, status)
SELECT tenant, 'jobs', 'made ' || n, md5(n::text), job, 202 FROM made WHERE n %% 50 = 0;
INSERT INTO jobs_delivery (tenant_id, id, webhook_id, url, endpoint, message, event, body, status,
    tries, due_at, claim, error, created_at, ended_at)
SELECT tenant, job, webhook, '', webhook, 'msg_' || replace(job::text, '-', ''),
    'job.' || status, '{"type": "job.' || status || '", "data": {"id": "' || job || '"}}',
    CASE WHEN n %% 100 = 2 THEN 'failed' ELSE 'delivered' END, 1, at, 1, '', at,
    at + interval '2 min'
FROM made WHERE webhook IS NOT NULL;
INSERT INTO jobs_deliveryattempt (delivery_id, number, at, seconds, code, answer, error)
SELECT job, 1, at + interval '2 min', 0.2, CASE WHEN n %% 100 = 2 THEN 500 ELSE 200 END, 'ok', ''
FROM made WHERE webhook IS NOT NULL;
INSERT INTO accounts_auditentry (at, tenant_id, user_id, actor, action, object_type, object_id,
    address, after, request_id)
SELECT at, tenant, owner, email, action, 'jobs.job', job::text, '127.0.0.1',
    '{"engine": "auto"}', md5(job::text)
FROM made
JOIN (VALUES ('job.submit', 1), ('job.download', 3), ('field.correct', 5), ('review.confirm', 5))
    AS done (action, each) ON n %% done.each = 0;
INSERT INTO accounts_auditseal (number, entry_id, digest, hash)
SELECT last + row_number() OVER (ORDER BY id), id, sha256(id::text::bytea), sha256(id::text::bytea)
FROM (SELECT coalesce(max(number), 0) AS last FROM accounts_auditseal) AS sealed,
    accounts_auditentry WHERE id > (SELECT coalesce(max(entry_id), 0) FROM accounts_auditseal)
"""
MONTHS = """
INSERT INTO accounts_closedusage (tenant_id, usage_id, closing_id)
SELECT used.tenant_id, used.id, closing.id FROM accounts_usagerecord AS used
JOIN accounts_closing AS closing ON closing.tenant_id = used.tenant_id
    AND closing.month = date_trunc('month', used.day::timestamp)::date
ON CONFLICT DO NOTHING
"""
CALLS = ((200, ""), (404, "not_found"), (429, "rate_limited"), (503, "internal_error"))


def fill(jobs: int, slugs: str, invoice: UUID) -> None:
    """So many jobs of the organisations whose slugs are like that, with the fields of ``invoice``.

    The sums are added up anew for everybody.
    """
    from django.db import connection, transaction

    from extraction.formats.json import page_to_dict
    from extraction.types import Page
    from ocrsite.database.roles import as_owner

    page = json.dumps(page_to_dict(Page(1, 595, 842)))
    given: dict[str, Any] = {"jobs": jobs, "slugs": slugs, "invoice": invoice, "page": page}
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET session_replication_role = replica")  # neither triggers nor keys
        with transaction.atomic():
            cursor.execute(JOBS, given)
            cursor.execute("DELETE FROM accounts_usagesum; DELETE FROM jobs_jobsum")
            cursor.execute(SUMS)
            cursor.execute(import_module("jobs.migrations.0022_job_sums").FILL)
            cursor.execute(MONTHS)


def surround(organisation: Organisation, pk: UUID, number: int) -> None:
    """So many of everything that people make themselves, around the objects with the id ``pk``."""
    _people(organisation, number)
    _money(organisation, number)
    _templates(organisation, pk, number)
    _learning(organisation, pk, number)
    _calls(organisation, number)


def _people(organisation: Organisation, number: int) -> None:
    from accounts.models import ApiKey, Invitation, Membership, Session, TokenFamily, User
    from jobs.models import SavedFilter, Webhook

    tenant, owner, now = organisation.tenant, organisation.owner, datetime.now(UTC)
    soon = now + timedelta(days=7)
    people = User.objects.bulk_create(
        User(email=f"person-{n}@{tenant.slug}.example", name=f"Person {n}") for n in range(number)
    )
    Membership.objects.bulk_create(
        Membership(tenant=tenant, user=person, role="member") for person in people
    )
    Invitation.objects.bulk_create(
        Invitation(
            tenant=tenant,
            email=f"soon-{n}@{tenant.slug}.example",
            role="viewer",
            hash=f"{tenant.slug} {n}",
            invited_by=owner,
            sent_at=now,
            expires_at=soon,
        )
        for n in range(number)
    )
    ApiKey.objects.bulk_create(
        ApiKey(
            tenant=tenant,
            name=f"Key {n}",
            prefix=f"{n:04}{tenant.slug[:8]}",
            hash="0" * 64,
            scopes=["jobs:read"],
            created_by=people[n],
            last_used_at=now,
        )
        for n in range(number)
    )
    Session.objects.bulk_create(
        Session(
            session_key=f"{tenant.slug}-{n}", user=owner, expire_date=soon, user_agent="Browser"
        )
        for n in range(number)
    )
    TokenFamily.objects.bulk_create(
        TokenFamily(id=uuid7(), user=owner, tenant=tenant, expires_at=soon) for n in range(number)
    )
    SavedFilter.objects.bulk_create(
        SavedFilter(tenant=tenant, user=owner, name=f"Filter {n}", query="q=a", shared=True)
        for n in range(number)
    )
    Webhook.objects.bulk_create(
        Webhook(
            tenant=tenant,
            url=f"https://8.8.8.8/{n}",
            events=["job.succeeded"],
            active=False,
            sealed_secret=Webhook.objects.for_tenant(tenant)[0].sealed_secret,
        )
        for n in range(number)
    )


def _money(organisation: Organisation, number: int) -> None:
    """Months billed, those of the year's ledger among them, each with its credit."""
    from accounts.models import Closing, Credit, CreditUse, Invoice
    from accounts.statements import month_of
    from tests.accounts.billing import make_invoice

    tenant, month = organisation.tenant, month_of(datetime.now(UTC).date())
    for n in range(number):
        month = month_of(month - timedelta(days=1))
        closing, _ = Closing.objects.get_or_create(
            tenant=tenant, month=month, defaults={"rows": 9000}
        )
        invoice = make_invoice(
            tenant,
            closing=None if Invoice.objects.filter(closing=closing).exists() else closing,
            number=f"{tenant.slug}-{n}",
            series=tenant.slug,
            sequence=n,
            month=month,
        )
        credit = Credit.objects.create(tenant=tenant, amount=1, currency="EUR", reason="sorry")
        CreditUse.objects.create(tenant=tenant, credit=credit, invoice=invoice, amount=1)


def _templates(organisation: Organisation, pk: UUID, number: int) -> None:
    """Templates, and as many versions of the one of that id."""
    from jobs.models import FieldTemplate, FieldTemplateVersion

    own = FieldTemplate.objects.get(tenant=organisation.tenant, name=f"of-{pk}")
    first = own.versions.get(number=1)
    rows = FieldTemplate.objects.bulk_create(
        FieldTemplate(tenant=organisation.tenant, name=f"template-{n}", version=1, label=f"T {n}")
        for n in range(number)
    )
    FieldTemplateVersion.objects.bulk_create(
        [
            FieldTemplateVersion(
                template=template,
                number=version,
                content=first.content,
                created_by=organisation.owner,
            )
            for template, version in [(row, 1) for row in rows]
            + [(own, version) for version in range(2, number + 2)]
        ]
    )
    FieldTemplate.objects.filter(pk=own.pk).update(version=number + 1)


def _learning(organisation: Organisation, pk: UUID, number: int) -> None:
    """Datasets, runs and engines; the dataset and the run of that id are large."""
    from jobs.models import TenantEngine
    from learning.models import Dataset, Example, TrainingRun

    tenant = organisation.tenant
    Dataset.objects.bulk_create(
        Dataset(tenant=tenant, name=f"Dataset {n}", base="tiny", created_by=organisation.owner)
        for n in range(number)
    )
    (example,) = Example.objects.filter(pk=pk).values()
    Example.objects.bulk_create(
        Example(**example | {"id": uuid7(), "page": n + 2}) for n in range(number * 10)
    )
    (run,) = TrainingRun.objects.filter(pk=pk).values()
    TrainingRun.objects.bulk_create(TrainingRun(**run | {"id": uuid7()}) for _ in range(number))
    TrainingRun.objects.filter(pk=pk).update(losses=[[n, 2 / n] for n in range(1, number * 4)])
    TenantEngine.objects.bulk_create(
        TenantEngine(tenant=tenant, name=f"own-{n}", base="tiny") for n in range(number)
    )


def enlarge(organisation: Organisation, pk: UUID, number: int) -> None:
    """What is made of the jobs that `fill` made: comparisons, and ten times so many in the batch of
    that id; four times so many pages of the job of that id."""
    from jobs.models import ComparedJob, Comparison, DeliveryAttempt, Job, Page

    tenant = organisation.tenant
    compared = Comparison.objects.bulk_create(
        Comparison(tenant=tenant, name=f"Comparison {n}", created_by=organisation.owner)
        for n in range(number)
    )
    jobs = Job.objects.for_tenant(tenant).filter(status="succeeded", batch=None).order_by("pk")
    ids = list(jobs.values_list("pk", flat=True)[: number * 12])
    ComparedJob.objects.bulk_create(
        ComparedJob(
            comparison=each, position=n, engine="auto", job_id=ids[(place * 2 + n) % len(ids)]
        )
        for place, each in enumerate(compared)
        for n in (1, 2)
    )
    for place, job in enumerate(ids[number * 2 :]):
        Job.objects.filter(pk=job).update(batch=pk, batch_position=place + 2)
    page = Page.objects.get(job=pk, number=1)
    Page.objects.bulk_create(
        Page(job_id=pk, number=n, engine=page.engine, content=page.content | {"number": n})
        for n in range(2, number * 4)
    )
    Job.objects.filter(pk=pk).update(page_count=number * 4 - 1, pages_total=number * 4 - 1)
    DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(delivery_id=pk, number=n, at=datetime.now(UTC), seconds=1, code=500)
        for n in range(1, number)
    )


def _calls(organisation: Organisation, number: int) -> None:
    """Calls of the API of each outcome, in Redis; as many as it keeps, or a few."""
    from accounts import recent_calls

    for n in range(number * 10):
        for status, code in CALLS:
            recent_calls.note(
                organisation.tenant.pk,
                recent_calls.Call(
                    at=time.time_ns() // 1000 - n * 1000,
                    method="GET",
                    path=f"/api/v1/ocr/jobs/{n}",
                    status=status,
                    milliseconds=20,
                    caller=str(organisation.key.pk),
                    by_key=True,
                    address="127.0.0.1",
                    request_id=str(n),
                    code=code,
                ),
            )
        recent_calls._notebook.write()
