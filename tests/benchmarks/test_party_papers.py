"""Papers with parties are the same for a seed, and tell of fields that there are."""

from __future__ import annotations

from benchmarks.party_papers import paper
from extraction.fields import known


def test_paper_is_the_same_for_the_same_seed() -> None:
    assert paper(7) == paper(7) != paper(8)


def test_papers_tell_of_known_fields_and_print_what_they_tell() -> None:
    printed = 0
    for seed in range(40):
        page, truth, told = paper(seed)
        assert known(told)
        text = " ".join(line.text for line in page.lines)
        names = [truth[name] for name in told if name in truth and name.endswith("_name")]
        printed += sum(name in text for name in names)
        read = all(word.confidence is None for line in page.lines for word in line.words)
        assert not read or all(name in text for name in names)
    assert printed > 40
