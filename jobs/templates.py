"""A tenant's templates: made, changed, restored, deleted, and found by name or by document.

Writers of one tenant's templates go one after the other (its row is locked), so that names,
numbers and limits hold whatever comes at the same time. Audit entries hold names and versions,
never what a template holds.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Tenant
from accounts.tenancy import Actor
from extraction.errors import InvalidOption, InvalidTemplate
from extraction.fields.templates import (
    MAX_BYTES,
    Template,
    chosen_for,
    starters,
    template_from_dict,
    template_to_dict,
)
from extraction.types import Classification, Page
from jobs.errors import (
    TemplateExists,
    TemplateNotFound,
    TemplateTooLarge,
    TooManyTemplates,
    TooManyVersions,
    VersionConflict,
)
from jobs.models import FieldTemplate, FieldTemplateVersion, Job

logger = logging.getLogger(__name__)

MAX_TEMPLATES = 200  # of a tenant
MAX_VERSIONS = 1000  # of a template
MOST_SEEN = 10_000  # tenants of whose templates a process remembers the state
NAME = "[a-z0-9][a-z0-9_-]{0,59}"
RESERVED = ("test", "propose", "new", "import")  # addresses of the API and the pages
# What the API tells beside a template's own JSON, and lets pass when that comes back.
BESIDE = ("version", "starter", "note", "created_at", "created_by")


@dataclass(frozen=True, slots=True)
class Asked:
    """A template asked for: ``name`` is a starter's, or pinned as NAME@VERSION with its row."""

    name: str
    version: FieldTemplateVersion | None


def read_template(data: object, *, name: str = "") -> Template:
    """The template that parsed JSON describes, as exported or written by hand.

    ``name`` is the one it must have, if any; it may then be left out. Raises ``InvalidTemplate``,
    ``TemplateTooLarge``.
    """
    if isinstance(data, Mapping):
        data = {key: value for key, value in data.items() if key not in BESIDE}
        if name:
            data = {"name": name, **data}
    template = template_from_dict(data)
    if name and template.name != name:
        raise InvalidTemplate(f"template: /name: is not {name!r}, the name in the address")
    if not re.fullmatch(NAME, template.name) or template.name in RESERVED:
        raise InvalidTemplate(f"template: /name: {template.name.strip()!r} cannot be a name")
    if any(re.search("[\0\ud800-\udfff]", field.pattern) for field in template.fields):
        raise InvalidTemplate("template: a pattern holds characters that cannot be kept (NUL)")
    size = len(json.dumps(template_to_dict(template), ensure_ascii=False).encode())
    if size > MAX_BYTES:
        raise TemplateTooLarge(limit=MAX_BYTES, actual=size)
    return template


def parsed(version: FieldTemplateVersion) -> Template:
    """The template that a stored version is. Raises ``InvalidTemplate`` if it no longer is one."""
    return template_from_dict(version.content, version=str(version.number))


def create(
    *,
    tenant: Tenant,
    actor: Actor | None,
    template: Template,
    note: str = "",
    address: str | None = None,
) -> FieldTemplateVersion:
    """A new template, as its version 1. Raises ``TemplateExists``, ``TooManyTemplates``."""
    with transaction.atomic():
        _lock(tenant)
        if FieldTemplate.objects.for_tenant(tenant).filter(name=template.name).exists():
            raise TemplateExists(f"There is a template {template.name!r} already.")
        return _created(tenant, actor, template, note, address)


def replace(
    *,
    tenant: Tenant,
    actor: Actor | None,
    template: Template,
    expected: int | None = None,
    note: str = "",
    action: str = "template.update",
    address: str | None = None,
) -> tuple[FieldTemplateVersion, bool]:
    """The template as the newest version of its name, and whether the name is new.

    ``expected`` is the number of the version that the caller has changed, None to replace whatever
    is there, ``action`` the audit log's. Without a difference to the newest nothing is written.
    Raises ``VersionConflict``, ``TooManyTemplates``, ``TooManyVersions``.
    """
    with transaction.atomic():
        _lock(tenant)
        row = FieldTemplate.objects.for_tenant(tenant).filter(name=template.name).first()
        if expected is not None and (row is None or row.version != expected):
            now = f"is at version {row.version}" if row else "is not there"
            raise VersionConflict(f"You have version {expected}; the template {now}.")
        if row is None:
            return _created(tenant, actor, template, note, address), True
        newest = row.versions.get(number=row.version)
        content = template_to_dict(template)
        if newest.content == content:
            return newest, False
        return _added(row, actor, template, note, action, address), False


