"""What a document gets that comes without a wish: the organisation's settings, else ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from extraction.engines import ENGINES
from extraction.errors import InvalidOption
from extraction.fields import CATALOGUE
from extraction.options import Options, TextLayer
from jobs import read_again
from jobs.engine_titles import title_of
from jobs.forms import TEXT_LAYERS
from jobs.labels import field_label
from jobs.models import Job
from jobs.plan_engines import default_engine, offered

USUAL_DPI = Options().dpi
NOTHING_SAID = Options(engine="")  # beside it, what a request asks for is what it says itself


def usual_options(tenant: Tenant, *, on_pages: bool = False) -> Options:
    """The options of a document of which nothing is said.

    Where the organisation says nothing of a searchable PDF, one is made of what is sent on pages.
    """
    pdf = tenant.default_searchable_pdf
    return Options(
        engine=default_engine(tenant),
        text_layer=cast("TextLayer", tenant.default_text_layer),
        dpi=tenant.default_dpi or USUAL_DPI,
        strip_furniture=tenant.default_strip_furniture,
        split=tenant.default_split,
        outputs=("pdf",) if (on_pages if pdf is None else pdf) else (),
        preview=True,
    )


def refuse_default_engine(tenant: Tenant, engine: str) -> None:
    """Raises ``InvalidOption`` for an engine that cannot become the organisation's default.

    The one that it is stays possible, though the plan may have lost it; "" is the installation's.
    """
    names = [name for name, _title in offered(tenant)]
    if engine and engine != tenant.default_engine and engine not in names:
        raise InvalidOption(f"Not one of: {', '.join(names)}.")


def in_words(job: Job) -> Iterator[tuple[str | Promise, str | Promise]]:
    """What the job was really given, label and value: its engine, and what is not as usual here."""
    options = read_again.options_of(job)
    plain = Options()
    engine = options.engine
    yield _("Engine"), title_of(engine) if engine in ENGINES else engine
    if options.pages:
        yield _("Pages"), options.pages
    if options.template:
        yield _("Template"), options.template
    if options.fields:
        fields = (field_label(field) for field in CATALOGUE if field.name in options.fields)
        yield _("Fields"), ", ".join(fields)
    if options.text_layer != plain.text_layer:
        yield _("A PDF's own text"), dict(TEXT_LAYERS)[options.text_layer]
    if options.dpi != plain.dpi:
        yield _("Dots per inch"), str(options.dpi)
    also = (
        ("pdf" in options.outputs, _("Make a searchable PDF")),
        (options.strip_furniture, _("Leave out headers, footers and page numbers")),
        (options.split, _("Tell stapled documents apart")),
    )
    if chosen := [str(label) for asked, label in also if asked]:
        yield _("Options"), "; ".join(chosen)


def set_by(tenant: Tenant) -> Iterator[str | Promise]:
    """What the organisation has set of it, in words that forms have for it."""
    if tenant.default_engine and tenant.default_engine == default_engine(tenant):
        yield _("Engine")
    if tenant.default_text_layer != Options().text_layer:
        yield _("A PDF's own text")
    if tenant.default_searchable_pdf is not None:
        yield _("Make a searchable PDF")
    if tenant.default_strip_furniture:
        yield _("Leave out headers, footers and page numbers")
    if tenant.default_split:
        yield _("Tell stapled documents apart")
    if tenant.default_dpi is not None:
        yield format_lazy("{} ({})", _("Dots per inch"), tenant.default_dpi)
    if not tenant.default_cache:
        yield _("Read every document anew")
