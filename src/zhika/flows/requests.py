"""Kinds of request 业务类型, and the reasons for which a fee is not taken: what a person may ask an office for."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class OldCard(StrEnum):
    """What becomes of the card that is replaced until the new one is collected."""

    NONE = "none"  # there is none
    BLOCKED = "blocked"  # at once, with the request
    USABLE = "usable"  # then taken back, and void


@dataclass(frozen=True)
class RequestKind:
    """One kind of request: its code in documents, what people read, and what it means for fee and old card."""

    code: str
    title: str
    old_card: OldCard
    free: bool = False
    """No fee by its nature: no rate may be loaded for it."""
    notice: str = ""
    """Title of the paper that the person gets with it."""

    @property
    def replaces(self) -> bool:
        return self.old_card is not OldCard.NONE


KINDS: dict[str, RequestKind] = {
    kind.code: kind
    for kind in (
        RequestKind("new", "新办", OldCard.NONE, free=True),  # the first card
        RequestKind("lost", "遗失", OldCard.BLOCKED),
        RequestKind("damaged", "损坏", OldCard.USABLE),
        RequestKind("warranty", "质量问题", OldCard.USABLE, free=True),
        RequestKind("face", "卡面信息变更", OldCard.USABLE),
        RequestKind("expired", "到期", OldCard.USABLE),
        RequestKind("correction", "发卡方差错更正", OldCard.USABLE, free=True, notice="勘误换卡通知单"),
    )
}


@dataclass(frozen=True)
class Exemption:
    """免收事由: why somebody does not pay what a rate says."""

    code: str
    title: str


BY_NATURE = Exemption("by-nature", "业务免费")
"""Of a kind that is free by its nature; nobody claims it and no rate names it."""
BY_RATE = Exemption("by-rate", "标准为零")
"""Of a kind for which the rate in force takes nothing; nobody claims it either."""
UNCLAIMED = (BY_NATURE.code, BY_RATE.code)
EXEMPTIONS: dict[str, Exemption] = {
    exemption.code: exemption
    for exemption in (
        Exemption("low-income", "低保"),
        Exemption("five-guarantee", "五保"),
        Exemption("disabled", "残疾"),
        Exemption("special-care", "优抚对象"),
        Exemption("orphan", "孤儿"),
    )
}
"""Reasons that a rate may name (price bureaus of several cities; which of them apply, its rate says)."""


def listed(data: Iterable[RequestKind] | Iterable[Exemption]) -> str:
    """Codes with their titles, as a message names what is allowed.

    >>> listed([EXEMPTIONS["low-income"], EXEMPTIONS["disabled"]])
    'low-income (低保)、disabled (残疾)'
    """
    return "、".join(f"{one.code} ({one.title})" for one in data)


def exempt_title(code: str) -> str:
    """What people read for the reason of a payment; '' for one that was paid.

    >>> exempt_title("low-income"), exempt_title("")
    ('低保', '')
    """
    return (EXEMPTIONS | {"": Exemption("", ""), BY_NATURE.code: BY_NATURE, BY_RATE.code: BY_RATE})[code].title
