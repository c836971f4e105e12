"""What both ends know of the card operating system (COS): its states, and the financial application's name."""

from enum import IntEnum

COS_VERSION = "ZHIKA-COS 1.0"
FINANCIAL_AID = bytes.fromhex("A000000333010101")
FINANCIAL_LABEL = b"PBOC DEBIT"


class State(IntEnum):
    """A chip's life; the numbers go up only."""

    BLANK = 0x01
    """As the chip maker delivers it, on its tape."""
    EMBEDDED = 0x03
    """In a card's body."""
    INITIALISED = 0x07
    """Files and keys of the social side are there (初始化)."""
    PERSONALISED = 0x0F
    """Holds a person's data (个人化)."""

    @property
    def title(self) -> str:
        return {1: "空白", 3: "已封装", 7: "已初始化", 15: "已个人化"}[self.value]
