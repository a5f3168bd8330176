"""The end of every extraction, by whatever engine: compared with the schema as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from extraction.fields.by_schema.plan import Array, Node, Object
from extraction.fields.by_schema.validation import Validator
from extraction.types import Citation, Extraction, SchemaProblem

MAX_REPAIRS = 20


def settled(
    plan: Object,
    validator: Validator,
    value: Any,
    citations: Mapping[str, Citation],
    problems: Sequence[SchemaProblem],
    met: bool = True,
) -> Extraction:
    """The extraction: ``value`` if it is valid, what was found as ``partial`` if not.

    Values that need not be there and are not valid are left out and told as problems.
    """
    cited = dict(citations)
    told = list(problems)
    for _ in range(MAX_REPAIRS if met else 0):
        errors = validator.errors(value)
        if not errors:
            return Extraction(value, cited, tuple(told))
        place, reason = errors[0]
        told.append(SchemaProblem(place, "not_valid", reason))
        optional = _optional(plan, place)
        if optional is None or not _removed(value, optional):
            break
        cited = {
            pointer: citation
            for pointer, citation in cited.items()
            if pointer != optional and not pointer.startswith(f"{optional}/")
        }
    return Extraction(None, cited, tuple(told), partial=value)


def _optional(plan: Object, pointer: str) -> str | None:
    """The nearest value at or above the place that need not be there, None where there is none."""
    node: Node | None = plan
    found = None
    walked = ""
    for part in pointer.split("/")[1:]:
        walked += f"/{part}"
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Object):
            if name not in node.required:
                found = walked
            node = node.properties.get(name)
        else:
            node = node.items if isinstance(node, Array) else None
    return found


def _removed(value: Any, pointer: str) -> bool:
    """Take a property out of the value; whether it was there."""
    *above, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    for part in above:
        value = value[int(part)] if isinstance(value, list) else value.get(part, {})
    if isinstance(value, dict) and last in value:
        del value[last]
        return True
    return False
