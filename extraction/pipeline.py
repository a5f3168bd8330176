"""A document's way: open, decode, read, structure, find. Knows no job and no tenant."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from extraction import annotating, structure, tracing
from extraction.classify import classify
from extraction.documents import DEFAULT_LIMITS, PageFailure, open_document, parse_pages
from extraction.engines import UNWATCHED, Engine, FillsSchemas, Wants, Watch, get
from extraction.errors import (
    Cancelled,
    EngineFailed,
    EngineUnavailable,
    ExtractionError,
    InvalidOption,
)
from extraction.fields import known
from extraction.fields.by_schema import check_schema
from extraction.fields.by_schema.by_model import Ask, filled
from extraction.fields.templates import Template
from extraction.finding import Choose, Wanted, find_wanted
from extraction.formats.md import page_markdown
from extraction.laid_out import has_text
from extraction.options import Limits, Options
from extraction.settling import settle
from extraction.splitting import split, whole
from extraction.types import (
    Document,
    DocumentInfo,
    Extraction,
    Failure,
    Page,
    PageImage,
    PageText,
    Source,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a document told: its kind and hash, and which of its pages are to be read."""

    info: DocumentInfo
    sha256: str
    numbers: tuple[int, ...]


OnOpen = Callable[[Opened], Collection[int] | None]
OnPage = Callable[[Page, bytes | None], None]
Instead = Callable[[PageImage], PageText]
Stop = Callable[[], bool]


def run(
    path: Path,
    options: Options,
    engine: Engine,
    *,
    limits: Limits = DEFAULT_LIMITS,
    name: str = "",
    template: Template | None = None,
    choose: Choose | None = None,
    on_open: OnOpen | None = None,
    on_page: OnPage | None = None,
    stop: Stop | None = None,
) -> Document:
    """Read the document at ``path`` with ``engine``: ``read_pages``, then ``put_together``."""
    pages: list[Page] = []

    def keep(page: Page, preview: bytes | None) -> None:
        pages.append(page)
        if on_page:
            on_page(page, preview)

    opened = read_pages(
        path, options, engine, limits=limits, on_open=on_open, on_page=keep, stop=stop
    )
    info = opened.info
    source = Source(name or path.name, info.media_type, opened.sha256, info.page_count)
    ask = asker(engine, options)
    return put_together(pages, options, source, template=template, choose=choose, ask=ask)


def asker(engine: Engine, options: Options, watch: Watch = UNWATCHED) -> Ask | None:
    """Asks the engine's model to fill the schema of the options, None where it does not do that."""
    if options.schema is None or not isinstance(engine, FillsSchemas) or not engine.fills_schemas:
        return None
    return partial(engine.fill, schema=options.schema, watch=watch)


def read_pages(
    path: Path,
    options: Options,
    engine: Engine,
    *,
    on_page: OnPage,
    on_open: OnOpen | None = None,
    limits: Limits = DEFAULT_LIMITS,
    stop: Stop | None = None,
    watch: Watch = UNWATCHED,
    instead: Instead | None = None,
) -> Opened:
    """Read the pages of the document at ``path`` with ``engine``, as many together as it likes.

    ``on_open`` is told what was opened and may return which of the pages chosen by the options to
    read now: None is all of them. ``on_page`` is given
    each page as it is finished and its preview (JPEG). ``stop`` is asked before each page, or group
    of pages, ``watch`` is the engine's while it reads them. What
    frames the pages is told from all of them together, so a page handed to ``on_page`` is not
    settled yet (``settling.settle``). ``instead`` reads pages that ``engine`` is out of order for.

    A page that fails becomes a ``Page`` with its error and the others go on. Raises
    ``ExtractionError`` where the document as a whole cannot be read, ``InvalidOption`` for an
    unknown field or page or a schema not accepted, ``EngineUnavailable``, and ``Cancelled`` when
    one of them says stop.
    """
    known(options.fields)
    if options.schema is not None:
        check_schema(options.schema)
    engine, wants = _reader(engine, options)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    with open_document(path, password=options.password, limits=limits) as document:
        numbers = parse_pages(options.pages, document.info.page_count)
        opened = Opened(document.info, sha256, numbers)
        now = on_open(opened) if on_open else None
        left = [number for number in numbers if now is None or number in now]
        if left:
            decoded = document.pages(left, wants=wants, dpi=options.dpi, preview=options.preview)
            started = time.perf_counter()
            for group in _groups(decoded, engine.at_once):
                if stop and stop():
                    raise Cancelled()
                read = partial(_read, engine=engine, watch=watch, instead=instead)
                for item, page in zip(group, _pages(group, read, started), strict=True):
                    on_page(page, item.preview if isinstance(item, PageImage) else None)
                started = time.perf_counter()
    return opened


