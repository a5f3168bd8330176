"""What a template has learned: how much there is to learn from, and taking it out again."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from accounts.tenancy import Actor
from jobs import templates
from jobs.errors import TemplateNotFound
from jobs.learning import MOST_DOCUMENTS
from jobs.models import FieldTemplate, FieldTemplateVersion, Review


def confirmed_documents(row: FieldTemplate) -> int:
    """How many confirmed documents read with the template it would learn from, at most all it can.

    As ``learning.learn`` chooses them: of a file that was split none.
    """
    confirmed = Review.objects.for_tenant(row.tenant).filter(
        status=Review.Status.CONFIRMED, job__template_version__template=row, job__documents=[]
    )
    return len(confirmed.order_by().values_list("pk")[:MOST_DOCUMENTS])


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
