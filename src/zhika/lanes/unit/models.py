"""The unit's own table: who received a card, as signed."""

from zhika.craft import handing


class Receipt(handing.Receipt):
    """领卡签收 at a unit."""
