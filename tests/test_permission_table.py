"""Who may do what: every route and method as every role, with every scope, and as nobody."""

from __future__ import annotations

import pytest

from accounts.permissions import ACTIONS
from tests.matrix import Caller, Site, call, site
from tests.permission_table import ANYBODY, NEEDS, PAGE, SIGNED_IN, page
from tests.test_isolation import ROUTES, address

__all__ = ["site"]
pytestmark = pytest.mark.django_db
# Of which a colleague's own is as one that is missing
PERSONAL = {"jobs/filters/<uuid:pk>/delete"}
CELLS = [
    (route, method)
    for route, row in NEEDS.items()
    for method in row
    if not route.startswith("admin/")  # operators' alone: tests/test_admin.py
]


def test_every_route_and_method_has_its_row() -> None:
    missing = {
        f"{method} {route}"
        for route, row in ROUTES.items()
        for method in row
        if method not in NEEDS.get(route, {})
    }
    gone = {f"{m} {route}" for route, row in NEEDS.items() for m in row if m not in ROUTES[route]}
    assert (missing, gone) == (set(), set())


def test_what_is_needed_is_an_action() -> None:
    named = {needed for row in NEEDS.values() for needed in row.values()}
    assert named - set(ACTIONS) == {ANYBODY, SIGNED_IN}


def test_page_is_the_table() -> None:
    assert PAGE.read_text() == page(), "python -m tests.permission_table"


def expected(caller: Caller, needed: str) -> bool:
    """Whether the table lets the caller in."""
    return needed in (ANYBODY, SIGNED_IN) or needed in caller.permissions


@pytest.mark.parametrize(("route", "method"), CELLS)
def test_route_lets_in_whom_the_table_names_and_nobody_else(
    route: str, method: str, site: Site
) -> None:
    needed, url = NEEDS[route][method], address(route, site.pk)
    api = route.startswith("api/")
    callers = site.of("acme", route)
    for caller in callers[:1] if needed == ANYBODY else callers:
        answer, written = call(caller, method, url)
        seen = (caller.name, answer.status, answer.code if api else "")
        if expected(caller, needed):
            assert answer.status not in (401, 403), seen
            assert answer.status < 500 or answer.code == "busy", seen
            if ROUTES[route][method] == "object" and route not in PERSONAL:
                assert answer.status != 404, seen
        else:
            assert seen == (caller.name, 403, "permission_denied" if api else "")
            assert written == [], seen
    for caller in site.nobodies(route):
        answer, written = call(caller, method, url)
        seen = (caller.name, answer.status, answer.code if api else "")
        if needed == ANYBODY:
            # signing in with nothing is refused as such
            assert answer.status not in (401, 403) or route.startswith("api/v1/auth/"), seen
            continue
        assert written == [], seen
        if api:
            assert seen == (caller.name, 401, "not_authenticated")
        else:
            assert answer.status == 302, seen
            assert dict(answer.headers)["Location"].startswith("/login"), seen
