from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import override

import jobs.api_urls
import jobs.urls
import learning.urls
from extraction.errors import ExtractionError
from extraction.types import Failure
from jobs.failure_titles import TITLES
from jobs.viewer import explain

assert jobs.urls and jobs.api_urls
assert learning.urls  # with them every class is loaded


def classes(of: type[ExtractionError] = ExtractionError) -> Iterator[type[ExtractionError]]:
    """All classes of expected failures of the product."""
    for each in of.__subclasses__():
        if not each.__module__.startswith("tests."):
            yield each
        yield from classes(each)


def test_every_failure_has_its_title_to_be_translated() -> None:
    own = {each.code: each.title for each in reversed(list(classes()))}
    with override("en"):
        assert {code: str(title) for code, title in TITLES.items()} == own


def test_page_tells_the_title_of_the_code() -> None:
    with override("de"):
        told = explain(Failure("expired", "as it was stored", "Why."))
        assert (told.title, told.detail) == (str(TITLES["expired"]), "")
    assert (
        explain(Failure("of_an_older_version", "as it was stored", "")).title == "as it was stored"
    )
