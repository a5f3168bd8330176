"""What can go wrong, as one family of exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocrsite_client.models import Job


class OCRSiteError(Exception):
    """Every error of this package."""


class NoAnswer(OCRSiteError):
    """The site could not be reached, or the connection broke, as often as it was tried."""


class WrongAddress(OCRSiteError):
    """What is at the address sends elsewhere, or does not answer as an OCRSite does."""


class ApiError(OCRSiteError):
    """The site refused, or failed: its problem document (docs/errors.md).

    Decide by ``code``: it does not change. ``limit`` and ``actual`` are there where a limit was
    crossed, ``errors`` where fields of the request are wrong, ``request_id`` where the fault is
    the site's, ``retry_after`` (seconds) where trying again makes sense.
    """

    def __init__(
        self, status: int, problem: dict[str, Any], retry_after: float | None = None
    ) -> None:
        self.status = status
        self.code = str(problem.get("code") or f"http_{status}")
        self.title = str(problem.get("title") or "")
        self.detail = str(problem.get("detail") or self.title)
        self.limit: Any = problem.get("limit")
        self.actual: Any = problem.get("actual")
        self.errors: Any = problem.get("errors")
        self.request_id: str | None = problem.get("request_id")
        self.retry_after = retry_after
        told = f"{self.code}: {self.detail}"
        if self.limit is not None:
            told += f" (limit {self.limit}, actual {self.actual})"
        if self.request_id:
            told += f" [request {self.request_id}]"
        super().__init__(told)


class NotAuthenticated(ApiError):
    """401: no key, or one that is wrong, expired or revoked."""


class PermissionDenied(ApiError):
    """403: the key may not do this."""


class NotFound(ApiError):
    """404: no such thing, or another organisation's."""


class Conflict(ApiError):
    """409: not in its present state."""


class Gone(ApiError):
    """410: it was there once."""


class TooMany(ApiError):
    """429: a rate limit, a quota or a budget is used up."""


class ServerFault(ApiError):
    """5xx: the site's fault, or it is busy."""


class JobFailed(OCRSiteError):
    """The job ended without a result: ``job`` says why."""

    def __init__(self, job: Job) -> None:
        self.job = job
        error = job.error or {}
        told = error.get("detail") or error.get("title") or job.status
        super().__init__(f"{job.name}: {error.get('code', job.status)}: {told}")


class WaitTimeout(OCRSiteError):
    """It has not ended within the time; ``last`` is how it stood. It goes on at the site."""

    def __init__(self, told: str, last: Any) -> None:
        self.last = last
        super().__init__(told)


class WebhookInvalid(OCRSiteError):
    """The request is not one that the site has signed, or it is too old: answer 400."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: NotAuthenticated,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: Gone,
    429: TooMany,
}


def api_error(status: int, problem: dict[str, Any], retry_after: float | None) -> ApiError:
    """The exception for such an answer."""
    kind = _BY_STATUS.get(status, ServerFault if status >= 500 else ApiError)
    return kind(status, problem, retry_after)
