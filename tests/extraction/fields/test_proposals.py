"""What a sample document suggests as fields, and what it does not."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from extraction.fields import CATALOGUE
from extraction.fields.match import find
from extraction.fields.proposals import MOST, labelled, proposed
from extraction.types import Block, Line, Page, Word

Place = tuple[str, float, float]  # text, left, top


def page(*texts: str | Place, blocks: tuple[Block, ...] = ()) -> tuple[Page, ...]:
    """A page with those lines of 10 points, 20 points apart where no place is given."""
    lines = []
    for index, text in enumerate(texts):
        text, left, top = (text, 50.0, 50.0 + 20 * index) if isinstance(text, str) else text
        words, x = [], left
        for word in text.split():
            words.append(Word(word, (x, top, x + 6 * len(word), top + 10)))
            x += 6 * len(word) + 5
        lines.append(Line(text, (left, top, x, top + 10), None, tuple(words)))
    return (Page(1, 595, 842, lines=tuple(lines), blocks=blocks),)


def told(pages: Sequence[Page]) -> list[tuple[str, str]]:
    """Names and kinds of the fields proposed."""
    fields = proposed(labelled(pages), find(pages, CATALOGUE))
    return [(field.name, field.kind) for field in fields]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("KS-0815", "id"),
        ("Erika Mustermann", "text"),
        ("05.02.2026", "date"),
        ("12.50 EUR", "money"),
        ("19 %", "percent"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("ann@example.com", "email"),
        ("https://example.com/a", "url"),
        ("+49 30 1234567", "phone"),
        ("[x]", "checkbox"),
    ],
)
def test_kind_is_told_by_the_value(text: str, kind: str) -> None:
    (pair,) = labelled(page(f"Baustelle: {text}"))
    assert (pair.label, pair.raw, pair.kind, pair.fields) == ("Baustelle", text, kind, ())
    (field,) = proposed([pair], ())
    assert (field.name, field.label, field.kind) == ("baustelle", "Baustelle", kind)
    assert field.synonyms == ("Baustelle",)
    assert field.examples == ((text,) if kind == "id" else ())


def test_value_stands_behind_to_the_right_or_below() -> None:
    (behind,) = labelled(page("Kostenstelle: KS-100"))
    (right,) = labelled(page(("Kostenstelle:", 50, 50), ("KS-100", 200, 50)))
    (below,) = labelled(page(("Kostenstelle:", 50, 50), ("KS-100", 50, 64)))
    assert {behind.raw, right.raw, below.raw} == {"KS-100"}
    assert right.box == (200, 50, 236, 60)
    assert below.box[1] == 64
    assert labelled(page(("Kostenstelle:", 50, 50), ("KS-100", 400, 50))) == (), "too far"
    assert labelled(page(("Bemerkung:", 50, 50), ("Alles Gut", 50, 64))) == (), "a heading"


def test_catalogues_fields_and_found_values_are_not_proposed_again() -> None:
    pages = page(
        "Tax invoice",
        "Invoice number: 4711",
        "Kostenstelle: KS-0815",
        "Due date: 2026-02-01",
        "Total due: EUR 9.00",
    )
    assert told(pages) == [("kostenstelle", "id")]
    means = {pair.label: pair.fields for pair in labelled(pages)}
    assert means["Invoice number"] == ("invoice_number",)
    assert means["Kostenstelle"] == ()


@pytest.mark.parametrize(
    "text",
    [
        "Please note: goods remain ours until they are paid",
        "Please note: payment within 14 days",
        "Bitte beachten: die Ware ist noch nicht bezahlt.",
        "as we wrote in our letter: 4711",
        "We have sent you everything that you wanted: 4711",
        "see: 4711",
        "12:30",
        "http://example.com/a",
        "Remark: a, b, c,",
        "A: 4711",
        ": 4711",
        "Kostenstelle:",
        "Kostenstelle 4711",
        "Long: " + "X" * 61,
    ],
)
def test_running_text_is_left_alone(text: str) -> None:
    assert labelled(page(text)) == ()


def test_line_of_a_paragraph_is_left_alone() -> None:
    prose = "We thank you for what you have ordered and send it to the address that you gave us. "
    block = Block("p1-b1", "paragraph", prose * 2 + "Kostenstelle: 4711", (40, 40, 400, 110))
    texts = [prose[:60], "Kostenstelle: 4711"]
    assert labelled(page(*texts, blocks=(block,))) == ()
    form = Block("p1-b1", "paragraph", "Name: X Ort: Y Kostenstelle: 4711", (40, 40, 400, 110))
    assert len(labelled(page(*texts, blocks=(form,)))) == 1


def test_names_are_letters_digits_and_distinct() -> None:
    labels = ["Straßenbau", "Łódź / Kod", "Количество", "Цвет", "Colour code"]
    pairs = labelled(page(*(f"{label}: AB-12{n}" for n, label in enumerate(labels))))
    names = [field.name for field in proposed(pairs, ())]
    assert names == ["strassenbau", "lodz_kod", "field", "field_2", "colour_code"]
    assert all(re.fullmatch("[a-z][a-z0-9_]{0,59}", name) for name in names)
    assert not set(names) & {field.name for field in CATALOGUE}


def test_same_label_is_proposed_once_and_no_more_than_some() -> None:
    assert told(page("Kostenstelle: 4711", "KOSTENSTELLE: 4712")) == [("kostenstelle", "id")]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    many = page(*(f"Zq{a}{b}: AB-1234" for a in letters[:6] for b in letters[:6]))
    assert len(told(many)) == MOST
