"""accounts/permissions.py: the whole table, said again in full."""

from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts.permissions import ACTIONS, ROLES, SCOPES, ActionPermission, Role, allowed_to_scopes

O, A, M, R, V = Role.OWNER, Role.ADMIN, Role.MEMBER, Role.REVIEWER, Role.VIEWER  # noqa: E741
EXPECTED = {
    "jobs:read": {O, A, M, R, V},
    "jobs:write": {O, A, M},
    "jobs:cancel": {O, A, M},
    "fields:correct": {O, A, M, R},
    "templates:write": {O, A, M},
    "training:write": {O, A, M},
    "webhooks:write": {O, A},
    "usage:read": {O, A, M, V},
    "billing:read": {O, A},
    "billing:manage": {O},
    "keys:manage": {O, A},
    "members:read": {O, A, M, R, V},
    "members:manage": {O, A},
    "audit:read": {O, A},
    "settings:write": {O, A},
    "tenant:transfer": {O},
    "tenant:export": {O},
    "tenant:delete": {O},
}
SCOPE_ACTIONS = {
    "jobs:read": {"jobs:read"},
    "jobs:write": {"jobs:write", "jobs:cancel", "fields:correct"},
    "templates:write": {"templates:write"},
    "training:write": {"training:write"},
    "webhooks:write": {"webhooks:write"},
    "usage:read": {"usage:read"},
    "admin": EXPECTED.keys()
    - {"billing:manage", "tenant:transfer", "tenant:export", "tenant:delete"},
    "audit:read": {"audit:read"},
}


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("action", EXPECTED)
def test_role_may_do_what_the_table_says(role: str, action: str) -> None:
    assert (action in ROLES[role]) == (role in EXPECTED[action])


def test_table_names_every_role_and_action() -> None:
    assert set(ROLES) == set(Role.values)
    assert set(ACTIONS) == set(EXPECTED)


@pytest.mark.parametrize("scope", SCOPE_ACTIONS)
def test_scope_allows_what_the_table_says(scope: str) -> None:
    assert SCOPES[scope] == SCOPE_ACTIONS[scope]


def test_scopes_known_are_all_tested() -> None:
    assert set(SCOPES) == set(SCOPE_ACTIONS)


def test_scopes_add_up_and_unknown_ones_give_nothing() -> None:
    assert allowed_to_scopes(["jobs:read", "usage:read"]) == {"jobs:read", "usage:read"}
    assert allowed_to_scopes(["jobs:everything"]) == frozenset()
    assert allowed_to_scopes([]) == frozenset()


class Readable(APIView):
    actions = {"get": "jobs:read", "list": "jobs:read"}

    def get(self) -> None: ...

    def delete(self) -> None: ...


class Undeclared(APIView):
    def get(self) -> None: ...


def allowed(view: APIView, method: str, actor: Any) -> bool:
    request: Any = APIRequestFactory().generic(method, "/")
    request.user = actor
    return ActionPermission().has_permission(request, view)


READER = SimpleNamespace(is_authenticated=True, permissions=frozenset({"jobs:read"}))


def test_action_permission_allows_the_declared_action() -> None:
    assert allowed(Readable(), "GET", READER)
    view_set = Readable()
    view_set.action = "list"  # type: ignore[attr-defined]  # as a view set has
    assert allowed(view_set, "GET", READER)


def test_action_permission_refuses_without_a_row_in_the_table() -> None:
    assert not allowed(Undeclared(), "GET", READER)
    assert not allowed(Readable(), "DELETE", READER)
    assert not allowed(Readable(), "OPTIONS", READER)
    view_set = Readable()
    view_set.action = "purge"  # type: ignore[attr-defined]
    assert not allowed(view_set, "GET", READER)


def test_action_permission_refuses_the_wrong_actor() -> None:
    assert not allowed(Readable(), "GET", None)
    assert not allowed(
        Readable(), "GET", SimpleNamespace(is_authenticated=True, permissions=frozenset())
    )


def test_action_permission_leaves_unknown_methods_to_the_view() -> None:
    assert allowed(Readable(), "PATCH", READER)  # answers 405
    assert not allowed(Readable(), "PATCH", None)
