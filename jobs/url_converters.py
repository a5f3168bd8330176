"""Names in addresses, so that what cannot be one is 404."""

import re

from django.urls import register_converter

from extraction.formats import FORMATS
from jobs import job_files, templates
from jobs.batch_export import EXPORTS


class FormatName:
    """The name of an output format, so that an unknown one is 404."""

    regex = "|".join(FORMATS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class FieldName(FormatName):
    """What may be the name of a field."""

    regex = "[a-z][a-z0-9_]{0,99}"


class ExportName(FormatName):
    """The name of a batch's export."""

    regex = "|".join(map(re.escape, EXPORTS))


class TableName(FormatName):
    """The name of a file of a table."""

    regex = "|".join(job_files.SEPARATORS)


class TemplateName(FormatName):
    """The name of a template, so that what cannot be one is 404."""

    regex = templates.NAME


register_converter(FormatName, "format")
register_converter(FieldName, "field")
register_converter(ExportName, "export")
register_converter(TableName, "table")
register_converter(TemplateName, "template")
