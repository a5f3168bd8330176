"""Tables: drawn ones from the rules on the page, others from words that stand in columns."""

from extraction.tables.aligned import aligned
from extraction.tables.cells import Found, is_number
from extraction.tables.drawn import ruled

__all__ = ["Found", "aligned", "is_number", "ruled"]
