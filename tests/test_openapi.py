"""The API answers as its OpenAPI document says, whatever it is sent: each operation, in process.

Short, with the same cases each time; `python -m benchmarks.api_fuzz` is the long run over HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from extraction.formats import FORMATS
from jobs.batch_export import EXPORTS
from tests.matrix import Site, site, undone
from tests.test_isolation import ROUTES

__all__ = ["site"]
pytestmark = pytest.mark.django_db
ASKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
DETERMINED = hypothesis_settings(
    max_examples=4,  # of each operation and mode
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


UNDESCRIBED = ("api/v1/schema", "api/v1/docs")  # the document itself


def label(route: str, method: str) -> str:
    """The operation as schemathesis calls it."""
    path = re.sub(r"<\w+:(\w+)>", r"{\1}", route).replace("{pk}", "{id}")
    return f"{method.upper()} /{path}"


LABELS = [
    label(route, method)
    for route, row in ROUTES.items()
    if route.startswith("api/") and route not in UNDESCRIBED
    for method in row
]


@pytest.fixture(scope="module")
def operations(site: Site) -> Iterator[dict[str, APIOperation]]:
    """By method and path; calls leave the connection open, on which the rows are."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    app = get_wsgi_application()
    # schemathesis closes no answer, so that their places are not given back
    with (
        patch("jobs.blocking.connection"),
        patch("jobs.exporting.places"),
    ):
        schema = schemathesis.openapi.from_wsgi("/api/v1/schema?format=json", app)
        found = [result for result in schema.get_all_operations() if isinstance(result, Ok)]
        yield {result.ok().label: result.ok() for result in found}
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_document_holds_every_operation(operations: dict[str, APIOperation]) -> None:
    assert sorted(operations) == sorted(LABELS)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", LABELS)
def test_operation_answers_as_the_document_says(
    name: str, mode: GenerationMode, operations: dict[str, APIOperation], site: Site
) -> None:
    operation = operations[name]
    checks: list[Any] = CHECKS.get_by_names(list(ASKED))
    headers = {"Authorization": f"Bearer {site.acme.raw_key}"}
    own = {"id": str(site.pk), "name": f"of-{site.pk}", "number": 1, "field": "total_amount"}
    names = {parameter.name for parameter in operation.path_parameters}
    ours = {key: value for key, value in own.items() if key in names}
    if "result." in name or "export." in name:
        ours.pop("name", None)

    def check(case: Case) -> None:
        with undone():
            case.validate_response(case.call(headers=headers), checks=checks)

    strategies = [operation.as_strategy(mode)]
    if ours and mode == GenerationMode.POSITIVE:
        files = {"result.": list(FORMATS), "export.": list(EXPORTS)}
        kinds = next((files[part] for part in files if part in name), [])
        strategies += [
            operation.as_strategy(mode, path_parameters={**ours, **more})
            for more in [{"name": kind} for kind in kinds] or [{}]
        ]
    for strategy in strategies:
        with suppress(Unsatisfiable):  # nothing of it can be wrong
            DETERMINED(given(strategy)(check))()
