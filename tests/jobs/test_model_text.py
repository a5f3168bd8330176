"""Jobs of an engine that writes text without places: fields, type, a schema filled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Tenant, WhenEngineAway
from accounts.shared_redis import shared_redis
from extraction import engines
from extraction.engines import attempts
from extraction.engines.configuration import Configuration, OpenAIServer
from extraction.vision_models import VISION_MODELS
from jobs.models import FieldValue, Job, Status
from tests.chat_server import Call, ChatServer, Handler, chat_server, refuses, writes
from tests.documents import image_png
from tests.jobs.making import make_job, run_job
from tests.people import Organisation

URL = "/api/v1/ocr/jobs"
PICTURE = image_png(["Total 150.84"])
INVOICE = """\
# TAX INVOICE

Invoice number: 4711-B

| Description | Qty | Amount |
|---|---|---|
| Oak chair | 2 | 100.00 |
| Lamp | 1 | 19.00 |

| **Total** | EUR 119.00 |
|---|---|
"""
SCHEMA = {
    "type": "object",
    "properties": {"number": {"type": "string"}, "total": {"type": "number"}},
    "required": ["total"],
}
MISMATCH = "extension_mismatch"  # the picture is called a.pdf

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, empty_queue: None) -> Iterator[ChatServer]:
    """The server of the engine openai, which says that it keeps to schemas."""
    monkeypatch.setattr(attempts, "FIRST_SECONDS", 0.02)
    with chat_server() as server:
        row = VISION_MODELS["nanonets-ocr2-3b"]
        told = OpenAIServer(server.url, "m", row, read_seconds=10, json_schema=True)
        engines.configure(Configuration(openai=told, redis=lambda: shared_redis().asked()))
        engines.breakers()[0].reset()
        yield server
    engines.configure(Configuration())


def keeps_to_schemas(handler: Handler, call: Call) -> None:
    """Writes the word that it is tried with."""
    schema = call.body["response_format"]["json_schema"]["schema"]
    (word,) = schema["properties"]["word"]["enum"]
    writes(json.dumps({"word": word}))(handler, call)


def result(acme: Organisation, job: Job) -> dict[str, Any]:
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.error) == (Status.SUCCEEDED, None)
    for name in ("xml", "html", "csv"):
        assert acme.api().get(f"{URL}/{job.pk}/result.{name}").status_code == 200
    read: dict[str, Any] = json.loads(acme.api().get(f"{URL}/{job.pk}/result.json").content)
    return read


def test_fields_and_type_are_told_from_a_models_text(
    acme: Organisation, server: ChatServer
) -> None:
    server.script(writes(INVOICE))
    told = result(acme, make_job(acme, PICTURE, engine="openai"))
    fields = {field["name"]: field for field in told["fields"]}
    assert told["classification"]["kind"] == "invoice"
    assert {each["box"] for each in told["classification"]["evidence"]} == {None}
    assert fields["invoice_number"]["value"] == "4711-B"
    assert fields["total_amount"]["value"] == {"amount": "119.00", "currency": "EUR"}
    assert [row["quantity"] for row in fields["line_items"]["value"]] == ["2", "1"]
    for field in fields.values():
        assert (field["page"], field["box"], field["grounded"]) == (1, None, None)
        assert field["method"].endswith("_in_text")
    assert set(FieldValue.objects.values_list("grounded", flat=True)) == {None}
    assert told["warnings"] == [MISMATCH]


def test_a_schema_is_filled_by_the_model_that_read_the_pages(
    acme: Organisation, server: ChatServer
) -> None:
    answer = json.dumps({"number": "4711-B", "total": 119.0})
    server.script(writes(INVOICE), keeps_to_schemas, writes('{"number": "4'), writes(answer))
    told = result(acme, make_job(acme, PICTURE, engine="openai", schema=SCHEMA))
    extraction = told["extraction"]
    assert told["warnings"] == [MISMATCH]
    assert extraction["value"] == {"number": "4711-B", "total": 119}
    cited = extraction["citations"]["/number"]
    assert (cited["raw"], cited["page"], cited["box"]) == ("4711-B", 1, None)
    assert (cited["method"], cited["grounded"]) == ("model_in_text", None)
    assert (extraction["tokens"], len(server.calls)) == (2, 4)
    assert "4711-B" in server.calls[2].body["messages"][0]["content"]


def test_a_schema_waits_for_the_server_or_is_filled_without_it(
    acme: Organisation, server: ChatServer
) -> None:
    server.script(writes(INVOICE), refuses(503))
    job = make_job(acme, PICTURE, engine="openai", schema=SCHEMA)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.pages_done) == (Status.QUEUED, 1)
    Tenant.objects.filter(pk=acme.tenant.pk).update(when_engine_away=WhenEngineAway.FALL_BACK)
    told = result(acme, job)
    assert told["extraction"]["value"]["total"] == 119
    assert told["extraction"]["citations"]["/total"]["method"] == "label_in_text"
    assert told["warnings"] == ["schema_not_by_model", MISMATCH]