def put_together(
    pages: Sequence[Page],
    options: Options,
    source: Source,
    *,
    template: Template | None = None,
    choose: Choose | None = None,
    ask: Ask | None = None,
) -> Document:
    """The result of the pages read, in the order of their numbers: type, parts, fields, schema.

    ``template`` is the one whose fields to look for; where neither it nor ``options.fields`` is
    given, ``choose`` is asked for one that is for such documents. ``ask`` asks a model to fill the
    schema; without it values are found by their labels.
    """
    wanted = Wanted(known(options.fields), template, choose)
    chosen = annotating.settled(settle(pages, strip=options.strip_furniture))
    parts = split(chosen) if options.split else ()
    classification = None
    if any(map(has_text, chosen)):
        classification = whole(parts) if parts else classify(chosen)
    found = find_wanted(chosen, classification, parts, wanted)
    extraction: Extraction | None = None
    warned: tuple[str, ...] = ()
    if options.schema is not None:
        extraction, warned = filled(chosen, options.schema, ask)
    return Document(
        source=source,
        pages=chosen,
        fields=found.fields,
        classification=classification,
        warnings=_warnings(chosen) + found.warnings + warned,
        extraction=extraction,
        documents=found.parts,
        template=found.template,
    )


def _reader(engine: Engine, options: Options) -> tuple[Engine, Wants]:
    """The engine and what it is to be given, after the caller's word on the PDF's own text."""
    if options.text_layer == "only":
        return get("text-layer"), "text"
    if options.text_layer == "ignore":
        if engine.wants == "text":
            raise InvalidOption(f"engine {engine.name} reads nothing but the text layer")
        return engine, "pixels"
    return engine, engine.wants


def _groups(
    decoded: Iterable[PageImage | PageFailure], size: int
) -> Iterator[list[PageImage | PageFailure]]:
    """The pages in groups of up to ``size``; of more than one, with pixels of their own, for the
    decoder writes the next page over the one before."""
    group: list[PageImage | PageFailure] = []
    for item in decoded:
        if size > 1 and isinstance(item, PageImage) and item.pixels is not None:
            item = replace(item, pixels=item.pixels.copy())
        group.append(item)
        if len(group) >= size:
            yield group
            group = []
    if group:
        yield group


def _pages(
    group: Sequence[PageImage | PageFailure],
    read: Callable[[Sequence[PageImage]], list[PageText]],
    started: float,
) -> Iterator[Page]:
    """Read and structure a group of decoded pages; what goes wrong becomes a page's error."""
    texts = iter(read([item for item in group if isinstance(item, PageImage)]))
    share = (time.perf_counter() - started) / len(group)
    for item in group:
        if isinstance(item, PageFailure):
            yield Page(item.number, item.width, item.height, error=item.error.failure())
            continue
        begun = time.perf_counter()
        page = _page(item, next(texts))
        yield replace(page, seconds=round(share + time.perf_counter() - begun, 3))


def _read(
    images: Sequence[PageImage], engine: Engine, watch: Watch, instead: Instead | None
) -> list[PageText]:
    """What the engine says of each page; where it fails on several, of each alone."""
    if not images:
        return []
    try:
        with tracing.span("engine.read", page=images[0].number, pages=len(images)):
            return engine.read(images, watch)
    except Cancelled:
        raise
    except EngineUnavailable:
        if instead is None:
            raise
        return [_read_instead(image, engine, watch, instead) for image in images]
    except Exception as error:
        if len(images) > 1:
            return [text for image in images for text in _read([image], engine, watch, instead)]
        if not isinstance(error, ExtractionError):
            logger.exception("engine %s failed on page %d", engine.name, images[0].number)
            error = EngineFailed()
        return [PageText((), engine.name, engine.revision, error=error.failure())]


def _read_instead(image: PageImage, engine: Engine, watch: Watch, instead: Instead) -> PageText:
    """The page by another engine, or with what went wrong there."""
    if watch.stop():
        raise Cancelled()
    try:
        return instead(image)
    except EngineFailed as error:
        return PageText((), engine.name, engine.revision, error=error.failure())


def _page(item: PageImage, text: PageText) -> Page:
    """The page with its structure, or with what went wrong."""
    if text.error is not None:
        return _failed(item, text, text.error)
    try:
        parts = structure.of_page(item, text)
    except Exception as error:
        if not isinstance(error, ExtractionError):
            logger.exception("the text of page %d could not be put in order", item.number)
            error = EngineFailed()
        return _failed(item, text, error.failure())
    scores = [line.confidence for line in parts.lines if line.confidence is not None]
    page = Page(
        number=item.number,
        width=item.width,
        height=item.height,
        rotation=item.rotation,
        dpi=item.dpi,
        engine=text.engine,
        revision=text.revision,
        confidence=round(sum(scores) / len(scores), 4) if scores else text.confidence,
        skew=text.skew,
        blocks=parts.blocks,
        lines=parts.lines,
        markdown=page_markdown(parts.blocks),
        warnings=item.warnings + text.warnings,
        tokens=text.tokens,
        disagreements=text.disagreements,
    )
    return annotating.annotated(page)


def _failed(item: PageImage, text: PageText, error: Failure) -> Page:
    return Page(
        number=item.number,
        width=item.width,
        height=item.height,
        rotation=item.rotation,
        dpi=item.dpi,
        engine=text.engine,
        revision=text.revision,
        error=error,
        warnings=item.warnings,
    )


def _warnings(pages: tuple[Page, ...]) -> tuple[str, ...]:
    """What the reader of the whole document should know."""
    read = [page for page in pages if page.error is None]
    if read and not any(map(has_text, read)):
        return ("all_pages_blank",)
    return ()
