"""What engines are, as pages say it; the API says it in English (`extraction.engines`)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from extraction import engines

TITLES: Mapping[str, Promise] = {
    "auto": _("The PDF's own text where sound, else OCR"),
    "text-layer": _("The PDF's own text, no OCR"),
    "rapidocr": _("PP-OCRv6 on the CPU"),
    "google-vision": _("Google Cloud Vision: pages are sent to Google"),
}


def title_of(name: str) -> str:
    """A configured engine's title."""
    row, set_up = engines.ENGINES[name], engines.configured()
    if name in TITLES:
        return str(TITLES[name])
    if name == "openai" and set_up.openai is not None:
        return gettext("%(model)s, on a server of the operator's") % {"model": set_up.openai.model}
    if name == engines.HYBRID and (model := engines.hybrid_model(set_up)):
        return gettext("%(model)s; its text placed and checked by OCR") % {
            "model": title_of(model.name)
        }
    return row.title  # a model's name


def title_of_taught(base: str) -> str:
    """The title of an own engine that is taught from the base."""
    return gettext("%(engine)s, taught") % {"engine": title_of(base)}
