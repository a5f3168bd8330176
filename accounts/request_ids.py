"""Which request, or which job of a worker, is being worked on: for answers, log lines and audit.

A caller may name the request itself by ``X-Request-ID``, so that its own log and ours meet; a name
that is not of the plain form is replaced. Names are no secret and prove nothing.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
JOBS = re.compile(r"\bjobs/<uuid:pk>")  # in the patterns of addresses: those of one job
FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_REMEMBERED = "_request_and_job"  # an exception's attribute

_current: ContextVar[str | None] = ContextVar("request_id", default=None)
_job: ContextVar[UUID | None] = ContextVar("job_id", default=None)


def current() -> str | None:
    """The name of the request or job at hand; None outside of any."""
    return _current.get()


def job() -> UUID | None:
    """The job that the work at hand is about; None where it is about none, or many."""
    return _job.get()


def about(job_id: UUID) -> None:
    """What is done from here on, until the block of ``named`` ends, is about this job."""
    if _current.get() is not None:
        _job.set(job_id)


@contextmanager
def named(name: str | None) -> Iterator[None]:
    """What the block does is done for this request; an exception that leaves it remembers that."""
    name_before, job_before = _current.set(name), _job.set(None)
    try:
        yield
    except BaseException as error:
        _remember(error)
        raise
    finally:
        _job.reset(job_before)
        _current.reset(name_before)


@contextmanager
def of_job(job_id: UUID) -> Iterator[None]:
    """What the block does is done for this job, which is its name: "job-" and the id."""
    with named(f"job-{job_id}"):
        about(job_id)
        yield


def carried(work: Callable[[], None]) -> Callable[[], None]:
    """The work, for another thread to do as part of the request or job at hand, and of its trace.

    An exception that leaves it remembers them, as one that leaves ``named``.
    """

    def do() -> None:
        try:
            work()
        except BaseException as error:
            _remember(error)
            raise

    return partial(copy_context().run, do)


@contextmanager
def where_it_was(error: BaseException) -> Iterator[None]:
    """The block is about the request and job that the exception remembers, if any."""
    name, job_id = getattr(error, _REMEMBERED, (None, None))
    with named(name):
        if job_id is not None:
            about(job_id)
        yield


def _remember(error: BaseException) -> None:
    if current() is not None and not hasattr(error, _REMEMBERED):
        with suppress(AttributeError):  # of a class with slots
            setattr(error, _REMEMBERED, (current(), job()))


def name_of(request: HttpRequest) -> str:
    """The caller's name for the request where it is of the form, else a fresh one."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    return given if FORM.fullmatch(given) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Outermost: names the request, and tells the name on every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = name_of(request)
        request.request_id = name  # type: ignore[attr-defined]  # for what is done later
        with named(name):
            response = self.get_response(request)
        response[HEADER] = name
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Note the job that the address names."""
        match = request.resolver_match
        if match is not None and JOBS.search(match.route) and isinstance(kwargs.get("pk"), UUID):
            about(kwargs["pk"])
