"""The pages of templates: listed, looked at, imported, compared, restored, learned, deleted."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.permissions import Role
from benchmarks.vendor_papers import template
from extraction.fields.templates import template_to_dict
from jobs import templates
from jobs.models import FieldTemplate, FieldTemplateVersion, Job
from tests.jobs.making import form_file, make_job
from tests.jobs.templated import ACME, DOCUMENT, done
from tests.jobs.test_learning import corrected, paper, read
from tests.jobs.test_views import page, text_of
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
SEEN = {"value": '"x"', "shape": "x", "left": "a", "above": "", "page": 1, "place": [0.5, 0.5]}


@pytest.fixture
def browser(acme: Organisation) -> Client:
    """The owner of acme, signed in."""
    client = Client()
    client.force_login(acme.owner)
    return client


def make(acme: Organisation, **more: Any) -> FieldTemplateVersion:
    """A template of acme's, or its next version."""
    template = templates.read_template({**ACME, **more})
    return templates.replace(tenant=acme.tenant, actor=acme.member, template=template)[0]


def words(client: Client, path: str) -> str:
    return text_of(page(client, path))


def test_list_shows_own_templates_with_their_use_and_the_starters(
    browser: Client, acme: Organisation, stranger: Organisation
) -> None:
    assert "No templates of your own yet" in words(browser, "/templates")
    make(acme)
    make(acme, label="Invoices of ACME Ltd")
    make(stranger, name="theirs", label="Foreign")
    done(acme, DOCUMENT, template="acme")
    shown = words(browser, "/templates")
    assert (
        "Invoices of ACME Ltd acme Invoice 3 fields 1 just now version 2, owner@acme.example"
        in shown
    )
    assert "Foreign" not in shown
    assert "Bill of lading 22 fields Use a copy" in shown
    templates.create(
        tenant=acme.tenant,
        actor=acme.actor,
        template=templates.read_template({**ACME, "name": "receipt"}),
    )
    shown = words(browser, "/templates")
    assert "version 1, key first" in shown
    assert "Receipt 22 fields" not in shown, "replaced by the own one"


def test_list_goes_on_and_is_searched(browser: Client, acme: Organisation) -> None:
    for number in range(31):
        make(acme, name=f"t{number:02}", label=f"Number {number}")
    shown = page(browser, "/templates")
    assert ">Number 29<" in shown
    assert ">Number 30<" not in shown
    assert 'href="?after=t29"' in shown
    assert ">Number 30<" in page(browser, "/templates?after=t29")
    found = page(browser, "/templates?q=ber 17")
    assert ">Number 17<" in found
    assert ">Number 18<" not in found
    assert "No template of that name" in page(browser, "/templates?q=nothing")
    assert browser.get("/templates?q=%00").status_code == 400


def test_list_takes_the_same_queries_for_1_and_30_templates(
    browser: Client, acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make(acme)
    page(browser, "/templates")
    with CaptureQueriesContext(connection) as one:
        page(browser, "/templates")
    count = len(one)
    for number in range(29):
        make(acme, name=f"t{number:02}")
    with django_assert_num_queries(count):
        page(browser, "/templates")


def test_starter_is_looked_at(browser: Client, acme: Organisation) -> None:
    shown = words(browser, "/templates/passport")
    assert "A starter: it is there for everybody" in shown
    assert "Use a copy" in shown
    assert browser.get("/templates/nothing").status_code == 404
    assert browser.get("/templates/passport?version=1").status_code == 404
    assert browser.get("/templates/passport/versions").status_code == 404


def test_viewer_sees_all_that_a_template_says(acme: Organisation) -> None:
    make(
        acme,
        fields=[
            {
                "name": "total_amount", "required": True, "synonyms": ["Summe"], "weak": ["Zus."],
                "anchors": ["Bitte zahlen"], "examples": ["1,00"], "pattern": r"\d+,\d\d",
                "instruction": "The last one", "threshold": 0.95,
                "region": {"box": [0.5, 0, 1, 0.4], "page": -1}, "learned": [SEEN],
            },
            {"name": "items", "label": "Items", "kind": "table",
             "columns": [{"name": "what", "kind": "text"}, {"name": "sum", "kind": "money"}]},
        ],
    )  # fmt: skip
    client = Client()
    client.force_login(acme.join(Role.VIEWER))
    shown = words(client, "/templates/acme")
    for text in (
        "Total amount Amount of money Required Labels: Summe Possible labels: Zus.",
        "After: Bitte zahlen In a part of the last page: 50 % to 100 % from the left, 0 % to 40",
        "Examples: 1,00 Checked below 95 % confidence For models: The last one",
        "Learned from 1 document",
        "Items Table Columns: What, Sum",
        "Below 80 % confidence",
        "ACME Trading GmbH",
    ):
        assert text in shown
    assert "Restore" not in words(client, "/templates/acme/versions")
    assert "Use a copy" not in words(client, "/templates")


def test_template_is_exported_and_imported(
    browser: Client, acme: Organisation, stranger: Organisation
) -> None:
    make(acme)
    answer = browser.get("/templates/acme.json")
    assert answer["Content-Disposition"] == 'attachment; filename="acme.json"'
    assert json.loads(answer.content) == ACME
    assert json.loads(browser.get("/templates/invoice.json").content)["name"] == "invoice"
    client = Client()
    client.force_login(stranger.owner)
    file = form_file(answer.content, "acme.json")
    sent = client.post("/templates/import", {"file": file})
    assert (sent.status_code, sent["Location"]) == (302, "/templates/acme")
    version = FieldTemplateVersion.objects.get(template__tenant=stranger.tenant)
    assert (version.content, version.note) == (ACME, "Imported")
    again = client.post("/templates/import", {"file": form_file(answer.content)})
    assert again.status_code == 409
    assert "There is a template of that name" in text_of(again.content.decode())
    named = client.post("/templates/import", {"file": form_file(answer.content), "name": "two"})
    assert named["Location"] == "/templates/two"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"no json", "The file is no JSON."),
        (b"\xff\xfe", "The file is no JSON."),
        (b"[1]", "The file holds no template."),
        (b'{"name": "x", "fields": []}', "The template is not valid"),
        (b'{"name": "new", "fields": [{"name": "iban"}]}', "The template is not valid"),
        (b" " * 1_000_001, "The file is larger than a template can be: at most 1 MB."),
    ],
)
def test_import_says_what_is_wrong(browser: Client, body: bytes, said: str) -> None:
    answer = browser.post("/templates/import", {"file": form_file(body, "x.json")})
    assert answer.status_code == 400
    assert said in text_of(answer.content.decode())
    assert FieldTemplate.objects.count() == 0


