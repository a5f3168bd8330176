"""The list of an organisation's templates, a part at a time, with what they are used for."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery

from accounts.models import Tenant
from jobs.models import ENDED, FieldTemplate, FieldTemplateVersion, Job

ROWS = 30
MOST_COUNTED = 1000  # documents of a template; more are "more than that"


def listed(tenant: Tenant, *, after: str = "", search: str = "") -> QuerySet[FieldTemplate]:
    """The tenant's templates by name, those after one of that name.

    Each has ``field_count``, ``author`` of its newest version (a person's address or a key's name)
    and ``documents``, those read with it, counted to one more than ``MOST_COUNTED``.
    """
    newest = FieldTemplateVersion.objects.filter(
        template=OuterRef("pk"), number=OuterRef("version")
    )
    count = Func(F("content__fields"), function="jsonb_array_length", output_field=IntegerField())
    used = _read(tenant).filter(template_version__template=OuterRef("pk"))
    rows = FieldTemplate.objects.for_tenant(tenant).order_by("name")
    if after:
        rows = rows.filter(name__gt=after)
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(label__icontains=search))
    return rows.annotate(
        field_count=Subquery(newest.annotate(count=count).values("count")),
        person=Subquery(newest.values("created_by__email")),
        key=Subquery(newest.values("api_key__name")),
        documents=Func(
            ArraySubquery(used.order_by().values("pk")[: MOST_COUNTED + 1]),
            function="CARDINALITY",
            output_field=IntegerField(),
        ),
    )


def documents_of(template: FieldTemplate) -> int:
    """How many documents were read with the template, counted to one more than the most."""
    used = _read(template.tenant).filter(template_version__template=template)
    return len(used.order_by().values_list("pk")[: MOST_COUNTED + 1])


def _read(tenant: Tenant) -> QuerySet[Job]:
    return Job.objects.for_tenant(tenant).filter(status__in=ENDED)


def recent_documents(tenant: Tenant, count: int = 30) -> list[Job]:
    """The newest documents that a template can be tried on: read, and still there."""
    rows = Job.objects.for_tenant(tenant).filter(status__in=("succeeded", "partial"))
    return list(rows.select_related("file").order_by("-pk")[:count])


def waiting_for(template: FieldTemplate) -> int:
    """How many documents wait to be read with the template, and would fail without it."""
    asked = Job.objects.for_tenant(template.tenant).filter(status__in=("queued", "running"))
    asked = asked.filter(template_version__template=template)
    return len(asked.order_by().values_list("pk")[: MOST_COUNTED + 1])
