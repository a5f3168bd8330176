"""How hypothesis looks for examples here: the same ones each time, however slow the machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st


def examples(count: int) -> settings:
    """The settings of a test over so many examples."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


# Letters of which markup, formulas and paths are made, with what no text may hold
SPECIAL = "<>&\"'`=+-@|;:,.()[]{}!#*_~\\/%$^ \t\n\r\0\x1b\x85\u200b\u202e\u2028\ufeff＝＜aA0x"
TEXTS = st.one_of(
    st.text(SPECIAL, max_size=40),
    st.text(st.characters(), max_size=20),
    st.text(st.characters(categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Sm")), max_size=10),
)
