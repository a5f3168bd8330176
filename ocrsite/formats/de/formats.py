"""How German pages write dates, and numbers in markup: as SVG, CSS and ``value=`` need them.

Numbers for people are written by `accounts.numerals`. Times are Django's.
"""

from __future__ import annotations

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ""
NUMBER_GROUPING = 0

# The dates of pages by how English has them: Django looks a format up by its name, which is what
# the filter ``date`` and ``date_format`` are given
DATES = {
    "M Y": "N Y",
    "d M, H:i": "d. N, H:i",
    "j F": "j. F",
    "j F Y": "j. F Y",
    "j F Y, H:i": "j. F Y, H:i",
    "j F Y, H:i e": "j. F Y, H:i e",
    "j M": "j. N",
    "j M Y": "j. N Y",
    "j M Y, H:i": "j. N Y, H:i",
    "j M Y, H:i e": "j. N Y, H:i e",
    "j M Y, H:i:s": "j. N Y, H:i:s",
    "j M Y, H:i:s T": "j. N Y, H:i:s T",
    "j M, H:i:s": "j. N, H:i:s",
}
globals().update(DATES)
