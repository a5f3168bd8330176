"""What type of document the pages are: a linear model over titles, words and form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from extraction.classification_weights import OF_ALL, OF_TYPES
from extraction.document_features import KINDS, Features, Numbers, features
from extraction.fields import of_type
from extraction.fields.definition import Field
from extraction.fields.document_types import BY_NAME
from extraction.laid_out import Unplaced, laid_out
from extraction.types import Classification, Likelihood, Page

SURE = 0.6  # from this confidence on, only the fields of the type are looked for
USUAL = ("invoice", "receipt")  # what most documents are that are read for their fields
ALTERNATIVES = 3
LEAST = 0.01  # confidence of an alternative that is worth telling


def classify(pages: Sequence[Page]) -> Classification:
    """The type of the document with these pages, "other" where it is none of those known.

    Takes milliseconds: only the first pages and lines are looked at.
    """
    return Unplaced(pages).classification(told(features(laid_out(pages))))


def told(found: Features) -> Classification:
    """What the features tell."""
    chances = likelihoods(found)
    order = np.argsort(-chances, kind="stable")
    best = int(order[0])
    kind = BY_NAME[KINDS[best]]
    return Classification(
        kind=kind.name,
        label=kind.label,
        confidence=round(float(chances[best]), 4),
        alternatives=tuple(
            Likelihood(KINDS[index], round(float(chances[index]), 4))
            for index in order[1 : ALTERNATIVES + 1]
            if chances[index] >= LEAST
        ),
        evidence=found.evidence[best],
    )


def likelihoods(found: Features) -> Numbers:
    """The likelihood of each of ``KINDS``, one in sum."""
    all_weights = np.array([OF_ALL[kind] for kind in KINDS])
    scores: Numbers = found.of_types @ np.array(OF_TYPES) + all_weights @ found.of_all
    raised: Numbers = np.exp(scores - scores.max())
    return raised / raised.sum()


def fields_for(classification: Classification) -> tuple[Field, ...]:
    """The fields to look for in such a document where none were named.

    Those of its type; below ``SURE``, and where it is of no known type, those of ``USUAL`` too.
    """
    if classification.confidence < SURE or classification.kind == "other":
        return of_type(classification.kind, *USUAL)
    return of_type(classification.kind)
