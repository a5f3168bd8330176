"""What a reviewer's form says of a field, read and kept."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import QueryDict

from accounts.tenancy import Actor
from extraction.errors import ExtractionError, InvalidOption, InvalidValue, WrongCheckSum
from extraction.fields.corrected import Kept
from extraction.types import Box
from jobs import corrections, review_sheet, review_words
from jobs.corrections import Change
from jobs.errors import ReviewTaken, VersionConflict
from jobs.review_grid import grid_of
from jobs.review_sheet import Desk, Row

ROW_ID = re.compile(r"\d{1,5}|new\d{1,5}")
MOST_ROWS = 2_000


def answer(
    desk: Desk, name: str, form: QueryDict, *, actor: Actor, address: str | None
) -> tuple[Row, ExtractionError | None]:
    """Keep what the form says of the field; the row as it was sent, and why it was refused.

    ``desk`` is the document as it stands now. Raises Http404 for an unknown field, and what is no
    fault of the person's: ``ResultNotReady``, ``NoResult``.
    """
    document = _number(form.get("document", ""))
    row = _row(desk, name, document)
    sent = _as_sent(row, form)
    try:
        change = change_of(row, form)
        corrections.correct(
            desk.job, name, change=change, document=document, actor=actor, address=address
        )
    except (InvalidValue, InvalidOption, VersionConflict, ReviewTaken) as error:
        return sent, error
    return sent, None


def refused(desk: Desk, sent: Row, error: ExtractionError) -> Desk:
    """The document as it stands, with what was sent of one field and why that was refused.

    After a conflict the field has its newest version, so that sending again puts it over that.
    """
    now = next((row for row in desk.rows if row.key == sent.key), sent)
    shown = replace(now, text=sent.text, grid=sent.grid)
    problem = review_words.refusal_in_words(error, now.field)
    if isinstance(error, VersionConflict) and now.text:
        problem = f"{problem} {review_words.now_in_words(now.text)}"
    force = isinstance(getattr(error, "error", error), WrongCheckSum)
    return review_sheet.with_problem(desk, shown, problem, may_force=force)


def change_of(row: Row, form: QueryDict) -> Change:
    """What the form says. Raises ``InvalidValue``, ``InvalidOption``."""
    version = _number(form.get("version", "")) or 0
    done, _, number = form.get("do", "say").partition(":")
    value = row.state.value
    if done == "absent":
        return Change(version)
    if done == "choice":
        return _choice(row, version, _number(number))
    if done == "back":
        return _back(row, version, _number(number))
    force = form.get("force") == "yes"
    page, box = _number(form.get("page", "")), _box(form.get("box", ""))
    if row.grid is not None:
        return _table(row, version, form, force)
    text = _text(form)
    if not text:
        raise InvalidValue(f"{row.field.label}: the text is empty.")
    if value is not None and text == row.text:
        if box is None:
            return Change(version, right=True)
        return Change(version, raw=value.raw, value=value.value, page=page, box=box, force=True)
    if page is None and value is not None and value.box is None:
        page = value.page  # it has no places: the page is all that is known
    return Change(version, raw=text, page=page, box=box, force=force)


def _choice(row: Row, version: int, number: int | None) -> Change:
    """One of the other values that were read."""
    others = row.state.value.alternatives if row.state.value else ()
    if number is None or not 1 <= number <= len(others):
        raise InvalidOption("There is no such choice.")
    other = others[number - 1]
    return Change(
        version, raw=other.raw, value=other.value, page=other.page, box=other.box, force=True
    )


def _back(row: Row, version: int, number: int | None) -> Change:
    """A value that the field had before."""
    for said in row.said:
        if said.version == number and said.text:
            return Change(version, raw=said.text, force=True)
    raise InvalidOption("There is no such version.")


def _table(row: Row, version: int, form: QueryDict, force: bool) -> Change:
    """The rows in the order of the form; cells that it does not change stay as they are."""
    assert row.grid is not None
    value = row.state.value
    given: list[Mapping[str, Any]] = list(value.value or []) if value else []
    cells, order = _cells(form), _order(form)
    rows = []
    for each in order:
        old = given[int(each)] if each.isdecimal() and int(each) < len(given) else {}
        kept: dict[str, Any] = {name: Kept(cell) for name, cell in old.items()}
        for column in row.field.columns:
            text = cells.get((each, column.name))
            if text is not None and text != review_words.shown_value(old.get(column.name)):
                kept[column.name] = text
        if any(cell for cell in kept.values()):
            rows.append(kept)
    unchanged = order == [str(at) for at in range(len(given))] and all(
        isinstance(cell, Kept) for each in rows for cell in each.values()
    )
    if value is not None and unchanged and len(rows) == len(given):
        return Change(version, right=True)
    return Change(version, raw=rows, page=value.page if value else None,
                  box=value.box if value else None, force=force)  # fmt: skip


def _as_sent(row: Row, form: QueryDict) -> Row:
    """The row with what the person has written in it."""
    if form.get("do", "say") != "say":
        return row
    if row.grid is None:
        return replace(row, text=_text(form))
    grid = grid_of(
        row.field,
        row.state.value,
        all_columns=not row.grid.hidden,
        order=_order(form),
        sent=_cells(form),
    )
    return replace(row, grid=grid)


def _row(desk: Desk, name: str, document: int | None) -> Row:
    for row in desk.rows:
        if (row.state.name, row.state.document) == (name, document):
            return row
    document = corrections.part_of(desk.job, document)
    field = corrections.field_of(desk.job, name, document)  # 404 for one that nobody knows
    raise InvalidOption(f"{field.label} is not shown.")


def _text(form: QueryDict) -> str:
    lines = form.get("text", "").replace("\r\n", "\n").split("\n")
    return "\n".join(line.strip() for line in lines).strip()


def _order(form: QueryDict) -> list[str]:
    ids = [each for each in str(form.get("rows") or "").split(",") if ROW_ID.fullmatch(each)]
    return list(dict.fromkeys(ids))[:MOST_ROWS]


def _cells(form: QueryDict) -> dict[tuple[str, str], str]:
    """The texts of the form's cells, by row and column."""
    cells = {}
    for key in form:
        kind, _, place = key.partition(":")
        row, _, column = place.partition(":")
        if kind == "cell" and ROW_ID.fullmatch(row):
            cells[row, column] = " ".join(str(form[key]).split())
    return cells


def _number(text: str | None) -> int | None:
    if not text or not text.isascii() or not text.isdecimal() or len(text) > 6:
        return None
    return int(text)


def _box(text: str) -> Box | None:
    return box_of(text) if text else None


def box_of(text: str) -> Box:
    """A box as "left,top,right,bottom" in points. Raises ``InvalidOption``."""
    try:
        x0, y0, x1, y1 = (float(edge) for edge in text.split(","))
    except ValueError:
        raise InvalidOption("box: left, top, right and bottom in points.") from None
    if not all(map(math.isfinite, (x0, y0, x1, y1))):
        raise InvalidOption("box: left, top, right and bottom in points.")
    return x0, y0, x1, y1
