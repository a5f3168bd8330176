"""How a result's files begin: one page of the document in one of the formats."""

from __future__ import annotations

import json
from dataclasses import dataclass

from extraction.formats import FORMATS, render
from extraction.formats.json_reading import classification_from_dict, part_from_dict
from extraction.types import Document, Page
from jobs import results, revisions
from jobs.models import Job

MOST = 20_000  # characters of a preview


@dataclass(frozen=True, slots=True)
class Preview:
    """The text of a file made of one page alone; ``cut``: there is more of it."""

    text: str
    cut: bool


def preview(job: Job, page: Page, name: str) -> Preview | None:
    """The page in that format, with the document's fields; None for what is no text.

    It costs the same for one page as for 500, and is no delivery of the result.
    """
    if FORMATS[name].render is None:
        return None
    document = Document(
        source=results.source_of(job),
        pages=(page,),
        fields=revisions.values_of(job),
        classification=classification_from_dict(job.classification),
        warnings=tuple(job.warnings),
        documents=tuple(part_from_dict(part) for part in job.documents),
        template=job.template,
    )
    text = render(document, name).body.decode("utf-8-sig")
    if name == "json":
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    return Preview(text[:MOST], len(text) > MOST)
