"""Loss and blocking 挂失、解挂、注销 as a table: what may follow what, and what a side makes of the other's word.

The social side (office) and the bank side of a card are two lives. An act on one side is a *word* that the other side
hears by 挂失/注销通知: a standing and the time at which it was said. Words may come late or twice. Each side keeps the
latest word, so both stand the same once all words are heard; only a call-loss lapses on each side by its own term.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Standing(Enum):
    """Where one card stands on one side. The value is its code in documents, events and tables."""

    NORMAL = "normal"  # never blocked
    CALL = "lost-call"  # 口头挂失
    FORMAL = "lost-formal"  # 书面挂失
    LIFTED = "lifted"  # 解挂: as normal
    LAPSED = "lapsed"  # 挂失到期: as normal
    CANCELLED = "cancelled"  # 注销

    @property
    def title(self) -> str:
        return _TITLES[self]

    @property
    def blocked(self) -> bool:
        """Whether the card is of no use while it stands so."""
        return self in BLOCKED

    @property
    def strength(self) -> int:
        """Of two words said at the same moment the stronger holds; a lapsed call was said as a call."""
        return _STRENGTH.get(self, 0)


_TITLES = {
    Standing.NORMAL: "正常",
    Standing.CALL: "口头挂失",
    Standing.FORMAL: "书面挂失",
    Standing.LIFTED: "已解挂",
    Standing.LAPSED: "挂失到期",
    Standing.CANCELLED: "已注销",
}
_STRENGTH = {Standing.CALL: 1, Standing.LAPSED: 1, Standing.FORMAL: 2, Standing.CANCELLED: 3}
BLOCKED = frozenset({Standing.CALL, Standing.FORMAL, Standing.CANCELLED})
SAID = frozenset({Standing.CALL, Standing.FORMAL, Standing.LIFTED, Standing.CANCELLED})
"""What is said by an act and told to the other side; a lapse is nobody's word."""

_FREE = frozenset({Standing.CALL, Standing.FORMAL, Standing.CANCELLED})
MAY_BECOME: Mapping[Standing, frozenset[Standing]] = {
    Standing.NORMAL: _FREE,
    Standing.LIFTED: _FREE,
    Standing.LAPSED: _FREE,
    Standing.CALL: frozenset({Standing.FORMAL, Standing.LIFTED, Standing.LAPSED, Standing.CANCELLED}),
    Standing.FORMAL: frozenset({Standing.LIFTED, Standing.CANCELLED}),
    Standing.CANCELLED: frozenset(),
}
IN_PRODUCTION = "补卡已开始制作, 书面挂失不能解除"


def objection(now: Standing, to: Standing, *, in_production: bool = False) -> str:
    """Why a card that stands so may not become that; "" where it may. `in_production`: its replacement is.

    >>> objection(Standing.NORMAL, Standing.LIFTED), objection(Standing.CALL, Standing.FORMAL)
    ('卡正常, 不能转为已解挂', '')
    """
    if now is Standing.FORMAL and to is Standing.LIFTED and in_production:
        return IN_PRODUCTION
    if to in MAY_BECOME[now]:
        return ""
    state = now.title if now.blocked else Standing.NORMAL.title
    return f"卡{state}, 不能转为{to.title}"


@dataclass(frozen=True)
class Heard:
    """What a side makes of the other's word."""

    takes: bool = False
    """The word is the latest, and this side's standing from now on."""
    answers: bool = False
    """The word can't hold: the other side is told how the card stands here."""
    note: str = ""
    """For the audit: what could not be."""


def hear(
    now: Standing, since: datetime | None, said: Standing, at: datetime, *, in_production: bool = False
) -> Heard:  # fmt: skip
    """The other side's word `said` at `at`, heard where the card stands as the word of `since` made it.

    Cancelled is the end, whenever it was said. A word older than the one that holds, or the same one, changes nothing.
    A newer one that may not follow is refused and answered, so that both sides stand the same in the end.
    """
    if said is Standing.CANCELLED:
        return Heard(takes=now is not Standing.CANCELLED)
    if since and (at, said.strength) <= (since, now.strength):
        return Heard()
    rule = objection(now, said, in_production=in_production)
    if not rule or said is now:
        return Heard(takes=True)
    if said is Standing.LIFTED and not now.blocked:
        return Heard(takes=True, note=rule)  # nothing to lift here; an older word that comes later is late all the same
    return Heard(answers=now is not Standing.CANCELLED, note=rule)  # that it was cancelled is heard everywhere
