from __future__ import annotations

import pytest

from extraction.running_text import first_line_inset, joined, wrapped_at


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ("the harbour", "wall", "the harbour wall"),
        ("本发票金额", "为人民币", "本发票金额为人民币"),
        ("請求書の", "ご確認", "請求書のご確認"),
        ("金额：", "RMB 200", "金额：RMB 200"),
        ("使用", "PDF 文件", "使用 PDF 文件"),
        ("회사는", "계약을", "회사는 계약을"),
        ("infor-", "mation", "information"),
        ("infor\u00ad", "mation", "information"),
        ("Ein-", "und Ausgang", "Ein- und Ausgang"),
        ("Anglo-", "Saxon", "Anglo- Saxon"),
        ("pages 12-", "14", "pages 12- 14"),
        ("wait -", "then go", "wait - then go"),
    ],
)
def test_joined_puts_between_lines_what_their_script_wants(
    above: str, below: str, expected: str
) -> None:
    assert joined(above, below) == expected


def test_wrapped_at_tells_the_edge_from_lines_that_left_no_room() -> None:
    assert wrapped_at([300, 290, 310, 120], [330, 325, 340], 24) == 310


def test_wrapped_at_is_unsure_of_short_lines_and_of_breaks_made_on_purpose() -> None:
    assert wrapped_at([300, 290, 310, 120], [330, 325, 340], 8) is None
    assert wrapped_at([300, 200, 310, 120], [330, 225, 340], 24) is None
    assert wrapped_at([300, 120], [330], 24) is None


def test_first_line_inset_is_how_far_the_first_line_is_set_in() -> None:
    assert first_line_inset([30, 10, 10.5], 40) == 20
    assert first_line_inset([10, 30, 30], 40) == 0
    assert first_line_inset([30, 10, 20], 40) == 0
    assert first_line_inset([90, 10, 10], 40) == 0