def restore(
    *, row: FieldTemplate, actor: Actor | None, number: int, address: str | None = None
) -> FieldTemplateVersion:
    """An earlier version copied as the newest. Raises ``TemplateNotFound`` for an unknown one."""
    with transaction.atomic():
        _lock(row.tenant)
        row = _still_there(row)
        wanted = row.versions.filter(number=number).first()
        if wanted is None:
            raise TemplateNotFound(f"{row.name!r} has no version {number}.")
        if number == row.version:
            return wanted
        note = f"Version {number} restored"
        return _added(row, actor, parsed(wanted), note, "template.restore", address)


def delete(*, row: FieldTemplate, actor: Actor | None, address: str | None = None) -> None:
    """Remove the template with its versions; jobs that wait for it will fail."""
    with transaction.atomic():
        _lock(row.tenant)
        row = _still_there(row)
        # so that no job can come to name one of them between Django's look for those and the end
        list(row.versions.select_for_update().values_list("pk", flat=True))
        audit.record(
            actor=actor,
            tenant=row.tenant,
            action="template.delete",
            obj=row,
            before={"name": row.name, "version": row.version},
            address=address,
        )
        row.delete()


def version_of(tenant: Tenant, name: str, number: int | None = None) -> FieldTemplateVersion | None:
    """A version of the tenant's own template of that name, the newest by itself; None if none."""
    versions = FieldTemplateVersion.objects.filter(
        template__in=FieldTemplate.objects.for_tenant(tenant).filter(name=name)
    ).select_related("template", "created_by", "api_key")
    if number is not None:
        versions = versions.filter(number=number)
    return versions.order_by("-number").first()


def starter(name: str) -> Template | None:
    """The starter of that name."""
    return next((each for each in starters() if each.name == name), None)


def resolve(tenant: Tenant, wanted: str) -> Asked:
    """What ``wanted``, NAME or NAME@VERSION, means now: the tenant's own before a starter.

    Raises ``TemplateNotFound``.
    """
    match = re.fullmatch(f"({NAME})(?:@([1-9][0-9]{{0,8}}))?", wanted)
    if match:
        number = int(match[2]) if match[2] else None
        version = version_of(tenant, match[1], number)
        if version:
            return Asked(str(version), version)
        if number is None and starter(wanted):
            return Asked(wanted, None)
    raise TemplateNotFound(f"There is no template {wanted[:80]!r}.")


def get(tenant: Tenant, wanted: str) -> Template:
    """The template that ``wanted`` means now, as ``resolve``. Raises ``TemplateNotFound``."""
    asked = resolve(tenant, wanted)
    template = parsed(asked.version) if asked.version else starter(asked.name)
    if template is None:
        raise TemplateNotFound()
    return template


def names(tenant: Tenant) -> list[tuple[str, str]]:
    """The names and labels of the tenant's own templates."""
    rows = FieldTemplate.objects.for_tenant(tenant).order_by("name")
    return list(rows.values_list("name", "label"))


_seen: dict[UUID, str] = {}  # tenant -> the last state that this process knows of


