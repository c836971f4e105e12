"""The centre's own tables: who received a card at its counter, as signed, and who was reminded of one."""

from zhika.craft import handing
from zhika.lanes.centre.reminding import Reminder

__all__ = ["Receipt", "Reminder"]


class Receipt(handing.Receipt):
    """领卡签收 at an office."""