def test_versions_are_compared_in_words_and_restored(browser: Client, acme: Organisation) -> None:
    make(acme)
    assert "Compare" not in words(browser, "/templates/acme/versions").replace("Compare Fine", "")
    make(acme, fields=[{"name": "iban", "required": True}])
    make(acme, fields=[{"name": "iban"}], label="Later")
    shown = words(browser, "/templates/acme/versions")
    assert "From version 2 to 3" in shown
    assert "The template is now called Later. IBAN: it is no longer required." in shown
    assert "Version 3 In use" in shown
    shown = words(browser, "/templates/acme/versions?old=1&new=2")
    assert "Added: IBAN. Removed: Invoice number." in shown
    assert "Choose two different versions." in words(
        browser, "/templates/acme/versions?old=2&new=2"
    )
    assert browser.get("/templates/acme/versions?old=x").status_code == 404
    assert "This is version 1, not the newest one." in words(browser, "/templates/acme?version=1")
    answer = browser.post("/templates/acme/restore", {"version": "1"})
    assert answer["Location"] == "/templates/acme/versions"
    assert "Version 1 is back, as version 4." in words(browser, "/templates/acme/versions")
    assert FieldTemplateVersion.objects.get(number=4).content == ACME
    for number in ("9", "x", ""):
        assert browser.post("/templates/acme/restore", {"version": number}).status_code == 400


def test_many_versions_are_shown_some_at_a_time(browser: Client, acme: Organisation) -> None:
    for number in range(35):
        make(acme, label=f"L{number}")
    shown = page(browser, "/templates/acme/versions")
    assert ">Version 6<" in shown
    assert ">Version 5<" not in shown
    assert ">Version 5<" in page(browser, "/templates/acme/versions?before=6")


def test_deleting_tells_what_happens_first(browser: Client, acme: Organisation) -> None:
    make(acme)
    done(acme, DOCUMENT, template="acme")
    waiting = make_job(acme, DOCUMENT + b"\n", template="acme")
    assert waiting.status == "queued"
    shown = words(browser, "/templates/acme/delete")
    assert "Delete “Invoices of ACME”?" in shown
    assert "1 document was read with it. It and its result stay as they are." in shown
    assert "1 document waits to be read with it and will fail." in shown
    answer = browser.post("/templates/acme/delete")
    assert answer["Location"] == "/templates"
    assert "was deleted with its versions." in words(browser, "/templates")
    assert FieldTemplate.objects.count() == 0
    assert Job.objects.count() == 2


def test_learning_says_what_it_needs_and_forgets(browser: Client, acme: Organisation) -> None:
    make(acme, fields=[{"name": "iban", "learned": [SEEN]}, {"name": "bic", "learned": [SEEN]}])
    shown = words(browser, "/templates/acme/learning")
    assert "To learn, it needs 2 documents that were read with it and confirmed." in shown
    assert "IBAN from 1 document" in shown
    answer = browser.post("/templates/acme/learning")
    assert answer.status_code == 409
    assert "There are too few confirmed documents" in text_of(answer.content.decode())
    answer = browser.post("/templates/acme/learning", {"forget": "iban"})
    assert answer["Location"] == "/templates/acme/learning"
    version = FieldTemplateVersion.objects.get(number=2)
    assert [len(field.learned) for field in templates.parsed(version).fields] == [0, 1]
    browser.post("/templates/acme/learning", {"forget": ""})
    assert "Nothing learned yet." in words(browser, "/templates/acme/learning")
    assert browser.post("/templates/acme/learning", {"forget": "x"}).status_code == 400


def test_learning_is_measured(browser: Client, acme: Organisation) -> None:
    papers = [paper(number) for number in range(2)]
    api = acme.api()
    content = template_to_dict(template())
    assert api.put("/api/v1/templates/vendor", content).status_code == 201
    for each in papers:
        corrected(api, read(acme, each), each.truth)
    shown = words(browser, "/templates/vendor/learning")
    assert "2 documents read with it are confirmed; in 0 of them every field was right" in shown
    answer = browser.post("/templates/vendor/learning")
    told = text_of(answer.content.decode())
    assert "Learned from 2 confirmed documents, saved as version 2." in told
    assert "Right before Right now Learned" in told
    assert re.search(r"Issuer \d \d \d (Yes|No)", told)
    assert "Learned from 2 documents" in words(browser, "/templates/vendor/versions")
    assert "from 2 documents Forget" in words(browser, "/templates/vendor/learning")
