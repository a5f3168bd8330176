"""Routes x methods x callers x {foreign, missing}: nobody can tell one from the other.

Their own objects the same callers reach in tests/test_permission_table.py.
"""

from __future__ import annotations

import uuid

import pytest

from tests.matrix import Site, call, site
from tests.permission_table import NEEDS
from tests.test_isolation import ROUTES, address

__all__ = ["site"]
pytestmark = pytest.mark.django_db
OBJECTS = [
    (route, method) for route, row in ROUTES.items() for method, kind in row.items()
    if kind == "object"
]  # fmt: skip
LISTS = [route for route, row in ROUTES.items() if row.get("get") in ("list", "self")]


@pytest.mark.parametrize(("route", "method"), OBJECTS)
def test_foreign_object_is_as_one_that_is_missing(route: str, method: str, site: Site) -> None:
    missing_pk = uuid.uuid4()
    for caller in site.of("stranger", route):
        foreign, written = call(caller, method, address(route, site.pk))
        missing, _ = call(caller, method, address(route, missing_pk))
        assert foreign == missing, caller.name
        assert written == [], caller.name
        allowed = NEEDS[route][method] in caller.permissions
        assert foreign.status == (404 if allowed else 403), caller.name
        assert str(site.pk).encode() not in foreign.body


@pytest.mark.parametrize("route", LISTS)
def test_list_holds_own_rows_alone(route: str, site: Site) -> None:
    told = 0
    for caller in site.of("stranger", route):
        answer, _ = call(caller, "get", address(route, site.pk))
        assert str(site.pk).encode() not in answer.body, caller.name
        assert str(site.acme.tenant.pk).encode() not in answer.body, caller.name
        assert b"acme" not in answer.body.lower(), caller.name
        told += answer.status == 200 and str(site.strangers_pk).encode() in answer.body
    if route in ("api/v1/ocr/jobs", "api/v1/batches", "api/v1/webhooks", "api/v1/keys", "jobs"):
        assert told > 0, "the list shows rows"


def test_matrix_is_large(site: Site) -> None:
    """Nobody has lost a kind of caller or of route; own objects included."""
    calls = sum(3 * len(site.of("stranger", route)) for route, _ in OBJECTS)
    calls += sum(len(site.of("stranger", route)) for route in LISTS)
    assert calls > 1_500
