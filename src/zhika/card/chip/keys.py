"""Keys to chips: each party's master keys, from which the keys of one chip are diversified by its serial.

A chip leaves its maker with two transport keys, one for the integrator and one for the bank; each loads keys of its
own under them, so that neither can do the other's work. The two diversifications are public ones; that the social
side uses PBOC's is our choice (the regional scripts differ from city to city).
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from zhika.card.chip import des
from zhika.errors import KeyStoreError


class ChannelKeys(NamedTuple):
    """What a bank holds to one chip: the three keys of SCP02 and the one that clears the public area, 16 bytes each."""

    enc: bytes
    mac: bytes
    dek: bytes
    clear: bytes

    def __repr__(self) -> str:
        return "ChannelKeys(…)"


class IntegratorKeys(Protocol):
    """What the social side needs; an HSM may stand behind it."""

    def transport(self, serial: bytes) -> bytes: ...

    def update(self, serial: bytes) -> bytes: ...

    def read(self, serial: bytes) -> bytes: ...

    def authentication_code(self, data: bytes) -> bytes: ...


class IssuerKeys(Protocol):
    """What the financial side needs; an HSM may stand behind it."""

    def transport(self, serial: bytes) -> ChannelKeys: ...

    def own(self, serial: bytes) -> ChannelKeys: ...


def social_key(master: bytes, purpose: int, serial: bytes) -> bytes:
    """PBOC diversification: the left half encrypts the factor, the right half its complement; 16 bytes.

    The factor is 8 bytes: purpose, then the last seven bytes of the chip serial.
    """
    factor = bytes((purpose,)) + serial.rjust(7, b"\0")[-7:]
    return des.encrypt(master, factor + bytes(byte ^ 0xFF for byte in factor))


def channel_keys(master: bytes, serial: bytes) -> ChannelKeys:
    """EMV CPS diversification by the last six bytes of the chip serial; index 04, the clearing key, is ours."""
    data = serial.rjust(6, b"\0")[-6:]
    blocks = b"".join(data + bytes((half, index)) for index in (1, 2, 3, 4) for half in (0xF0, 0x0F))
    keys = des.encrypt(master, blocks)
    return ChannelKeys(*(keys[at : at + 16] for at in range(0, 64, 16)))


_AUTHENTICATION = 0xA5
"""Purpose byte of the key that makes authentication codes; no key id of the chip."""


@dataclass(frozen=True)
class SocialKeys:
    """The integrator's keys in memory: its own master and the maker's transport master, 16 bytes each.

    Raises KeyStoreError for another length.

    >>> SocialKeys(bytes(range(16)), bytes(range(16, 32)))
    SocialKeys(…)
    """

    master: bytes
    transport_master: bytes

    def __post_init__(self) -> None:
        _check(self.master, self.transport_master)

    def __repr__(self) -> str:
        return "SocialKeys(…)"

    def transport(self, serial: bytes) -> bytes:
        """The key under which the maker delivered this chip's social side."""
        return social_key(self.transport_master, 0x00, serial)

    def update(self, serial: bytes) -> bytes:
        """Key id 04: the right to update."""
        return social_key(self.master, 0x04, serial)

    def read(self, serial: bytes) -> bytes:
        """Key id 0A: the right to read the holder's file."""
        return social_key(self.master, 0x0A, serial)

    def authentication_code(self, data: bytes) -> bytes:
        """认证码, 4 bytes, ours: the left half of the retail MAC over the identification before it."""
        return des.retail_mac(social_key(self.master, _AUTHENTICATION, b""), data)[:4]


@dataclass(frozen=True)
class BankKeys:
    """A bank's keys in memory: its own master (KMC) and the maker's transport master, 16 bytes each.

    Raises KeyStoreError for another length.
    """

    master: bytes
    transport_master: bytes

    def __post_init__(self) -> None:
        _check(self.master, self.transport_master)

    def __repr__(self) -> str:
        return "BankKeys(…)"

    def transport(self, serial: bytes) -> ChannelKeys:
        """The keys with which the maker delivered this chip's financial side."""
        return channel_keys(self.transport_master, serial)

    def own(self, serial: bytes) -> ChannelKeys:
        """The bank's keys to this chip."""
        return channel_keys(self.master, serial)


def _check(*keys: bytes) -> None:
    if any(len(key) != 16 for key in keys):
        raise KeyStoreError("芯片主密钥须为 16 字节")
