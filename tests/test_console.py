"""The API console: every operation as a form, made from the OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Role
from ocrsite.console import operations
from ocrsite.console.operations import Input, of_document
from tests.people import Organisation

pytestmark = pytest.mark.django_db
ALL = operations.operations()


def named(inputs: Any, name: str) -> Input:
    return next(each for each in inputs if each.name == name)


def test_every_operation_of_the_document_is_there() -> None:
    assert len(ALL) > 100
    assert {operation.group for operation in ALL.values()} <= set(operations.GROUPS)
    assert sum(len(found) for _, found in operations.grouped()) == len(ALL)


def test_inputs_are_of_the_kinds_that_the_document_says() -> None:
    form, json_body = ALL["ocr_jobs_create"].bodies
    assert (form.media_type, json_body.media_type) == ("multipart/form-data", "application/json")
    kinds = {each.name: each.kind for each in form.inputs}
    assert {
        name: kinds[name]
        for name in ("file", "engine", "dpi", "text_layer", "split", "metadata", "password")
    } == {
        "file": "file", "engine": "text", "dpi": "integer", "text_layer": "choice",
        "split": "flag", "metadata": "json", "password": "secret",
    }  # fmt: skip
    assert "auto" in named(form.inputs, "engine").choices
    assert named(form.inputs, "text_layer").choices == ("auto", "ignore", "only")
    assert named(form.inputs, "text_layer").help == "what to make of a PDF's own text"
    assert (named(form.inputs, "dpi").minimum, named(form.inputs, "dpi").maximum) == ("72", "600")
    assert [each.name for each in form.first] == ["file"]
    assert "file" not in [each.name for each in json_body.inputs]
    key = ALL["key_create"].bodies[0]
    assert named(key.inputs, "scopes").kind == "choices"
    assert named(key.inputs, "networks").kind == "list"
    assert key.example == '{\n  "name": "",\n  "scopes": []\n}'
    assert named(ALL["ocr_jobs_list"].parameters, "status").kind == "choice"
    assert named(ALL["ocr_jobs_retrieve"].parameters, "id").required


def test_operations_without_credentials_say_so() -> None:
    assert {name for name, each in ALL.items() if each.open} >= {"auth_token", "health_retrieve"}
    assert not ALL["ocr_jobs_create"].open


def test_null_beside_others_is_no_choice() -> None:
    parts = {"Colour": {"type": "string", "enum": ["red", "blue"]}}
    schema = {
        "type": "object",
        "properties": {
            "colour": {"oneOf": [{"$ref": "#/components/schemas/Colour"}, {"type": "null"}]},
            "anything": {},
        },
    }
    told = {
        "operationId": "x", "tags": ["ocr"],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
    }  # fmt: skip
    document = {"components": {"schemas": parts}, "paths": {"/api/v1/x": {"post": told}}}
    colour, anything = of_document(document)[0].bodies[0].inputs
    assert (colour.kind, colour.choices) == ("choice", ("red", "blue"))
    assert anything.kind == "any"


def test_list_is_searched_by_words(client: Client, acme: Organisation) -> None:
    client.force_login(acme.owner)
    page = client.get("/console", {"q": "post webhooks"}).text
    assert "/webhooks/{id}/ping" in page
    assert "/ocr/jobs" not in page.partition('id="found"')[2].partition("</nav>")[0]
    assert "No endpoint has these words." in client.get("/console", {"q": "<b>"}).text
    assert "<b>" not in client.get("/console", {"q": "<b>"}).text.replace('<b class="method', "")


@pytest.mark.parametrize("name", list(ALL))
def test_every_operation_has_its_page(client: Client, acme: Organisation, name: str) -> None:
    client.force_login(acme.join(Role.VIEWER))
    answer = client.get(f"/console/do/{name}")
    assert answer.status_code == 200
    assert len(answer.content) < 120_000
    assert f'data-path="{ALL[name].path}"' in answer.text


def test_parameters_are_filled_from_the_address(client: Client, acme: Organisation) -> None:
    client.force_login(acme.owner)
    page = client.get("/console/do/ocr_jobs_retrieve", {"id": '"><script>', "wait": "5"}).text
    assert 'value="&quot;&gt;&lt;script&gt;"' in page
    assert client.get("/console/do/nothing").status_code == 404


def test_asking_costs_the_same_however_much_there_is(
    client: Client, acme: Organisation, django_assert_max_num_queries: Any
) -> None:
    client.force_login(acme.owner)
    client.get("/console")
    with django_assert_max_num_queries(6):
        client.get("/console/do/ocr_jobs_create")


def test_delete_has_a_body_where_the_api_takes_one() -> None:
    (body,) = ALL["organisation_delete"].bodies
    assert [(each.name, each.kind, each.required) for each in body.inputs] == [
        ("name", "text", True),
        ("password", "secret", False),
    ]
    others = [each for each in ALL.values() if each.method == "DELETE" and each.bodies]
    assert [each.name for each in others] == ["organisation_delete"]


@pytest.mark.parametrize(
    ("method", "path", "leads"),
    [
        ("GET", "/api/v1/ocr/jobs/1/pages/3", "/console/do/job_page?id=1&number=3&from_log=1"),
        ("HEAD", "/api/v1/templates/acme", "/console/do/template?name=acme&from_log=1"),
        ("POST", "/api/v1/templates/test", "/console/do/template_test?from_log=1"),
        ("GET", "/api/v1/links/{token}", "/console/do/links_retrieve?from_log=1"),
        ("GET", "/api/v1/templates/a&b=c", "/console/do/template?name=a%26b%3Dc&from_log=1"),
        ("GET", "//evil.example/", "/console"),
        ("PATCH", "/api/v1/ocr/jobs", "/console"),
        ("", "", "/console"),
    ],
)
def test_call_of_the_log_leads_to_its_form(
    client: Client, acme: Organisation, method: str, path: str, leads: str
) -> None:
    client.force_login(acme.join(Role.VIEWER))
    answer = client.get("/console/again", {"method": method, "path": path})
    assert (answer.status_code, answer["Location"]) == (302, leads)
    page = client.get(leads).text
    if leads == "/console":
        assert "No endpoint of the API has the address" in page


def test_form_from_the_log_says_what_is_not_kept(client: Client, acme: Organisation) -> None:
    client.force_login(acme.owner)
    told = "is not kept: fill that in again"
    assert told in client.get("/console/do/key_create", {"from_log": "1"}).text
    assert told not in client.get("/console/do/key_create").text
    assert told not in client.get("/console/do/auth_me", {"from_log": "1"}).text
