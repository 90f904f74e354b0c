"""Tables in Markdown stay tables whatever their cells hold."""

from __future__ import annotations

from samelight.markdown import markdown_table


def test_a_bar_or_a_new_line_does_not_make_a_cell() -> None:
    lines = markdown_table(("method", "MSE"), [("a|b", "1"), ("c\nd", "2")]).splitlines()
    assert lines == ["| method | MSE |", "|---|---:|", "| a\\|b | 1 |", "| c d | 2 |"]
