"""The template editor as its buttons work without scripts; then what is refused."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.permissions import Role
from extraction.fields.templates import Template
from jobs import templates
from jobs.models import FieldTemplate, FieldTemplateVersion, Job
from tests.jobs.making import form_file, run_job
from tests.jobs.templated import ACME, DOCUMENT, done, draft
from tests.jobs.test_views import page, text_of
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def browser(acme: Organisation) -> Client:
    """The owner of acme, signed in."""
    client = Client()
    client.force_login(acme.owner)
    return client


@pytest.fixture
def ours(acme: Organisation) -> FieldTemplateVersion:
    """A template of acme's."""
    template = templates.read_template(ACME)
    return templates.create(tenant=acme.tenant, actor=acme.member, template=template)


class Page:
    """The editor's page in a browser without scripts: what it holds is sent with each button."""

    def __init__(self, client: Client, path: str) -> None:
        self.client, self.path = client, path.partition("?")[0]
        self.take(client.get(path))

    def take(self, answer: Any) -> None:
        self.answer = answer
        self.html = answer.content.decode()

    def press(self, do: str, **changed: Any) -> Any:
        """Press a button after filling in inputs ("field_label" for "field-label")."""
        data = self.inputs()
        data |= {key.replace("__", "-"): value for key, value in changed.items()}
        self.take(self.client.post(self.path, {**data, "do": do}))
        return self.answer

    def inputs(self) -> dict[str, Any]:
        """What a browser would send."""
        data: dict[str, Any] = {}
        for tag in re.findall(r"<input [^>]*>", self.html):
            given = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
            kind = given.get("type", "text")
            if "name" not in given or (kind in ("file", "checkbox") and " checked" not in tag):
                continue
            data[given["name"]] = unescape(given.get("value", "on" if kind == "checkbox" else ""))
        for name, text in re.findall(
            r'<textarea name="([^"]+)"[^>]*>\s?([^<]*)</textarea>', self.html
        ):
            data[name] = unescape(text)
        for name, options in re.findall(
            r'<select [^>]*name="([^"]+)".*?>(.*?)</select>', self.html, re.S
        ):
            chosen = re.search(r'value="([^"]*)" selected', options)
            first = re.search(r'value="([^"]*)"', options)
            found = chosen or first
            data[name] = found[1] if found else ""
        return data

    @property
    def fields(self) -> list[str]:
        """The names of the draft's fields."""
        return [row["name"] for row in json.loads(self.inputs()["draft"])["fields"]]

    @property
    def words(self) -> str:
        return text_of(self.html)


def stored(name: str) -> Template:
    return templates.parsed(FieldTemplateVersion.objects.filter(template__name=name).first())  # type: ignore[arg-type]


def test_template_is_made_from_nothing(browser: Client) -> None:
    shown = Page(browser, "/templates/new?empty")
    assert "None yet." in shown.words
    assert shown.press("add:iban", about__label="Konten der Bank").status_code == 200
    shown.press("add:total_amount")
    shown.press("own")
    assert shown.fields == ["iban", "total_amount", "new_field"]
    shown.press(
        "close",
        field__label="Kostenstelle für Ärger",
        field__kind="id",
        field__required="on",
        field__synonyms="KSt\n Kst.-Nr \n\n",
        field__left="50", field__top="0", field__right="100", field__bottom="40",
        field__page="1", field__pattern=r"K-\d+", field__threshold="92.5",
    )  # fmt: skip
    shown.press("up:2")
    answer = shown.press("save")
    assert (answer.status_code, answer["Location"]) == (302, "/templates/konten-der-bank")
    template = stored("konten-der-bank")
    assert [field.name for field in template.fields] == [
        "iban", "kostenstelle_fuer_aerger", "total_amount",
    ]  # fmt: skip
    own = template.fields[1]
    assert (own.label, own.kind, own.required, own.threshold, own.pattern) == (
        "Kostenstelle für Ärger", "id", True, 0.925, r"K-\d+",
    )  # fmt: skip
    assert own.synonyms == ("Kostenstelle für Ärger", "KSt", "Kst.-Nr")
    assert own.region is not None
    assert (own.region.box, own.region.page) == ((0.5, 0.0, 1.0, 0.4), 1)
    assert "Saved as version 1." in text_of(page(browser, "/templates/konten-der-bank"))


