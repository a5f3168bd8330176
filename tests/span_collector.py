"""A collector of spans on loopback, spoken to by the real exporter: OTLP over HTTP."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Told:
    """A span as it was sent; ids are hexadecimal, as in a traceparent."""

    name: str
    service: str
    trace: str
    id: str
    parent: str
    kind: str
    failed: bool
    attributes: dict[str, str | int | float | bool]
    links: list[str]
    seconds: float


@dataclass
class SpanCollector:
    """What has been sent there."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    headers: list[dict[str, str]] = field(default_factory=list)

    def spans(self) -> list[Told]:
        """All spans, as they came."""
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                about = _values(resource.resource.attributes)
                for scope in resource.scope_spans:
                    found += [_told(span, str(about["service.name"])) for span in scope.spans]
        return found

    def named(self, name: str, trace: str = "") -> list[Told]:
        """Those of that name, and trace if one is given."""
        return [
            span
            for span in self.spans()
            if span.name == name and (not trace or span.trace == trace)
        ]

    def one(self, name: str, trace: str = "") -> Told:
        """The only one of that name."""
        (span,) = self.named(name, trace)
        return span


def _told(span: object, service: str) -> Told:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

    assert isinstance(span, Span)
    return Told(
        name=span.name,
        service=service,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=_values(span.attributes),
        links=[f"{link.trace_id.hex()}-{link.span_id.hex()}" for link in span.links],
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
    )


def _values(attributes: object) -> dict[str, str | int | float | bool]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value"))
        for each in attributes  # type: ignore[attr-defined]
    }


@contextmanager
def span_collector() -> Iterator[SpanCollector]:
    """A collector for the length of the block."""
    told = SpanCollector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            told.paths.add(self.path)
            told.headers.append({name.lower(): value for name, value in self.headers.items()})
            told.bodies.append(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
