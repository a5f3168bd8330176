"""The sender: signs what is due and posts it, many receivers at once.

One thread speaks to the database; the others only wait for receivers. Half of them at most wait
for receivers that fail, so that those never hold up the others.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.core.mail import send_mail
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils.translation import gettext_noop
from standardwebhooks import Webhook as Signer

from accounts import request_ids
from extraction import tracing
from jobs import alive, deliveries, netguard
from jobs.deliveries import Claimed, Notice, Outcome
from jobs.errors import AddressRefused

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
PRUNE_SECONDS = 3600
READ_BYTES = 65_536
KEPT_BYTES = 1024


def headers_of(claimed: Claimed, at: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks: one signature by every live secret; and the trace's."""
    traced = {"traceparent": span} if (span := tracing.traceparent()) else {}
    signatures = [Signer(key).sign(claimed.message, at, claimed.body) for key in claimed.secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": f"OCRSite-Webhooks/{settings.VERSION}",
        "webhook-id": claimed.message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
        **traced,
    }


def post(claimed: Claimed) -> Outcome:
    """One attempt; every way to fail is an outcome. The log names it as "delivery-" and the id."""
    with (
        request_ids.named(f"delivery-{claimed.id}"),
        tracing.span(
            "webhook.deliver",
            kind="client",
            parent=claimed.traceparent,
            delivery=claimed.id,
            event=claimed.event,
            attempt=claimed.claim,
        ) as span,
    ):
        outcome = _post(claimed)
        span.set(status=outcome.code)
        if not outcome.delivered:
            span.failed(str(outcome.code or "no_answer"))
        return outcome


def _post(claimed: Claimed) -> Outcome:
    if not claimed.secrets:
        return Outcome(0, error=gettext_noop("Its secret cannot be read any more: rotate it."))
    begun = time.monotonic()
    code, answer, error, retry_after = None, b"", "", None
    try:
        with netguard.request(
            "POST",
            claimed.url,
            seconds=settings.WEBHOOK_SECONDS,
            allowed=settings.WEBHOOK_ALLOWED_HOSTS,
            headers=headers_of(claimed, datetime.now(UTC)),
            body=claimed.body.encode(),
        ) as reply:
            code = reply.status
            retry_after = _retry_after(reply.headers.get("Retry-After"))
            answer = _start_of(reply)
    except AddressRefused as refused:
        error = refused.detail
    except netguard.Unreachable as unreachable:
        if code is None:  # a status is an answer, whatever comes of the body
            error = str(unreachable)
    except Exception:
        logger.exception("delivery %s", claimed.id)
        error = gettext_noop("A fault of ours.")
    if code is not None and 300 <= code < 400:
        error = f"It answered {code}: redirects are not followed."
    text = answer.decode(errors="replace").replace("\0", "\ufffd")
    return Outcome(time.monotonic() - begun, code, text, error, retry_after)


def _start_of(reply: netguard.Reply) -> bytes:
    """The body's first bytes, what came of them; some more is read, and thrown away."""
    kept, size = b"", 0
    try:
        while size < READ_BYTES and (chunk := reply.read(READ_BYTES - size)):
            size += len(chunk)
            kept = (kept + chunk)[:KEPT_BYTES]
    except netguard.Unreachable:
        pass
    return kept


def _retry_after(value: str | None) -> float | None:
    """The header's seconds, which may be given as a date; None where it says nothing."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


class Sender:
    """Claims, posts and records until it is stopped."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or settings.WEBHOOK_THREADS
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="delivery")
        self._under_way: dict[Future[Outcome], tuple[Claimed, bool]] = {}
        self._pruned_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop``, then see through what is under way; no longer than one attempt."""
        with self._pool:
            while not stop.is_set() or self._under_way:
                alive.tell()
                claimed = 0
                try:
                    close_old_connections()
                    if not stop.is_set():
                        claimed = self.claim()
                        self._prune()
                    self.record(POLL_SECONDS)
                except (OperationalError, InterfaceError) as error:
                    logger.warning("the database does not answer: %s", error)
                    if stop.is_set():
                        return  # what was sent meanwhile is sent again: its lease runs out
                    stop.wait(1)
                if not claimed and not self._under_way:
                    stop.wait(POLL_SECONDS)

    def send_due(self) -> int:
        """Send what is due now, and what follows from it; returns how many attempts (tests)."""
        sent = 0
        while self.claim() or self._under_way:
            sent += self.record(POLL_SECONDS)
        return sent

    def claim(self) -> int:
        """Take what is due and begin to post it; returns how many."""
        begun = 0
        for troubled in (True, False):
            busy = sum(1 for _, kind in self._under_way.values() if kind)
            free = self.threads - len(self._under_way)
            limit = min(free, max(1, self.threads // 2) - busy) if troubled else free
            for claimed in deliveries.claim(limit, troubled=troubled):
                self._under_way[self._pool.submit(post, claimed)] = claimed, troubled
                begun += 1
        return begun

    def record(self, seconds: float) -> int:
        """Write down what has come back, waiting so long for the first; returns how many."""
        if not self._under_way:
            return 0
        done, _ = wait(self._under_way, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            claimed, _ = self._under_way[future]
            notice = deliveries.record(claimed, future.result())
            del self._under_way[future]  # afterwards: with the database away it is tried again
            if notice is not None:
                self._pool.submit(_tell, notice)
        return len(done)

    def _prune(self) -> None:
        if time.monotonic() - self._pruned_at > PRUNE_SECONDS or not self._pruned_at:
            while deliveries.prune():
                pass
            self._pruned_at = time.monotonic()


def _tell(notice: Notice) -> None:
    logger.warning("%s", notice.subject)
    if not notice.recipients:
        return
    try:
        send_mail(notice.subject, notice.text, None, list(notice.recipients))
    except Exception:  # the audit log and the webhook itself tell it too
        logger.exception("the notice could not be sent")