def state_of(tenant: Tenant) -> str:
    """What changes whenever one of the tenant's templates does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT jobs_templates_state(%s)", [tenant.pk])
        (state,) = cursor.fetchone()
    if len(_seen) >= MOST_SEEN:
        _seen.clear()
    _seen[tenant.pk] = state
    return str(state)


def state_seen(tenant: Tenant) -> str:
    """As ``state_of``, perhaps of before: for who is told where it is another."""
    return _seen.get(tenant.pk) or state_of(tenant)


def refuse_both(fields: Sequence[str], template: str) -> None:
    """Raises ``InvalidOption`` where fields and a template are asked for together."""
    if fields and template:
        raise InvalidOption("template: name a template or fields, not both")


def of_job(job: Job) -> Template | None:
    """The template that the job was submitted with, None where none was named.

    Raises ``TemplateNotFound`` where it has been deleted since.
    """
    return _named(job.options.get("template", ""), job.template_version_id)


def in_result(job: Job, name: str) -> Template | None:
    """The template of that name in the job's result; a part of a split file has its own.

    None for no name, and where it is deleted.
    """
    if "@" not in name:
        return starter(name) if name else None
    version = version_used(job.tenant, name) if job.documents else job.template_version
    return _still_valid(version) if version and str(version) == name else None


def version_used(tenant: Tenant, name: str) -> FieldTemplateVersion | None:
    """The row of a result's template; None for a starter, and where it has been deleted."""
    try:
        return resolve(tenant, name).version if "@" in name else None
    except TemplateNotFound:
        return None


def chosen(
    tenant: Tenant, classification: Classification, pages: Sequence[Page]
) -> Template | None:
    """The tenant's template for a document where none was named (``templates.chosen_for``).

    Of several, the one changed last. Only the chosen one is loaded whole.
    """
    rows = FieldTemplate.objects.for_tenant(tenant).filter(document_type=classification.kind)
    choices = [
        Template(
            row.name, row.label, (), row.document_type, tuple(row.issuers), None, str(row.version)
        )
        for row in rows.order_by("-updated_at", "-pk")[:MAX_TEMPLATES]
    ]
    choice = chosen_for(classification, pages, choices)
    version = version_of(tenant, choice.name, int(choice.version)) if choice else None
    return _still_valid(version) if version else None


def _still_valid(version: FieldTemplateVersion) -> Template | None:
    """The template of a stored version; None, and a word in the log, if it no longer is one."""
    try:
        return parsed(version)
    except InvalidTemplate as error:
        logger.error("template %s is no longer one: %s", version.pk, error)
        return None


def _named(name: str, version_id: int | None) -> Template | None:
    if "@" not in name:
        return starter(name) if name else None
    versions = FieldTemplateVersion.objects.select_related("template")
    version = versions.filter(pk=version_id).first() if version_id else None
    if version is None or str(version) != name:
        raise TemplateNotFound(f"The template {name!r} has been deleted since.")
    return parsed(version)


def _lock(tenant: Tenant) -> None:
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def _still_there(row: FieldTemplate) -> FieldTemplate:
    """The row as it is now. Raises ``TemplateNotFound``."""
    now = FieldTemplate.objects.select_related("tenant").filter(pk=row.pk).first()
    if now is None:
        raise TemplateNotFound(f"The template {row.name!r} has been deleted.")
    return now


def _created(
    tenant: Tenant, actor: Actor | None, template: Template, note: str, address: str | None
) -> FieldTemplateVersion:
    count = FieldTemplate.objects.for_tenant(tenant).count()
    if count >= MAX_TEMPLATES:
        raise TooManyTemplates(limit=MAX_TEMPLATES, actual=count + 1)
    row = FieldTemplate.objects.create(tenant=tenant, name=template.name, version=0)
    return _added(row, actor, template, note, "template.create", address)


def _added(
    row: FieldTemplate,
    actor: Actor | None,
    template: Template,
    note: str,
    action: str,
    address: str | None,
) -> FieldTemplateVersion:
    """The template as the row's next version."""
    before = row.version
    if before >= MAX_VERSIONS:
        raise TooManyVersions(limit=MAX_VERSIONS, actual=before + 1)
    row.version, row.updated_at = before + 1, timezone.now()
    row.label, row.document_type = template.label, template.document_type
    row.issuers = list(template.issuers)
    row.save(update_fields=["version", "updated_at", "label", "document_type", "issuers"])
    version = FieldTemplateVersion.objects.create(
        template=row,
        number=row.version,
        content=template_to_dict(template),
        note=note,
        created_by=actor.user if actor else None,
        api_key=actor.api_key if actor else None,
    )
    audit.record(
        actor=actor,
        tenant=row.tenant,
        action=action,
        obj=row,
        before={"name": row.name, "version": before} if before else None,
        after={"name": row.name, "version": row.version},
        address=address,
    )
    return version
