"""The pages of comparisons: begun, watched, looked at; then what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Role
from jobs.models import Comparison, Job
from tests.documents import text_pdf
from tests.jobs.comparing import make_comparison, run_comparison
from tests.jobs.making import PDF, form_file
from tests.jobs.test_views import page, signed_in, text_of
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def browser(acme: Organisation) -> Client:
    """The owner of acme, signed in."""
    return signed_in(acme.owner)


def send(client: Client, path: str = "/compare", **data: Any) -> Any:
    found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page(client, "/compare"))
    assert found
    return client.post(path, {"csrfmiddlewaretoken": found[1], **data})


def test_form_begins_a_comparison_that_can_be_watched(browser: Client) -> None:
    assert "No comparisons yet" in page(browser, "/compare")
    answer = send(browser, file=form_file(PDF, "mine.pdf"), engines=["auto", "text-layer"])
    made = Comparison.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/compare/{made.pk}")
    watched = page(browser, answer["Location"])
    assert 'hx-trigger="every 1s"' in watched
    assert "when all engines have ended" in watched
    run_comparison(made)
    shown = page(browser, answer["Location"], HTTP_HX_REQUEST="true")
    assert shown.lstrip().startswith("<div")
    assert "every 1s" not in shown
    assert "auto and text-layer 100 % 100 % 100 % 0" in text_of(shown)
    listed = text_of(page(browser, "/compare"))
    assert "mine.pdf Completed auto, text-layer" in listed


def test_differences_are_marked_beside_the_chosen_text(acme: Organisation, browser: Client) -> None:
    hostile = "Total 118 <script>alert(1)</script>"
    body = text_pdf(["Total 119 for everything that was ordered"])
    made = make_comparison(acme, body, text=hostile, truth={"total_amount": "118"})
    run_comparison(made)
    beside_truth = page(browser, f"/compare/{made.pk}")
    assert "<mark>119 for everything that was ordered</mark>" in beside_truth
    assert "&lt;script&gt;alert(1)" in beside_truth
    assert "<script>alert" not in beside_truth
    beside_auto = page(browser, f"/compare/{made.pk}?base=auto&page=1")
    assert "<mark>118 &lt;script&gt;alert(1)&lt;/script&gt;</mark>" in beside_auto
    assert 'aria-current="true">Beside auto' in beside_auto
    elsewhere = page(browser, f"/compare/{made.pk}?base=nonesuch&page=77")
    assert text_of(elsewhere) == text_of(beside_truth)


def test_a_field_is_right_wrong_or_missed(acme: Organisation, browser: Client) -> None:
    truth = {"invoice_number": "A-17", "total_amount": "118", "due_date": "2026-01-31"}
    body = text_pdf(["Invoice number: A-17", "Total amount: 119.00 EUR"])
    made = make_comparison(acme, body, truth=truth)
    run_comparison(made)
    shown = text_of(page(browser, f"/compare/{made.pk}"))
    assert "auto: 1 of 3 right, 1 wrong, 1 missed" in shown
    assert "A-17 right A-17 right A-17" in shown
    assert "119.00 EUR wrong 119.00 EUR wrong 118" in shown
    assert "not found missed not found missed 2026-01-31" in shown


def test_failures_say_what_to_do_and_deleting_takes_all(
    acme: Organisation, browser: Client
) -> None:
    made = make_comparison(acme, b"%PDF-1.7 and then nothing")
    run_comparison(made)
    shown = text_of(page(browser, f"/compare/{made.pk}"))
    assert shown.count("Failed") == 2
    assert "No engine has read a page." in shown
    answer = send(browser, f"/compare/{made.pk}/delete")
    assert answer["Location"] == "/compare"
    assert (Comparison.objects.count(), Job.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"engines": ["auto", "text-layer"]}, "Choose a document."),
        ({"file": PDF, "engines": ["auto"]}, "Tick 2 to 5 engines."),
        ({"file": PDF}, "Tick 2 to 5 engines."),
        ({"file": PDF, "engines": ["auto", "rapidocr"], "pages": "x"}, "is not a page"),
        ({"file": b"no document", "engines": ["auto", "rapidocr"]}, "Save or print the document"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_form(
    data: dict[str, Any], said: str, browser: Client
) -> None:
    if "file" in data:
        data = {**data, "file": form_file(data["file"])}
    answer = send(browser, **data)
    assert answer.status_code in (400, 415)
    assert said in answer.content.decode()
    assert Comparison.objects.count() == 0


def test_form_without_its_token_is_refused(browser: Client) -> None:
    sent = {"file": form_file(), "engines": ["auto", "text-layer"]}
    assert browser.post("/compare", sent).status_code == 403
    assert Job.objects.count() == 0


def test_who_only_looks_on_sees_no_form(acme: Organisation) -> None:
    make_comparison(acme)
    shown = page(signed_in(acme.join(Role.REVIEWER)), "/compare")
    assert "a.pdf" in shown
    assert "<form class" not in shown
