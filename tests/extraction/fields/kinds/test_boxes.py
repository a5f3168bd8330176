from __future__ import annotations

from extraction.fields import kinds


def test_check_box_is_ticked_or_not_with_its_label() -> None:
    text = "☑ yes ☐ no, [x] paid [ ] open"
    found = [(hit.value, text[hit.start : hit.end]) for hit in kinds.find("checkbox", text)]
    assert found == [(True, "☑ yes"), (False, "☐ no"), (True, "[x] paid"), (False, "[ ] open")]
    assert kinds.find("checkbox", "no box") == []
