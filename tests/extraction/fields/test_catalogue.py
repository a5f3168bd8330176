from __future__ import annotations

import re

from extraction.fields import CATALOGUE, of_type
from extraction.fields.document_types import DOCUMENT_TYPES
from extraction.fields.kinds import KINDS

NAME = re.compile(r"[a-z]+(_[a-z]+)*")
LANGUAGES = {"en", "de", "fr", "es", "it", "nl", "pl", "ms"}


def test_catalogue_has_more_than_sixty_fields_of_every_kind() -> None:
    assert len(CATALOGUE) >= 60
    columns = {column.kind for field in CATALOGUE for column in field.columns}
    assert {field.kind for field in CATALOGUE} == KINDS.keys()
    assert columns <= KINDS.keys()


def test_catalogue_names_are_unique_words() -> None:
    names = [field.name for field in CATALOGUE]
    assert len(set(names)) == len(names)
    assert [name for name in names if not NAME.fullmatch(name)] == []
    for field in CATALOGUE:
        columns = [column.name for column in field.columns]
        assert len(set(columns)) == len(columns)


def test_catalogue_fields_belong_to_known_types_of_documents() -> None:
    types = [row.name for row in DOCUMENT_TYPES]
    assert {name for field in CATALOGUE for name in field.document_types} == set(types)
    assert [field.name for field in CATALOGUE if not field.document_types] == []
    assert [name for name in types if len(of_type(name)) < 5] == []


def test_catalogue_fields_have_labels_but_for_tables_that_have_columns() -> None:
    for field in CATALOGUE:
        assert bool(field.columns) == (field.kind == "table")
        assert bool(field.synonyms) != bool(field.columns), field.name
        assert all(column.synonyms for column in field.columns)


def test_catalogue_patterns_match_what_they_are_for() -> None:
    patterns = {field.name: field.pattern for field in CATALOGUE if field.pattern}
    good = {
        "transaction_time": ["9:05", "23.59:01", "11:20 AM", "21h45"],
        "sex": ["F", "männlich"],
        "container_number": ["CSQU3054383", "CSQU 305438-3"],
    }
    bad = {
        "transaction_time": ["24:71", "12", "05.12.22", "2021-10:20"],
        "sex": ["Anna", "Q"],
        "container_number": ["CSQA3054383", "CSQU30543"],
    }
    assert patterns.keys() == good.keys()
    for name, pattern in patterns.items():
        assert all(re.search(pattern, text) for text in good[name])
        assert not any(re.search(pattern, text) for text in bad[name])


def test_only_one_field_of_a_kind_counts_without_a_label() -> None:
    kinds = [field.kind for field in CATALOGUE if field.unlabelled]
    assert sorted(set(kinds)) == sorted(kinds)


def test_of_type_gives_the_fields_of_any_of_the_types_in_the_catalogues_order() -> None:
    fields = of_type("passport", "payslip")
    assert {"surname", "net_pay"} <= {field.name for field in fields}
    assert list(fields) == [f for f in CATALOGUE if {"passport", "payslip"} & {*f.document_types}]
    assert "net_pay" not in {field.name for field in of_type("invoice", "receipt")}


def test_document_types_have_titles_in_eight_languages() -> None:
    assert len({row.name for row in DOCUMENT_TYPES}) == len(DOCUMENT_TYPES)
    for row in DOCUMENT_TYPES:
        assert row.titles.keys() == LANGUAGES
        assert all(row.titles.values())
