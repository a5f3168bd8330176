"""accounts/sentences.py and its tables: the API's English said on pages in their language."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from accounts.refusal_words import refusal_words
from accounts.sentences import Sentences
from extraction.documents import parse_pages
from extraction.errors import InvalidOption
from extraction.types import Failure
from jobs.failure_details import detail_words
from jobs.viewer import explain

FILES = Sentences(["The plan allows %(limit)s jobs queued and running at once."])


def test_english_stays_as_it_is() -> None:
    with override("en"):
        assert FILES.said("Whatever it says.") == "Whatever it says."


def test_sentence_is_said_with_its_parts() -> None:
    with override("de"):
        assert FILES.said("The plan allows 1,200 jobs queued and running at once.") == (
            "Der Tarif erlaubt 1.200 gleichzeitig wartende und laufende Aufträge."
        )
        assert FILES.said("The plan allows everything.") == ""
        assert refusal_words("These scopes allow more than you may do: jobs:read, <b>.") == (
            "Diese Berechtigungen erlauben mehr, als Sie selbst dürfen: jobs:read, <b>."
        )
        assert refusal_words("Something new.") == "Something new."


def test_failure_tells_title_detail_and_advice_in_the_language_of_the_page() -> None:
    failure = Failure("empty_document", "The document has no pages", "The file has no content.")
    with override("de"):
        told = explain(failure)
        assert (told.title, told.detail) == (
            "Das Dokument hat keine Seiten",
            "Die Datei hat keinen Inhalt.",
        )
        other = explain(Failure("engine_failed", "The engine failed", "peft is not installed"))
        assert (other.title, other.detail) == ("Die Engine ist an dieser Seite gescheitert", "")


def test_details_are_those_that_are_raised() -> None:
    for pages, said in (("a", "„a“ ist keine Seite"), ("9", "Es gibt keine Seite 9")):
        with override("de"), pytest.raises(InvalidOption) as refused:
            parse_pages(pages, 5)
        with override("de"):
            assert detail_words(refused.value.detail).startswith(said)


def test_hostile_parts_cost_no_time() -> None:
    """Parts may be anybody's text: it is matched in a time that does not grow with it."""
    hostile = "template: " + ": x is not of type '" * 50_000
    with override("de"):
        assert detail_words(hostile) == ""
        assert refusal_words(hostile) == hostile
