"""The centre's own table: who received a card at its counter, as signed."""

from zhika.craft import handing


class Receipt(handing.Receipt):
    """领卡签收 at an office."""
