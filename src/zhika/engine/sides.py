"""The two lives of a card: the social side works once the holder has it, the bank side once the bank activated it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zhika.engine.standing import Standing
from zhika.flows import FLOWS
from zhika.flows.blocking import Standing as Blocked
from zhika.flows.documents import ACCOUNT_OPENING
from zhika.ledger.blocks import Block


class Life(StrEnum):
    """What one side of a card is."""

    NONE = "none"
    WAITING = "waiting"
    OPENED = "opened"
    LIVE = "live"
    BLOCKED = "blocked"
    OVER = "over"


@dataclass(frozen=True)
class Side:
    """One side of a card, in words for its holder."""

    life: Life
    text: str
    since: datetime | None = None


def social_side(events: Mapping[str, datetime], block: Block | None, *, over: bool) -> Side:
    """Live from collection, unless it is blocked. `over`: the card failed, or is nobody's any more."""
    collected = events.get("hand_out") or events.get("collected")
    if block and block.standing.blocked:
        until = f" (有效至 {block.until})" if block.until else ""
        return Side(Life.BLOCKED, f"{block.standing.title}{until}", block.at)
    if over:
        return Side(Life.OVER, "已停用" if collected else "不启用")
    return Side(Life.LIVE, "可用", collected) if collected else Side(Life.WAITING, "领卡后可用")


def bank_side(standing: Standing, events: Mapping[str, datetime], block: Block | None, *, over: bool) -> Side:
    """Accounts are opened in bulk, closed for payment, until the holder comes to the counter with the ID.

    The bank heard of a block by the same word; when a call lapses there is its own rule, and nobody tells of a lapse.
    """
    activated = events.get("activate") or events.get("activated")
    opened = any(step in standing.done for step in FLOWS[standing.process].senders(ACCOUNT_OPENING))
    if block and block.standing.blocked and (activated or opened):
        term = " (期限以银行为准)" if block.standing is Blocked.CALL else ""
        return Side(Life.BLOCKED, f"{block.standing.title}{term}", block.at)
    if over:
        return Side(Life.OVER, "已停用" if activated or opened else "不启用")
    lapsed = " (曾口头挂失, 是否仍在挂失以银行为准)" if block and block.standing is Blocked.LAPSED else ""
    if activated:
        return Side(Life.LIVE, f"已激活{lapsed}", activated)
    if opened:
        return Side(Life.OPENED, f"已开户, 领卡后带身份证到银行柜台激活{lapsed}")
    return Side(Life.NONE, "尚未开户")
