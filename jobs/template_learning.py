"""What a template has learned: how much there is to learn from, and taking it out again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from accounts.tenancy import Actor
from jobs import templates
from jobs.errors import TemplateNotFound
from jobs.learning import MOST_DOCUMENTS
from jobs.models import FieldRevision, FieldTemplate, FieldTemplateVersion, Review


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Confirmed documents that were read with a template, and those whose fields were corrected."""

    documents: int
    corrected: int

    @property
    def right(self) -> int:
        """Documents of which every field was right as read."""
        return self.documents - self.corrected


def confirmed_documents(row: FieldTemplate) -> Confirmed:
    """The confirmed documents read with the template that it would learn from, at most all it can.

    As ``learning.learn`` chooses them: of a file that was split none.
    """
    confirmed = Review.objects.for_tenant(row.tenant).filter(
        status=Review.Status.CONFIRMED, job__template_version__template=row, job__documents=[]
    )
    jobs = list(confirmed.order_by("-confirmed_at").values_list("pk", flat=True)[:MOST_DOCUMENTS])
    changed = FieldRevision.objects.filter(job__in=jobs).exclude(
        action=FieldRevision.Action.CONFIRMED
    )
    return Confirmed(len(jobs), changed.values("job").distinct().count())


def forget(
    *, row: FieldTemplate, field: str, actor: Actor, address: str | None = None
) -> FieldTemplateVersion:
    """Take out what a field has learned, "" for every field, as the template's next version.

    Raises ``TemplateNotFound`` where the template has no such field, ``VersionConflict``.
    """
    newest = row.versions.get(number=row.version)
    template = templates.parsed(newest)
    if field and all(each.name != field for each in template.fields):
        raise TemplateNotFound(f"The template has no field {field!r}.")
    fields = tuple(
        replace(each, learned=()) if field in ("", each.name) else each for each in template.fields
    )
    version, _made = templates.replace(
        tenant=row.tenant,
        actor=actor,
        template=replace(template, fields=fields),
        expected=newest.number,
        note=_("What it had learned was taken out"),
        address=address,
    )
    return version
