"""The six lanes of the charts."""

from enum import StrEnum


class Lane(StrEnum):
    """A lane of the document's charts; its value is the name of its folder in `zhika.lanes`."""

    INSURED = "insured"
    UNIT = "unit"
    CENTRE = "centre"
    INTEGRATOR = "integrator"
    SUPPLIER = "supplier"
    BANK = "bank"

    @property
    def title(self) -> str:  # type: ignore[override]
        """What the charts call it."""
        return _TITLES[self][0]

    @property
    def short(self) -> str:
        """The one character `reference` tables and small drawings use."""
        return _TITLES[self][1]


_TITLES = {
    Lane.INSURED: ("参保人员", "参"),
    Lane.UNIT: ("主管部门、乡镇", "部"),
    Lane.CENTRE: ("医保中心、农合办", "中"),
    Lane.INTEGRATOR: ("易联众", "易"),
    Lane.SUPPLIER: ("卡片供应商", "供"),
    Lane.BANK: ("银行", "行"),
}

PLATFORM = frozenset({Lane.INSURED, Lane.UNIT, Lane.CENTRE, Lane.INTEGRATOR})
"""The lanes that share one seat. Banks and suppliers have seats of their own."""

EVERYONE = frozenset(Lane)