def test_change_is_a_new_version_with_a_note_of_it(
    browser: Client, acme: Organisation, ours: FieldTemplateVersion
) -> None:
    shown = Page(browser, "/templates/acme")
    shown.press("remove:1")
    shown.press("open:0")
    assert "It knows" in shown.words
    shown.press("down:0", field__anchors="Your order")
    assert "2 changes are not saved" not in shown.words
    assert "3 changes are not saved" in shown.words
    answer = shown.press("save")
    assert answer["Location"] == "/templates/acme"
    newest = FieldTemplateVersion.objects.get(number=2)
    assert newest.note == (
        "Removed: Purchase order number. Invoice number: texts before it added: Your order. "
        "The fields are in another order."
    )
    assert newest.created_by == acme.owner
    assert [field.name for field in stored("acme").fields] == ["cost_centre", "invoice_number"]
    assert stored("acme").fields[1].synonyms[-1] == "Vorgang"
    # nothing changed: no version
    shown = Page(browser, "/templates/acme")
    shown.press("save", note="Why")
    assert FieldTemplateVersion.objects.count() == 2
    assert "Nothing had changed" in text_of(page(browser, "/templates/acme"))
    shown = Page(browser, "/templates/acme")
    shown.press("save", note="Why", about__label="Other")
    assert FieldTemplateVersion.objects.get(number=3).note == "Why"


def test_table_of_ones_own_has_columns(browser: Client) -> None:
    shown = Page(browser, "/templates/new?empty")
    shown.press("own", about__label="Orders")
    shown.press("keep", field__label="Items", field__kind="table")
    assert 'name="column-0-label"' in shown.html
    shown.press("add-column", **{"column-0-label": "Article"})
    shown.press("add-column", **{"column-1-label": "Price", "column-1-kind": "money"})
    shown.press("column-up:2", **{"column-2-label": "Number", "column-2-synonyms": "Qty\nPcs"})
    shown.press("remove-column:0")
    assert shown.press("save").status_code == 302
    (table,) = stored("orders").fields
    assert [(c.name, c.label, c.kind, c.synonyms) for c in table.columns] == [
        ("column_3", "Number", "text", ("Qty", "Pcs")),
        ("column_2", "Price", "money", ()),
    ]


def test_copy_of_a_starter_and_of_ones_own(browser: Client, ours: FieldTemplateVersion) -> None:
    shown = Page(browser, "/templates/new?from=receipt")
    assert (shown.inputs()["about-name"], shown.inputs()["about-label"]) == ("", "Receipt")
    assert shown.press("save").status_code == 302
    assert len(stored("receipt-2").fields) == 22, "the starter keeps its name"
    shown = Page(browser, "/templates/new?from=acme")
    assert shown.inputs()["about-label"] == "Copy of Invoices of ACME"
    assert shown.press("save").status_code == 302
    assert stored("copy-of-invoices-of-acme").issuers == ("ACME Trading GmbH",)
    assert browser.get("/templates/new?from=nothing").status_code == 400


def test_what_was_learned_is_kept_and_goes_with_a_copy(browser: Client, acme: Organisation) -> None:
    seen = {"value": '"x"', "shape": "x", "left": "a", "above": "", "page": 1, "place": [0.5, 0.5]}
    content = {"name": "wise", "fields": [{"name": "iban", "learned": [seen]}, {"name": "bic"}]}
    template = templates.read_template(content)
    templates.create(tenant=acme.tenant, actor=acme.member, template=template)
    shown = Page(browser, "/templates/wise")
    assert "has learned" in shown.words
    assert "learned" not in shown.inputs()["draft"]
    shown.press("remove:1")
    shown.press("save")
    assert [len(field.learned) for field in stored("wise").fields] == [1]
    shown = Page(browser, "/templates/new?from=wise")
    shown.press("save")
    assert [len(field.learned) for field in stored("copy-of-wise").fields] == [1]


def test_sample_is_searched_with_the_draft(
    browser: Client, acme: Organisation, ours: FieldTemplateVersion
) -> None:
    job = done(acme, DOCUMENT, preview=True)
    shown = Page(browser, "/templates/acme")
    shown.press("sample", document=str(job.pk))
    assert "2 of 3 fields found" in shown.words
    assert "required but not found: Purchase order number" in shown.words
    assert "4711" in shown.words
    assert 'data-line="invoice_number" role="img"' in shown.html
    data = {**shown.inputs(), "do": "test"}
    headers = {"HX-Request": "true", "HX-Target": "tried"}
    part = browser.post("/templates/acme", data, headers=headers)
    body = part.content.decode()
    assert body.lstrip().startswith('<div id="tried"')
    assert 'id="found-cost_centre" hx-swap-oob="true"' in body
    assert "KS-0815" in body
    shown.press("own")
    shown.press("test", field__label="Projektleiter", field__kind="text")
    assert "Erika Mustermann" in shown.words
    answer = shown.press("save", field__label="Projektleiter", field__kind="text")
    assert answer["Location"] == f"/templates/acme?sample={job.pk}&page=1"


