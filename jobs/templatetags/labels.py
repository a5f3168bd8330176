"""For templates: labels of the catalogue as `jobs.labels` has them, and of roles."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext

from accounts.permissions import Role
from jobs import labels

register = template.Library()
register.filter("field_label", labels.field_label)
register.filter("kind_label", labels.kind_label)
register.filter("document_type", labels.type_label)
register.filter("template_label", labels.template_label)


@register.filter
def role_label(role: str | None) -> str:
    """What a role is called; "" without one."""
    return gettext(Role(role).label) if role else ""
