"""Where spans go and of which traces: a collector, as OpenTelemetry's settings name it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

SAMPLERS = tuple(
    f"{stem}{root}"
    for stem in ("", "parentbased_")
    for root in ("always_on", "always_off", "traceidratio")
)
EXPORT_SECONDS = 5  # for one attempt to hand spans over, and for what is left at the end
TRACES = "/v1/traces"


@dataclass(frozen=True, slots=True)
class Collector:
    """Where spans go, and of which traces. ``url`` is that of all signals, as OTLP over HTTP.

    ``sampler`` is one of ``SAMPLERS``, ``share`` what ``traceidratio`` keeps; ``service`` "" is
    named after the process. Raises ValueError for what cannot be meant.
    """

    url: str
    headers: Mapping[str, str]
    sampler: str
    share: float
    service: str
    version: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("OTEL_EXPORTER_OTLP_ENDPOINT must begin with http:// or https://")
        if self.sampler not in SAMPLERS:
            raise ValueError(f"OTEL_TRACES_SAMPLER is none of: {', '.join(SAMPLERS)}")
        if not 0 <= self.share <= 1:
            raise ValueError("OTEL_TRACES_SAMPLER_ARG must be from 0 to 1")


def headers_in(text: str) -> dict[str, str]:
    """The headers of OTEL_EXPORTER_OTLP_HEADERS: "name=value,name=value", values URL-encoded.

    Raises ValueError, which does not repeat them.
    """
    found = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not re.fullmatch(r"[\w-]+", name.strip(), re.ASCII):
            raise ValueError("OTEL_EXPORTER_OTLP_HEADERS must be name=value,name=value")
        found[name.strip().lower()] = unquote(value.strip())
    return found


def provider_for(collector: Collector, process: str) -> TracerProvider:
    """One that sends spans to the collector, as those of this process: "web", "worker"."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider, sampling
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    root: sampling.Sampler = sampling.TraceIdRatioBased(collector.share)
    if collector.sampler.endswith("always_on"):
        root = sampling.ALWAYS_ON
    elif collector.sampler.endswith("always_off"):
        root = sampling.ALWAYS_OFF
    parentbased = collector.sampler.startswith("parentbased_")
    service = collector.service or f"ocrsite-{process}"
    provider = TracerProvider(
        sampler=sampling.ParentBased(root) if parentbased else root,
        resource=Resource.create({"service.name": service, "service.version": collector.version}),
    )

    class Processor(BatchSpanProcessor):
        """One that ends in the time that a process has for ending: its own waits for 30 seconds."""

        def shutdown(self) -> None:
            self._batch_processor.shutdown(timeout_millis=EXPORT_SECONDS * 1000)

    exporter = OTLPSpanExporter(
        endpoint=collector.url.rstrip("/") + TRACES,
        headers=dict(collector.headers),
        timeout=EXPORT_SECONDS,
    )
    provider.add_span_processor(Processor(exporter))
    return provider
