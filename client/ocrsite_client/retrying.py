"""When a request is sent again, and after how long.

- What was not done, whatever it was: no connection came about, 429 and 503 (after Retry-After),
  and a request under an Idempotency-Key that another one is still at.
- What may have been done, an answer that got lost or a 5xx: only where sending it twice does what
  sending it once does (reading, deleting, cancelling, submitting under an Idempotency-Key).

The waits double from half a second to ten, each shortened by chance, until ``patience`` seconds
have passed since the first failure. What the site asks to wait for longer is told at once.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from time import monotonic

import httpx2

from ocrsite_client.calls import Call, Pause, Reply, Steps
from ocrsite_client.errors import NoAnswer, OCRSiteError

logger = logging.getLogger("ocrsite_client")
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
HOPELESS = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.TooManyRedirects)
FIRST_DELAY, LONGEST_DELAY = 0.5, 10.0


def delays(first: float = FIRST_DELAY, longest: float = LONGEST_DELAY) -> Iterator[float]:
    """Longer and longer waits, without end; by chance, so that many clients do not come at once."""
    delay = first
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret
        delay = min(delay * 2, longest)


def send(call: Call, patience: float) -> Steps[Reply]:
    """The answer to the call, if it is none of an error.

    Raises ``ApiError``, ``WrongAddress``, or ``NoAnswer`` where none came in ``patience`` seconds
    of trying. Redirects are not followed: they would take the key and the document elsewhere.
    """
    give_up: float | None = None
    lost = False  # an answer that may have been "done"
    for delay in delays():
        wanted: float | None = None
        trouble: OCRSiteError
        try:
            reply: Reply = yield call
        except httpx2.RequestError as error:
            trouble = NoAnswer(f"No answer from the site: {error or type(error).__name__}")
            trouble.__cause__ = error
            unsent = isinstance(error, NOT_SENT)
            lost = lost or not unsent
            again = (unsent or call.repeatable) and not _hopeless(error)
        else:
            if reply.status < 300:
                page = reply.status != 204 and reply.media_type == "text/html"
                if page and not call.path.endswith(".html"):
                    raise reply.foreign()  # somebody's page, of a proxy that asks to sign in
                return reply
            if reply.status < 400:
                raise reply.moved(call.path)
            if reply.status in call.answers and reply.media_type.endswith("json"):
                return reply
            if reply.status == 404 and call.method == "DELETE" and lost:
                return reply  # deleted by the request whose answer got lost
            refusal = reply.error()
            if lost and refusal.code == call.done:
                return reply
            trouble, wanted = refusal, refusal.retry_after
            lost = lost or reply.status in (500, 502, 504)
            again = (
                reply.status in (429, 503)
                or refusal.code == "idempotency_in_progress"
                or (reply.status in (500, 502, 504) and call.repeatable)
            )
        now = monotonic()
        give_up = now + patience if give_up is None else give_up
        delay = max(delay, wanted or 0.0)
        if not again or now + delay > give_up:
            raise trouble
        logger.warning("%s; trying again in %.1f s", trouble, delay)
        yield Pause(delay)
    raise AssertionError("delays() has no end")


def _hopeless(error: httpx2.RequestError) -> bool:
    """Whether trying again cannot help; a certificate that is refused is no bad connection."""
    return isinstance(error, HOPELESS) or "CERTIFICATE_VERIFY_FAILED" in str(error)
