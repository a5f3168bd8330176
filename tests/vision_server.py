"""A server on this machine that speaks Google Cloud Vision's protocol: gRPC, the real messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud import vision_v1

METHOD = "/google.cloud.vision.v1.ImageAnnotator/BatchAnnotateImages"
Break = vision_v1.TextAnnotation.DetectedBreak.BreakType
SPACE, LINE_BREAK, EOL, HYPHEN = (
    Break.SPACE,
    Break.LINE_BREAK,
    Break.EOL_SURE_SPACE,
    Break.HYPHEN,
)
Quad = Sequence[tuple[int, int]]
Reply = Callable[[Any, Any], Any]  # of the request and gRPC's context, an AnnotateImageResponse


@dataclass
class VisionServer:
    """Answers the n-th request with the n-th reply, and all later ones with the last."""

    replies: list[Reply] = field(default_factory=lambda: [lambda request, context: annotated()])
    requests: list[Any] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)
    endpoint: str = ""
    at_once: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def script(self, *replies: Reply) -> None:
        with self._lock:
            self.requests.clear()
            self.replies = list(replies)

    def answer(self, message: Any, context: Any) -> Any:
        (request,) = vision_v1.BatchAnnotateImagesRequest(message).requests
        with self._lock:
            reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
            self.requests.append(request)
            self.metadata.append(dict(context.invocation_metadata()))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            response = reply(request, context)
        finally:
            with self._lock:
                self.at_once -= 1
        responses = [] if response is None else [response]
        return vision_v1.BatchAnnotateImagesResponse.pb(
            vision_v1.BatchAnnotateImagesResponse(responses=responses)
        )


@contextmanager
def vision_server(
    port: int = 0, credentials: grpc.ServerCredentials | None = None
) -> Iterator[VisionServer]:
    """A server that runs while the block does; ``endpoint`` is what to set."""
    served = VisionServer()
    request = type(vision_v1.BatchAnnotateImagesRequest.pb(vision_v1.BatchAnnotateImagesRequest()))
    handler = grpc.unary_unary_rpc_method_handler(
        served.answer,
        request_deserializer=request.FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )
    service, method = METHOD.strip("/").split("/")
    server = grpc.server(
        ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", 50_000_000)]
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    if credentials is None:
        port = server.add_insecure_port(f"127.0.0.1:{port}")
        served.endpoint = f"http://127.0.0.1:{port}"
    else:
        port = server.add_secure_port(f"localhost:{port}", credentials)
        served.endpoint = f"localhost:{port}"
    server.start()
    try:
        yield served
    finally:
        server.stop(0).wait()


def fails(code: grpc.StatusCode, message: str = "no") -> Reply:
    """The call ends with that status."""

    def reply(request: Any, context: Any) -> Any:
        context.abort(code, message)

    return reply


def tells(code: int, message: str) -> Reply:
    """The call goes well, and the answer is an error about the picture."""
    return lambda request, context: vision_v1.AnnotateImageResponse(
        error={"code": code, "message": message}
    )


def waits(seconds: float) -> Reply:
    def reply(request: Any, context: Any) -> Any:
        time.sleep(seconds)
        return annotated()

    return reply


def poly(quad: Quad) -> Any:
    """A polygon of these corners; a coordinate that is 0 does not go over the wire."""
    return vision_v1.BoundingPoly(vertices=[{"x": x, "y": y} for x, y in quad])


def box(x0: int, y0: int, x1: int, y1: int) -> Quad:
    """The corners of a level box, as they are read."""
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def word(
    text: str, quad: Quad = (), after: Any = SPACE, confidence: float = 0.9, **more: Any
) -> Any:
    """A word of Google's, with the break after its last symbol."""
    symbols = [vision_v1.Symbol(text=sign, **more) for sign in text]
    if after:
        symbols[-1].property = vision_v1.TextAnnotation.TextProperty(
            detected_break=vision_v1.TextAnnotation.DetectedBreak(type_=after)
        )
    return vision_v1.Word(bounding_box=poly(quad), symbols=symbols, confidence=confidence)


def annotated(*paragraphs: Sequence[Any], size: tuple[int, int] = (0, 0), quad: Quad = ()) -> Any:
    """An answer of paragraphs of words; ``size`` is what it says of the picture."""
    if not paragraphs:
        return vision_v1.AnnotateImageResponse()
    block = vision_v1.Block(
        bounding_box=poly(quad),
        paragraphs=[vision_v1.Paragraph(words=list(words)) for words in paragraphs],
    )
    page = vision_v1.Page(width=size[0], height=size[1], blocks=[block])
    return vision_v1.AnnotateImageResponse(
        full_text_annotation=vision_v1.TextAnnotation(pages=[page])
    )
