from __future__ import annotations

from django.template.loader import render_to_string

from jobs.shown_page import show
from tests.extraction.formats.test_grounded import document


def test_text_that_the_page_does_not_have_is_marked_and_not_drawn_on_it() -> None:
    (page,) = document().pages
    shown = show(page)
    assert [line.text for line in shown.placed] == ["Invoice 4711", "Total 12.80", "Tea", "2.80"]
    said = render_to_string("jobs/_text.html", {"shown": shown, "row": page})
    assert said.count("(the page reads otherwise)") == 1
    assert said.count("(not found on the page)") == 3  # the line, and two cells
    assert said.index("12.80") < said.index("(the page reads otherwise)") < said.index("Voucher")
