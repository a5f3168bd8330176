"""Table fields: the rows of the tables whose headings are a field's columns."""

from extraction.fields.tabular.table_field import rows_of_field

__all__ = ["rows_of_field"]
