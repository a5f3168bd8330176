"""The document beside a template that is edited: chosen, shown, and searched with the draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F

from accounts.models import Tenant
from extraction.fields.templates import Template
from extraction.types import FieldValue
from jobs import bench
from jobs.labels import field_label
from jobs.models import Job, Page, Status

READABLE = (Status.SUCCEEDED, Status.PARTIAL)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page shown: ``width`` and ``height`` in points; ``pictured``: there is an image of it."""

    number: int
    width: float
    height: float
    pictured: bool
    previous: int | None
    next: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Sample:
    """The document: ``sheet`` is None while it is not read."""

    job: Job
    sheet: Sheet | None

    @property
    def waiting(self) -> bool:
        """Whether it will be there to try soon."""
        return not self.job.ended

    @property
    def readable(self) -> bool:
        """Whether a template can be tried on it."""
        return self.sheet is not None


def sample_of(tenant: Tenant, text: str, page: str = "") -> Sample | None:
    """The tenant's document of that id, at that page or the first; None where there is none."""
    try:
        pk = UUID(text)
    except ValueError:
        return None
    jobs = Job.objects.for_tenant(tenant).select_related("file", "tenant")
    job = jobs.filter(pk=pk).first()
    if job is None:
        return None
    if job.status not in READABLE:
        return Sample(job, None)
    return Sample(job, _sheet(job, page))


def _sheet(job: Job, page: str) -> Sheet | None:
    pages = Page.objects.filter(job=job, failed=False).order_by("number")
    numbers = list(pages.values_list("number", flat=True))
    if not numbers:
        return None
    chosen = next((number for number in numbers if str(number) == page), numbers[0])
    at = numbers.index(chosen)
    row = (
        pages.filter(number=chosen)
        .annotate(width=F("content__width"), height=F("content__height"))
        .values("width", "height", "preview_key")
        .get()
    )
    return Sheet(
        chosen,
        float(row["width"] or 595),
        float(row["height"] or 842),
        bool(row["preview_key"]),
        numbers[at - 1] if at else None,
        numbers[at + 1] if at + 1 < len(numbers) else None,
        len(numbers),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What the draft finds on the sample: values by field, required fields without one, pages."""

    values: Mapping[str, list[FieldValue]]
    missing: tuple[str, ...]
    pages: int
    left_out: int
    fields: int  # of the draft

    @property
    def count(self) -> int:
        """How many fields were found."""
        return len(self.values)


def tried(sample: Sample, template: Template) -> Found:
    """Look for the draft's fields. Raises as ``bench.try_template``."""
    result = bench.try_template(sample.job, template)
    values: dict[str, list[FieldValue]] = {}
    for value in result.fields:
        values.setdefault(value.name, []).append(value)
    missing = tuple(dict.fromkeys(field_label(each) for each in result.missing))
    return Found(values, missing, result.pages, result.left_out, len(template.fields))
