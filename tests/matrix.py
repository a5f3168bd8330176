"""Every caller there can be, of two organisations whose rows stand there once for many calls.

The rows are written in a transaction that a module's tests share and nobody commits; each call
is undone before the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any, Literal
from unittest.mock import patch
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client, override_settings
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from accounts.keys import create_api_key
from accounts.models import Membership
from accounts.permissions import ROLES, SCOPES, Role, allowed_to_scopes
from accounts.tokens import issue
from tests.people import Organisation, organisation

Kind = Literal["token", "key", "session", "nobody"]
# Differ from call to call, whatever is asked for
NOT_COMPARED = re.compile(r"x-ratelimit|ratelimit|set-cookie|date|x-request-id", re.I)
# What a refused call may write: that a key was used, that somebody was refused
NOTES = re.compile(r'UPDATE "accounts_apikey" SET "last_used|INSERT INTO "accounts_auditentry"')
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|TRUNCATE|WITH|SELECT .*_(submit|reserve)\()", re.I)


@dataclass(frozen=True)
class Caller:
    """Somebody of one organisation, and what they may do by the table of roles and scopes."""

    name: str
    kind: Kind
    permissions: frozenset[str]
    client: Client


@dataclass(frozen=True)
class Answer:
    """What a caller can tell apart."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def code(self) -> str:
        """The problem's code; "" where the body is none."""
        found = re.search(rb'"code":\s*"(\w+)"', self.body)
        return found[1].decode() if found else ""


@dataclass(frozen=True)
class Site:
    """Two organisations with the same rows, and their callers by name."""

    acme: Organisation
    stranger: Organisation
    pk: UUID  # of acme's rows
    strangers_pk: UUID
    callers: dict[str, list[Caller]]  # of acme and of stranger

    def of(self, slug: str, route: str) -> list[Caller]:
        """Those of that organisation whose credentials the route takes."""
        kinds = ("token", "key") if route.startswith("api/") else ("session",)
        return [caller for caller in self.callers[slug] if caller.kind in kinds]

    def nobodies(self, route: str) -> list[Caller]:
        """Those whose credentials, if any, count for nothing at the route."""
        owner_and_admin = [each for each in self.callers["acme"] if each.name in _STRONG]
        other = ("session",) if route.startswith("api/") else ("token", "key")
        nobody = Caller("nobody", "nobody", frozenset(), APIClient())
        return [nobody, *(each for each in owner_and_admin if each.kind in other)]


_STRONG = ("owner by token", "owner by session", "key with admin")


def callers_of(acme: Organisation) -> list[Caller]:
    """Each role by token and by session, each scope alone by key."""
    found = []
    for role in Role:
        person = acme.owner if role == Role.OWNER else acme.join(role)
        membership = Membership.objects.get(tenant=acme.tenant, user=person)
        token = APIClient()
        token.credentials(HTTP_AUTHORIZATION=f"Bearer {issue(membership).access_token}")
        session = Client()
        session.force_login(person)
        found.append(Caller(f"{role} by token", "token", ROLES[role], token))
        found.append(Caller(f"{role} by session", "session", ROLES[role], session))
    for scope in SCOPES:
        _, raw = create_api_key(tenant=acme.tenant, name=scope, scopes=[scope], created_by=None)
        key = APIClient()
        key.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
        found.append(Caller(f"key with {scope}", "key", allowed_to_scopes([scope]), key))
    return found


@pytest.fixture(scope="module")
def site(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """The two organisations, for all tests of a module."""
    from tests.test_isolation import rows_of

    folder = str(tmp_path_factory.mktemp("files"))
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=folder),
        patch("jobs.storage.remove"),  # files would not come back with the rows
        transaction.atomic(),
    ):
        acme, stranger = organisation("acme"), organisation("stranger")
        pk, strangers_pk = rows_of(acme).pk, rows_of(stranger).pk
        callers = {each.tenant.slug: callers_of(each) for each in (acme, stranger)}
        yield Site(acme, stranger, pk, strangers_pk, callers)
        transaction.set_rollback(True)


def call(caller: Caller, method: str, url: str) -> tuple[Answer, list[str]]:
    """The answer, and the statements that wrote something; undone afterwards."""
    with writes() as written, undone():
        cookies = SimpleCookie(caller.client.cookies.output(header="", sep=";"))
        answer: Any = getattr(caller.client, method)(url)
        body = _begun(answer) if answer.streaming else answer.content
        caller.client.cookies = cookies  # a sign-out is undone too
    body = re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", body)
    headers = sorted(
        (name, value) for name, value in answer.items() if not NOT_COMPARED.match(name)
    )
    return Answer(answer.status_code, body, tuple(headers)), written


def _begun(answer: Any) -> bytes:
    """The body; of events, which go on and on, the first."""
    chunks = answer.streaming_content
    if answer["Content-Type"].startswith("text/event-stream"):
        first: bytes = next(chunks)
        answer._iterator.close()
        return first
    return b"".join(chunks)


@contextmanager
def undone() -> Iterator[None]:
    """A savepoint that is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements that write, besides notes of the call itself."""
    found: list[str] = []

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = str(sql)
        if WRITES.match(text) and not NOTES.match(text):
            found.append(text)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found
