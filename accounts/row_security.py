"""The second wall between tenants: what PostgreSQL itself lets a statement see and write.

Policies (accounts/row_policies.py) compare every row's tenant with a setting of the connection.
Each statement brings it along: ``SET LOCAL`` stands in front of it in the same message, and so in
the same transaction, at whose end PostgreSQL forgets it. Nothing is left on a connection that the
next request could find there. Without the setting there are no rows.

A process sees nothing until it says otherwise: a request the rows of who has signed in, commands
and workers everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from uuid import UUID

from psycopg import ServerCursor
from psycopg.sql import SQL

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from accounts.models import Tenant

SETTING = "ocrsite.tenant"
NOTHING, EVERYTHING = "", "*"  # else a tenant's id
SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK")

P = ParamSpec("P")
T = TypeVar("T")

_scope: ContextVar[str] = ContextVar("row_security")
_of_process = NOTHING


def process_sees_everything() -> None:
    """For processes that work for all tenants, at their start: commands and workers."""
    global _of_process
    _of_process = EVERYTHING


def scope() -> str:
    """What statements see now: ``NOTHING``, ``EVERYTHING``, or a tenant by its id."""
    return _scope.get(_of_process)


@contextmanager
def acting_for(tenant: Tenant | UUID) -> Iterator[None]:
    """Statements in the block see and write this tenant's rows alone."""
    with _seeing(_id(tenant)):
        yield


@contextmanager
def unscoped() -> Iterator[None]:
    """Statements in the block see all tenants' rows: to find out who asks, and for what is counted
    over all of them. Keep the block small; also a decorator."""
    with _seeing(EVERYTHING):
        yield


def act_for(tenant: Tenant | UUID) -> None:
    """From now to the end of the request, as ``acting_for``: called where it is known who asks.

    Or to the end of the block; without any around it does nothing, for nothing would end it.
    """
    if _scope.get(None) is not None:
        _scope.set(_id(tenant))


def bound(function: Callable[P, T]) -> Callable[P, T]:
    """The function, to be called in another thread, seeing what is seen here and now."""
    here = scope()

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with _seeing(here):
            return function(*args, **kwargs)

    return call


class RowSecurityMiddleware:
    """A request sees nothing until it is known who asks; operators see everything in the admin.

    A streamed answer is made and closed seeing what its view has seen.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with _seeing(NOTHING):
            response = self.get_response(request)
            if response.streaming:
                response.close = bound(response.close)  # type: ignore[method-assign]
                # files are left as they are: the server may send them by itself
                if not hasattr(response, "file_to_stream"):
                    response.streaming_content = _parts(  # type: ignore[attr-defined]
                        response.streaming_content,  # type: ignore[attr-defined]
                        bound(next),
                    )
            return response

    def process_view(self, request: HttpRequest, *args: Any) -> None:
        """Before the view is called."""
        match = request.resolver_match
        if (
            match
            and "admin" in match.app_names
            and request.user.is_active
            and request.user.is_staff
        ):
            _scope.set(EVERYTHING)


def send_scope(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Put the setting in front of a statement: a wrapper of every connection's ``execute``."""
    seen, connection = scope(), context["connection"]
    if seen == NOTHING and connection.autocommit:
        return execute(sql, params, many, context)
    if isinstance(sql, str) and sql.startswith(SAVEPOINTS):  # also where the transaction has failed
        return execute(sql, params, many, context)
    setting = f"SET LOCAL {SETTING} = '{seen}'; "
    cursor = context["cursor"].cursor
    if many or isinstance(cursor, ServerCursor):  # they take no second statement in the message
        with _set_before(connection, setting):
            return execute(sql, params, many, context)
    done = execute(
        setting + sql if isinstance(sql, str) else SQL(setting) + sql, params, many, context
    )
    cursor.nextset()  # from the setting's outcome to the statement's
    return done


@contextmanager
def _set_before(connection: Any, setting: str) -> Iterator[None]:
    """Set it for the block: in the transaction that there is, or in one of its own."""
    with connection.wrap_database_errors:
        connection.connection.execute(setting if not connection.autocommit else f"BEGIN; {setting}")
    if not connection.autocommit:
        yield
        return
    try:
        yield
    except BaseException:
        connection.connection.execute("ROLLBACK")
        raise
    with connection.wrap_database_errors:
        connection.connection.execute("COMMIT")


@contextmanager
def _seeing(what: str) -> Iterator[None]:
    token = _scope.set(what)
    try:
        yield
    finally:
        _scope.reset(token)


def _parts(parts: Iterable[bytes], step: Callable[..., Any]) -> Iterator[bytes]:
    """The parts, each made by ``step``, which is ``next`` as its caller has bound it."""
    rest, end = iter(parts), object()
    while (part := step(rest, end)) is not end:
        yield part


def _id(tenant: Tenant | UUID) -> str:
    return str(UUID(str(tenant if isinstance(tenant, UUID) else tenant.pk)))
