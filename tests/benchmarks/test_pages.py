"""benchmarks/pages.py: every page takes as many queries among many rows as among few."""

from __future__ import annotations

import pytest

from benchmarks import busy_organisation
from benchmarks.pages import PAGES, asked, queries
from tests.pages.everything import everything
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def test_every_page_takes_the_same_queries_among_many_rows(acme: Organisation) -> None:
    pages = everything(acme)
    busy_organisation.fill(5, "acme", pages.invoice)
    few = {name: queries(page) for name, page in asked(pages).items() if name not in PAGES}
    assert len(few) > 110
    busy_organisation.surround(acme, pages.pk, 30)
    busy_organisation.fill(150, "acme", pages.invoice)
    busy_organisation.enlarge(acme, pages.pk, 30)
    many = {name: queries(page) for name, page in asked(pages).items() if name not in PAGES}
    grown = {name: (few[name], count) for name, count in many.items() if count > few[name]}
    assert grown == {}
