"""What the paper prints against what its own lines add up to. Nothing printed is ever taken over."""

from collections.abc import Sequence
from typing import NamedTuple

from zhika.paper.annex import Heading, Section


class Check(NamedTuple):
    """One printed figure."""

    item: str
    computed: int
    printed: int

    @property
    def difference(self) -> int:
        """Printed less computed."""
        return self.printed - self.computed


def section(checks: Sequence[Check]) -> Section:
    """The printed figures that differ, or how many agree."""
    headings = (
        Heading("item", "项目"), Heading("computed", "按明细计算"), Heading("printed", "原表印刷"),
        Heading("difference", "差"),
    )  # fmt: skip
    rows = tuple((check.item, check.computed, check.printed, check.difference) for check in checks if check.difference)
    agree = f"原表印刷的 {len(checks)} 个数与计算相符。" if checks else "所载计划没有印刷的合计可核对。"
    return Section("与原表核对", headings, rows, empty=agree)
