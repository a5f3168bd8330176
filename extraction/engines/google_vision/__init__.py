"""Google Cloud Vision: document text detection, by Google's own client. Pages are sent to Google.

Off until the operator has set it up. Each page costs, so pages are counted before they are sent
(``extraction.engines.spending``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from importlib.metadata import version

from extraction.breaker import Permit, breaker_of
from extraction.engines import UNWATCHED, Wants, Watch, attempts
from extraction.engines.attempts import Refused
from extraction.engines.configuration import Configuration
from extraction.engines.google_vision.annotation import read
from extraction.engines.google_vision.service import Service
from extraction.engines.picture import Picture, encoded
from extraction.engines.spending import Spending
from extraction.errors import Cancelled, EngineFailed, EngineUnavailable
from extraction.types import PageImage, PageText

AT_ONCE = 4
MAX_PIXELS = 12_000_000  # an A4 page at 350 dpi; Google asks for 75 million at most
LOOK_SECONDS = 0.5
KEEP_SECONDS = 15  # between two signs of life of a trial


class GoogleVisionEngine:
    """Reads rendered pages, from any thread."""

    wants: Wants = "pixels"
    at_once = AT_ONCE

    def __init__(self, *, name: str, configuration: Configuration, threads: int = 0) -> None:
        """Raises ``EngineUnavailable`` where it is not set up, or not as it must be."""
        settings = configuration.google
        if settings is None:
            raise EngineUnavailable("GOOGLE_VISION_PAGES_A_DAY lets no page be sent")
        self.name = name
        self._service = Service(settings)
        client = version("google-cloud-vision")
        self.revision = f"DOCUMENT_TEXT_DETECTION/google-cloud-vision-{client}"
        self._retries = settings.retries
        self._breaker = breaker_of(name, configuration.redis)
        self._spending = Spending(name, settings.pages_a_day, configuration.redis)
        self._requests = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="google-vision")
        self._trials: dict[threading.Event, Permit] = {}

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        """Read the pages together; one that Google refuses has an ``error``.

        Raises ``EngineFailed`` for a page without pixels, ``EngineUnavailable`` where Google is
        away, ``EngineCapReached``, ``Cancelled``: what has been sent then is billed all the same.
        """
        pictures = [encoded(page, min_pixels=1, max_pixels=MAX_PIXELS) for page in pages]
        given_up = threading.Event()
        futures = [
            self._requests.submit(copy_context().run, self._page, page, picture, given_up)
            for page, picture in zip(pages, pictures, strict=True)
        ]
        try:
            self._follow(futures, given_up, watch)
        finally:
            given_up.set()
            for future in futures:
                future.cancel()
        return [future.result() for future in futures]

    def _follow(
        self, futures: Sequence[Future[PageText]], given_up: threading.Event, watch: Watch
    ) -> None:
        """Wait for all. Raises what one of them raised, ``Cancelled``."""
        kept = time.monotonic()
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            trial = self._trials.get(given_up)
            if trial is not None and time.monotonic() - kept > KEEP_SECONDS:
                kept = time.monotonic()
                trial.keep()
            if waiting and watch.stop():
                raise Cancelled()

    def _page(self, page: PageImage, picture: Picture, given_up: threading.Event) -> PageText:
        def once(permit: Permit) -> PageText:
            if given_up.is_set():
                raise Cancelled()
            if permit.trial:
                self._trials[given_up] = permit
            try:
                self._spending.reserve()
                annotation = self._service.annotate(picture)
            finally:
                self._trials.pop(given_up, None)
            sent = (picture.width, picture.height)
            lines, skew = read(annotation, sent, (page.width, page.height))
            return PageText(lines, self.name, self.revision, skew=skew)

        try:
            return attempts.made(
                once, breaker=self._breaker, retries=self._retries, given_up=given_up
            )
        except Refused as error:
            failure = EngineFailed(f"Google refuses the page: {error}").failure()
            return PageText((), self.name, self.revision, error=failure)
