"""What an invoice says, in the language of the page it is shown on: its lines and their quantities.

An invoice keeps its lines in English, as they were issued; they say what their numbers say.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext, ngettext

from accounts.numerals import numeral
from accounts.statements import BASE_FEE, CREDIT, LATE_PAGES, PAGES, TRAINING, Line

BASE = re.compile(r"(?P<plan>.*): base fee(?:, (?P<first>\d+) to (?P<last>\d+) \w+)?", re.DOTALL)


def line_text(line: Line) -> str:
    """What the line is for."""
    given = {"engine": line.engine}
    if line.kind == PAGES and line.engine:
        return gettext("Pages read by %(engine)s") % given
    if line.kind == LATE_PAGES and line.engine:
        return gettext("Pages read by %(engine)s, of earlier months") % given
    if line.kind == TRAINING:
        late = line.text.endswith(", of earlier months")
        return (
            gettext("Training of models, of earlier months")
            if late
            else gettext("Training of models")
        )
    if line.kind == BASE_FEE and (base := BASE.fullmatch(line.text)):
        if base["first"]:
            return gettext("%(plan)s: base fee, day %(first)s to %(last)s of the month") % (
                base.groupdict()
            )
        return gettext("%(plan)s: base fee") % base.groupdict()
    if line.kind == CREDIT:
        return gettext("Credit: %(reason)s") % {"reason": line.text.removeprefix("Credit: ")}
    return line.text  # a credit note's, in the operator's words


def quantity_text(line: Line) -> str:
    """How much of it: "1,200 pages", "12 of 31 days"."""
    count = numeral(line.quantity.normalize(), ",f")
    if line.unit == "pages":
        return ngettext("%(count)s page", "%(count)s pages", int(line.quantity)) % {"count": count}
    if line.unit == "seconds":
        return gettext("%(count)s seconds") % {"count": count}
    if days := re.fullmatch(r"of (\d+) days", line.unit):
        return gettext("%(count)s of %(days)s days") % {"count": count, "days": days[1]}
    return f"{count} {line.unit}".rstrip()
