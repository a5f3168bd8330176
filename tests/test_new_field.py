"""A new predefined field is one row in the catalogue: all else derives from it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator

import pytest
from django.test import Client

from extraction.fields import CATALOGUE, Field, known, of_type
from extraction.fields.labels import labels_of
from extraction.fields.match import find
from extraction.fields.templates import starters
from extraction.types import Page
from jobs.forms import UploadForm
from jobs.models import Job
from tests import test_docs
from tests.extraction.test_level import line
from tests.jobs.making import PDF, form_file
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]

BERTH = Field(
    "berth_number", "Berth number", "id", ("berth no",), document_types=("bill_of_lading",)
)


@pytest.fixture
def with_berth(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue with one row more, wherever it has been imported."""
    importlib.import_module("ocrsite.urls")  # all that is imported with the first request
    before = CATALOGUE  # this module's name for it is one of those that are changed
    for module in list(sys.modules.values()):
        if getattr(module, "CATALOGUE", None) is before:
            monkeypatch.setattr(module, "CATALOGUE", (*before, BERTH))
    made_of_it = (labels_of, starters)
    for each in made_of_it:
        each.cache_clear()
    yield
    monkeypatch.undo()
    for each in made_of_it:
        each.cache_clear()


@pytest.mark.usefixtures("with_berth")
def test_a_row_in_the_catalogue_is_all_that_a_new_field_takes(acme: Organisation) -> None:
    places = set()

    listed = acme.api().get("/api/v1/fields?document_type=bill_of_lading").json()["fields"]
    if "berth_number" in [field["name"] for field in listed]:
        places.add("list of the API")

    sent = {"file": form_file(PDF), "fields": "berth_number"}
    answer = acme.api().post("/api/v1/ocr/jobs", sent, format="multipart")
    if answer.status_code == 202 and Job.objects.get().options["fields"] == ["berth_number"]:
        places.add("option of the API")

    groups = dict(UploadForm().fields["fields_wanted"].choices)  # type: ignore[attr-defined]
    if ("berth_number", "Berth number") in groups["Bill of lading"]:
        places.add("choices of the form")

    browser = Client()
    browser.force_login(acme.owner)
    if b'value="berth_number"' in browser.get("/jobs/new").content:
        places.add("page")

    page = Page(1, 600, 800, lines=(line("Berth No. 47A", 60, 100),))
    if [value.value for value in find([page], known(["berth_number"]))] == ["47A"]:
        places.add("finder")

    with pytest.raises(AssertionError, match="berth_number"):
        test_docs.test_table_of_fields_is_the_catalogue()
    places.add("check of the documentation")

    assert places == {
        "list of the API",
        "option of the API",
        "choices of the form",
        "page",
        "finder",
        "check of the documentation",
    }


def test_without_the_row_there_is_no_such_field(acme: Organisation) -> None:
    labels_of.cache_clear()
    answer = acme.api().get("/api/v1/fields").json()
    assert [field["name"] for field in answer["fields"]] == [field.name for field in CATALOGUE]
    page = Page(1, 600, 800, lines=(line("Berth No. 47A", 60, 100),))
    assert find([page], of_type("invoice", "receipt")) == ()
