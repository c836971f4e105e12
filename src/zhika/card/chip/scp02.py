"""Secure channel protocol 02 of GlobalPlatform Card Specification 2.1.1, option i=15: three keys, C-MAC, ICV encrypted.

Both ends compute the same things: `Channel` is what they share, `open_channel` is the terminal's side.
"""

import hmac
import os

from zhika.card.chip import des
from zhika.card.chip.apdu import Connection, command, exchange, send
from zhika.card.chip.keys import ChannelKeys
from zhika.errors import CardError

_C_MAC, _ENC, _DEK = 0x0101, 0x0182, 0x0181
"""Constants of session key derivation, annex E.4.1."""


class Channel:
    """Session keys of one secure channel and its MAC chain.

    `sequence` is the card's counter, 2 bytes.
    """

    def __init__(self, keys: ChannelKeys, sequence: bytes) -> None:
        self._mac, self._enc, self._dek = (
            des.encrypt_cbc(key, constant.to_bytes(2) + sequence + bytes(12))
            for key, constant in ((keys.mac, _C_MAC), (keys.enc, _ENC), (keys.dek, _DEK))
        )
        self._sequence = sequence
        self._chain = des.ZERO

    def card_cryptogram(self, host: bytes, card: bytes) -> bytes:
        """The card's proof over the host's challenge (8 bytes) and its own (6 bytes), annex E.4.2.1."""
        return des.mac(self._enc, host + self._sequence + card)

    def host_cryptogram(self, host: bytes, card: bytes) -> bytes:
        """The host's proof, annex E.4.2.2."""
        return des.mac(self._enc, self._sequence + card + host)

    def wrap(self, cla: int, ins: int, p1: int, p2: int, data: bytes) -> bytes:
        """A command with its C-MAC, annex E.4.4: class with secure messaging, length with the MAC, eight bytes more."""
        return command(cla | 0x04, ins, p1, p2, data + self.next_mac(cla | 0x04, ins, p1, p2, data))

    def next_mac(self, cla: int, ins: int, p1: int, p2: int, data: bytes) -> bytes:
        """The MAC of this command in the chain."""
        start = des.ZERO if self._chain == des.ZERO else des.encrypt(self._mac[:8], self._chain)
        self._chain = des.retail_mac(self._mac, bytes((cla, ins, p1, p2, len(data) + 8)) + data, start)
        return self._chain

    def encrypt(self, data: bytes) -> bytes:
        """Secret data under the session DEK."""
        return des.encrypt(self._dek, data)

    def decrypt(self, data: bytes) -> bytes:
        """The inverse of `encrypt`."""
        return des.decrypt(self._dek, data)

    def send(self, connection: Connection, cla: int, ins: int, p1: int, p2: int, data: bytes) -> bytes:
        """One command under C-MAC to a card, or StatusError."""
        return send(connection, self.wrap(cla, ins, p1, p2, data))


def key_version(connection: Connection) -> int:
    """Version of the keys that the selected application holds; FF: the maker's transport keys."""
    return _initialize_update(connection, os.urandom(8))[10]


def open_channel(connection: Connection, keys: ChannelKeys) -> Channel:
    """Mutual authentication with the selected application; CardError where either side's keys are not the other's."""
    host = os.urandom(8)
    answer = _initialize_update(connection, host)
    sequence, card, proof = answer[12:14], answer[14:20], answer[20:28]
    channel = Channel(keys, sequence)
    if not hmac.compare_digest(channel.card_cryptogram(host, card), proof):
        raise CardError("芯片金融应用的密钥与本行不符")
    channel.send(connection, 0x80, 0x82, 0x01, 0x00, channel.host_cryptogram(host, card))
    return channel


def _initialize_update(connection: Connection, host: bytes) -> bytes:
    """28 bytes: diversification data 10, key version, protocol, sequence 2, card challenge 6, card cryptogram 8."""
    answer, sw = exchange(connection, command(0x80, 0x50, 0x00, 0x00, host, 0))
    if sw != 0x9000 or len(answer) != 28 or answer[11] != 0x02:
        raise CardError("芯片金融应用不支持 SCP02 安全通道")
    return answer