def test_sample_is_sent_and_watched(browser: Client, ours: FieldTemplateVersion) -> None:
    shown = Page(browser, "/templates/acme")
    shown.press("upload", file=form_file(DOCUMENT, "sample.pdf"))
    job = Job.objects.get()
    assert "is being read" in shown.words
    assert job.options["preview"] is True
    run_job(str(job.pk))
    shown.press("page:")
    assert "2 of 3 fields found" in shown.words


def test_fields_are_proposed_and_ticked(browser: Client, acme: Organisation) -> None:
    assert "No document was read lately" in page(browser, "/templates/propose")
    sent = browser.post("/templates/propose", {"do": "upload", "file": form_file(DOCUMENT)})
    job = Job.objects.get()
    assert sent["Location"] == f"/templates/propose?sample={job.pk}"
    assert "is being read" in page(browser, sent["Location"])
    run_job(str(job.pk))
    html = page(browser, sent["Location"])
    assert "Vorgang Identifier" in text_of(html)
    assert "4711" in text_of(html)
    draft_sent = re.search(r'name="draft" value="([^"]*)"', html)
    assert draft_sent
    data = {
        "draft": unescape(draft_sent[1]),
        "sample": str(job.pk),
        "wanted": ["vorgang", "issuer_name"],
    }
    answer = browser.post("/templates/propose", data)
    shown = Page.__new__(Page)
    shown.client, shown.path = browser, "/templates/new"
    shown.take(answer)
    assert shown.fields == ["issuer_name", "vorgang"]
    assert "2 of 2 fields found" in shown.words
    assert shown.press("save", about__label="Ours").status_code == 302
    assert stored("ours").document_type == "invoice"


def test_predefined_fields_are_found_by_word_and_type(browser: Client) -> None:
    def offered(**asked: str) -> str:
        data = {**draft("x"), "do": "find", **asked}
        headers = {"HX-Request": "true", "HX-Target": "catalogue"}
        return str(browser.post("/templates/new", data, headers=headers).content.decode())

    body = offered(find="net pay", of="")
    assert "add:net_pay" in body
    assert "add:iban" not in body
    body = offered(find="", of="passport")
    assert "add:nationality" in body
    assert "add:total_amount" not in body
    assert "add:account_number" in offered(find="Kontonummer", of=""), "by labels too"


# Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"field__label": ""}, "Give the field a label."),
        ({"field__pattern": "(a+"}, "This is no regular expression:"),
        ({"field__pattern": "^(a|aa)+$"}, "The pattern takes too long."),
        ({"field__threshold": "120"}, "less than or equal to 100"),
        ({"field__left": "10"}, "Give all four edges, or none."),
        (
            {"field__left": "60", "field__top": "1", "field__right": "50", "field__bottom": "9"},
            "It must be more than the left edge.",
        ),
        ({"field__synonyms": "x" * 101}, "A line has at most 100 characters."),
        ({"field__examples": "\n".join(map(str, range(21)))}, "At most 20 lines; these are 21."),
        ({"field__name": "Not a name"}, "Use small letters, digits and _, a letter first."),
        ({"field__name": "iban"}, "Another field of the template has this name."),
        ({"field__name": "bic"}, "A predefined field has this name."),
        ({"about__label": " "}, "Give the template a title."),
        ({"about__threshold": "x"}, "Enter a number."),
        ({"about__name": "No"}, "Use small letters, digits, - and _"),
        ({"about__name": "import"}, "This name is taken by the site."),
    ],
)
def test_what_is_wrong_is_said_where_it_is(
    browser: Client, filled: dict[str, str], said: str
) -> None:
    shown = Page(browser, "/templates/new?empty")
    shown.press("add:iban", about__label="Mine")
    shown.press("own")
    before = shown.fields
    shown.press("save", **{"field__label": "Mine", **filled})
    assert said in shown.words
    assert 'aria-invalid="true"' in shown.html
    (name, value), *_rest = filled.items()
    if value.strip() and "\n" not in value:
        assert value in shown.html, "what was typed is still there"
    shown.press("down:0", **{"field__label": "Mine", **filled})
    assert shown.fields == before, "nothing is done until it is right"
    if name.startswith("field"):
        shown.press("remove:1")
        assert shown.fields == ["iban"]
    assert FieldTemplate.objects.count() == 0


