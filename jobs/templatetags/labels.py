"""For templates: labels of the catalogue as `jobs.labels` has them."""

from __future__ import annotations

from django import template

from jobs import labels

register = template.Library()
register.filter("field_label", labels.field_label)
register.filter("kind_label", labels.kind_label)
register.filter("document_type", labels.type_label)
register.filter("template_label", labels.template_label)
