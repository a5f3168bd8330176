"""Spans for OpenTelemetry: where the time goes on a document's way, from request to webhook.

Off until ``switch_on``; until then nothing of OpenTelemetry is imported, and every function here
returns at once. The provider is ours and not the process's: no library finds it, so that nothing is
told but what is written here.

What a span tells are numbers and words of ours, by the names of ``ATTRIBUTES``: a text that is not
of ``PLAIN`` form is left out, and so is what an exception says. So no document, file name or key
gets into a trace. Of what a caller sends, ``traceparent`` is taken, and neither its ``tracestate``
nor baggage.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from extraction.errors import Cancelled
from extraction.trace_collector import EXPORT_SECONDS, Collector, headers_in, provider_for

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OpenTelemetrySpan
    from opentelemetry.trace import Tracer

Kind = Literal["internal", "server", "client", "consumer"]
ROOTS = ("server", "consumer")  # kinds that may begin a trace; others are parts of one
ATTRIBUTES: Mapping[str, str] = {
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "error": "error.type",
    "tenant": "ocrsite.tenant.id",
    "job": "ocrsite.job.id",
    "attempt": "ocrsite.attempt",
    "engine": "ocrsite.engine",
    "page": "ocrsite.page",
    "pages": "ocrsite.pages",
    "outcome": "ocrsite.outcome",
    "delivery": "ocrsite.delivery.id",
    "event": "ocrsite.event",
}
PLAIN = re.compile(r"[A-Za-z0-9_.:/<>-]{1,200}")

_collector: Collector | None = None
_process = "process"
_provider: TracerProvider | None = None
_tracer: Tracer | None = None
_making = threading.Lock()


def configure(
    url: str, *, headers: str, sampler: str, share: float, service: str, version: str
) -> None:
    """Switch on, as the settings say, or where they name no ``url`` leave it off.

    Raises ValueError as ``Collector`` and ``headers_in``.
    """
    if url:
        switch_on(Collector(url, headers_in(headers), sampler, share, service, version))


def switch_on(collector: Collector) -> None:
    """Have spans sent there. Nothing is loaded, connected or started before the first of them."""
    global _collector
    _collector = collector


def on() -> bool:
    """Whether spans are made."""
    return _collector is not None


def name_process(name: str) -> None:
    """What this process is, "web" or "worker": the service of its spans is "ocrsite-" and that."""
    global _process
    _process = name


def switch_off() -> None:
    """Send what there is, and make no more."""
    global _collector, _provider, _tracer
    with _making:
        ended, _collector, _provider, _tracer = _provider, None, None, None
    if ended is not None:
        ended.shutdown()


def flush() -> None:
    """Send what there is."""
    if _provider is not None:
        _provider.force_flush(EXPORT_SECONDS * 1000)


class Off:
    """A span that is none."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing."""

    def rename(self, name: str) -> None:
        """Nothing."""

    def set(self, **attributes: object) -> None:
        """Nothing."""

    def failed(self, code: str) -> None:
        """Nothing."""


class Span(Off):
    """A span, current in its block."""

    def __init__(self, made: OpenTelemetrySpan) -> None:
        self._made = made

    def __enter__(self) -> Self:
        from opentelemetry import context, trace

        self._token = context.attach(trace.set_span_in_context(self._made))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        from opentelemetry import context

        if isinstance(error, Cancelled):
            self.set(outcome="cancelled")
        elif error is not None:
            self.failed(str(getattr(error, "code", "") or type(error).__qualname__))
        context.detach(self._token)
        self._made.end()

    def rename(self, name: str) -> None:
        """Give it a name that is known only now."""
        self._made.update_name(name)

    def set(self, **attributes: object) -> None:
        """Tell more, by the names of ``ATTRIBUTES``; None tells nothing."""
        self._made.set_attributes(_told(attributes))

    def failed(self, code: str) -> None:
        """It did not do what it was for, for the reason that the code names."""
        from opentelemetry.trace import StatusCode

        self.set(error=code)
        self._made.set_status(StatusCode.ERROR)


OFF = Off()


def span(
    name: str, *, kind: Kind = "internal", parent: str | None = None, **attributes: object
) -> Off:
    """A span for the length of a block: of the trace that ``parent``, a traceparent, names, or else
    part of the current one. Only ``ROOTS`` begin a trace where there is neither.
    """
    if _collector is None:
        return OFF
    return _begun(name, kind, parent, attributes)


def past(
    name: str, begun: datetime, ended: datetime, *, parent: str | None, **attributes: object
) -> None:
    """A span of what is over; none where there is no ``parent``."""
    if _collector is not None and parent:
        made = _made(name, "internal", _context(parent), attributes, begun)
        made.end(_nanoseconds(ended))


def current() -> Off:
    """The current span, to be told more; not to be entered."""
    if _tracer is None:
        return OFF
    from opentelemetry import trace

    return Span(trace.get_current_span())


def traceparent() -> str:
    """The current span as W3C's header names it, for whoever goes on with it; "" for none."""
    if _tracer is None:
        return ""
    from opentelemetry import trace

    where = trace.get_current_span().get_span_context()
    if not where.is_valid:
        return ""
    return f"00-{where.trace_id:032x}-{where.span_id:016x}-{where.trace_flags & 1:02x}"


def trace_id() -> str:
    """The current trace's, as it is told to people; "" for none."""
    return traceparent()[3:35]


def link(other: str | None) -> None:
    """The current span follows from that one, of another trace."""
    if _tracer is None or not other:
        return
    from opentelemetry import trace

    before = trace.get_current_span(_context(other)).get_span_context()
    if before.is_valid:
        trace.get_current_span().add_link(before)


def _begun(name: str, kind: Kind, parent: str | None, attributes: Mapping[str, object]) -> Off:
    if not parent and kind not in ROOTS and not traceparent():
        return OFF
    return Span(_made(name, kind, _context(parent), attributes))


def _made(
    name: str,
    kind: Kind,
    context: Any,
    attributes: Mapping[str, object],
    begun: datetime | None = None,
) -> OpenTelemetrySpan:
    from opentelemetry.trace import SpanKind

    return _our_tracer().start_span(
        name,
        context=context,
        kind=SpanKind[kind.upper()],
        attributes=_told(attributes),
        start_time=_nanoseconds(begun) if begun else None,
        record_exception=False,
        set_status_on_exception=False,
    )


def _context(parent: str | None) -> Any:
    """In which that span is the current one; None, the present one, where it names none."""
    from opentelemetry import context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if not parent:
        return None
    return TraceContextTextMapPropagator().extract({"traceparent": parent}, context.Context())


def _told(attributes: Mapping[str, object]) -> dict[str, str | int | float]:
    told: dict[str, str | int | float] = {}
    for name, value in attributes.items():
        if isinstance(value, int | float):
            told[ATTRIBUTES[name]] = value
        elif value is not None and PLAIN.fullmatch(str(value)):
            told[ATTRIBUTES[name]] = str(value)
    return told


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000


def _our_tracer() -> Tracer:
    """This process's, made when it is first wanted: after a server's fork, not before it."""
    global _provider, _tracer
    with _making:
        if _tracer is None:
            assert _collector is not None, "switched on"
            _provider = provider_for(_collector, _process)
            _tracer = _provider.get_tracer("ocrsite", _collector.version)
        return _tracer