def test_template_needs_a_field_and_a_free_name(
    browser: Client, ours: FieldTemplateVersion
) -> None:
    shown = Page(browser, "/templates/new?empty")
    answer = shown.press("save", about__label="Acme")
    assert answer.status_code == 400
    assert "A template needs a field at least" in shown.words
    shown.press("add:bic")
    answer = shown.press("save", about__name="acme")
    assert answer.status_code == 400
    assert "You have a template of this name already." in shown.words
    answer = shown.press("save", about__name="")
    assert (answer.status_code, answer["Location"]) == (302, "/templates/acme-2")


def test_somebody_elses_version_is_not_lost(
    browser: Client, acme: Organisation, ours: FieldTemplateVersion
) -> None:
    shown = Page(browser, "/templates/acme")
    acme.api().put("/api/v1/templates/acme", {**ACME, "label": "Theirs"})
    answer = shown.press("save", about__label="Mine")
    assert answer.status_code == 409
    assert "Somebody saved a newer version meanwhile" in shown.words
    assert FieldTemplateVersion.objects.count() == 2
    assert shown.inputs()["about-label"] == "Mine"
    shown.press("save-over")
    assert FieldTemplateVersion.objects.count() == 3
    assert stored("acme").label == "Mine"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"fields": [{"name": "iban", "x": 1}]}', "[" * 9999]
)
def test_draft_that_no_page_made_is_refused(browser: Client, text: str) -> None:
    assert browser.post("/templates/new", {**draft("x"), "draft": text}).status_code == 400


def test_foreign_sample_is_as_a_missing_one(
    browser: Client, ours: FieldTemplateVersion, stranger: Organisation
) -> None:
    job = done(stranger, DOCUMENT)
    shown = Page(browser, "/templates/acme")
    shown.press("sample", document=str(job.pk))
    assert str(job.pk) not in shown.html
    assert "Choose a document" in shown.words


def test_tries_are_counted(
    browser: Client, acme: Organisation, ours: FieldTemplateVersion, settings: Settings
) -> None:
    from accounts.rates import Rates

    job = done(acme, DOCUMENT)
    settings.RATES = {**settings.RATES, "try": Rates(1, 10, 10, 10)}
    shown = Page(browser, f"/templates/acme?sample={job.pk}")
    shown.press("test")
    assert "2 of 3 fields found" in shown.words
    shown.press("test")
    assert "Tried very often" in shown.words
    assert re.search(r'id="tried"[^>]*data-wait="\d+"', shown.html)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.VIEWER])
def test_who_may_not_write_looks(
    acme: Organisation, ours: FieldTemplateVersion, role: Role
) -> None:
    client = Client()
    client.force_login(acme.join(role))
    shown = page(client, "/templates/acme")
    assert "You can look at templates." in shown
    assert 'id="editor"' not in shown
    for path in ("/templates/new", "/templates/propose", "/templates/acme/delete"):
        assert client.get(path).status_code == 403
    assert client.post("/templates/acme", {**draft("acme"), "do": "save"}).status_code == 403


def test_hostile_texts_are_texts(browser: Client, acme: Organisation) -> None:
    bad = "<script>alert(1)</script>"
    content = {
        "name": "bad", "label": bad, "issuers": [bad],
        "fields": [{"name": "x", "label": bad, "kind": "text", "synonyms": [bad],
                    "instruction": bad, "examples": [bad], "anchors": [bad]}],
    }  # fmt: skip
    template = templates.read_template(content)
    templates.create(tenant=acme.tenant, actor=acme.member, template=template, note=bad)
    templates.replace(
        tenant=acme.tenant, actor=acme.member, note=bad,
        template=templates.read_template({**content, "label": bad + "2"}),
    )  # fmt: skip
    shown = Page(browser, "/templates/bad")
    shown.press("open:0")
    for path in ("", "?version=1", "/versions", "/delete", "/learning"):
        assert bad not in page(browser, f"/templates/bad{path}")
    assert bad not in page(browser, "/templates")
    assert bad not in shown.html
