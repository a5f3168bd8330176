"""Every expected failure of reading a document: one family, each with a code.

``code`` is stable and documented (docs/errors.md), ``status`` is the HTTP status it becomes,
``permanent`` says that trying the same again cannot help. Nothing here is raised for a bug.
"""

from __future__ import annotations

from typing import ClassVar

from extraction.types import Failure


class ExtractionError(Exception):
    """Base of the family; ``limit`` and ``actual`` are given where a limit was crossed."""

    code: ClassVar[str] = "extraction_failed"
    title: ClassVar[str] = "The document could not be read"
    status: ClassVar[int] = 422
    permanent: ClassVar[bool] = True

    def __init__(
        self,
        detail: str = "",
        *,
        limit: int | float | None = None,
        actual: int | float | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.limit = limit
        self.actual = actual

    def failure(self) -> Failure:
        """The error as data, to be stored and sent."""
        return Failure(self.code, self.title, self.detail, self.limit, self.actual)


class UnsupportedType(ExtractionError):
    code = "unsupported_type"
    title = "This kind of file is not supported"
    status = 415


class FileTooLarge(ExtractionError):
    code = "file_too_large"
    title = "The file is larger than allowed"
    status = 413


class TooManyPages(ExtractionError):
    code = "too_many_pages"
    title = "The document has more pages than allowed"


class ImageTooLarge(ExtractionError):
    code = "image_too_large"
    title = "The image has more pixels than allowed"


class PageTooLarge(ExtractionError):
    code = "page_too_large"
    title = "The page cannot be rendered within the limits"


class Encrypted(ExtractionError):
    code = "encrypted"
    title = "The document is encrypted and needs a password"


class WrongPassword(ExtractionError):
    code = "wrong_password"
    title = "The password does not open the document"


class CorruptDocument(ExtractionError):
    code = "corrupt_document"
    title = "The document is damaged"


class EmptyDocument(ExtractionError):
    code = "empty_document"
    title = "The document has no pages"


class PageTimeout(ExtractionError):
    code = "page_timeout"
    title = "The page took too long to decode"


class InvalidOption(ExtractionError):
    code = "invalid_option"
    title = "An option is not valid"
    status = 400


class InvalidTemplate(InvalidOption):
    code = "invalid_template"
    title = "The template is not valid"


class InvalidValue(ExtractionError):
    code = "invalid_value"
    title = "The value is none of the field's kind"


class WrongCheckSum(InvalidValue):
    """The number's check digits say that it is misread or mistyped; it can be kept all the same."""


class InvalidCell(InvalidValue):
    """A cell of a table: ``row`` from 1, ``column`` by its name, and what is wrong with it."""

    def __init__(self, row: int, column: str, error: InvalidValue) -> None:
        super().__init__(f"Row {row}: {error.detail}", limit=error.limit, actual=error.actual)
        self.row = row
        self.column = column
        self.error = error


class EngineFailed(ExtractionError):
    code = "engine_failed"
    title = "The engine failed on this page"


class EngineUnavailable(ExtractionError):
    """``retry_after`` are the seconds after which trying again makes sense; None: not known."""

    code = "engine_unavailable"
    title = "The engine is not available"
    status = 503
    permanent = False

    def __init__(
        self,
        detail: str = "",
        *,
        limit: int | float | None = None,
        actual: int | float | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, limit=limit, actual=actual)
        self.retry_after = retry_after


class EngineCapReached(EngineUnavailable):
    """The operator lets no more pages be sent to a paid service today; more tomorrow."""

    code = "engine_cap_reached"
    title = "The engine's pages of this day are used up"


class NotMade(ExtractionError):
    code = "not_made"
    title = "The searchable PDF was not made"
    status = 409


class Cancelled(ExtractionError):
    code = "cancelled"
    title = "The work was cancelled"
    status = 409
