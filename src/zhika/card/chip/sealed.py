"""A chip's memory at rest: AES-256-GCM under a key of its own, as a chip's memory is its own.

Layout: "ZK1", length of the serial, serial in ASCII, nonce of 12 bytes, ciphertext with tag. The key is HKDF-SHA-256 of
the world's secret and the serial; everything before the ciphertext is authenticated with it.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zhika.card.chip.memory import Memory
from zhika.card.chip.softcard import SoftCard
from zhika.errors import CardError

_MAGIC, _NONCE = b"ZK1", 12


def derive(secret: bytes, purpose: str) -> AESGCM:
    """The cipher for one purpose, from a secret of at least 32 bytes; CardError for a shorter one."""
    if len(secret) < 32:
        raise CardError("密封芯片用的密钥少于 32 字节")
    return AESGCM(HKDF(SHA256(), 32, b"zhika things", purpose.encode()).derive(secret))


def seal(card: SoftCard, secret: bytes) -> bytes:
    """The card's memory, sealed under its own key."""
    serial = card.memory.serial.encode()
    head = _MAGIC + bytes((len(serial),)) + serial + os.urandom(_NONCE)
    return head + derive(secret, f"chip {card.memory.serial}").encrypt(head[-_NONCE:], card.to_bytes(), head)


def unseal(blob: bytes, secret: bytes) -> SoftCard:
    """The card, without power; CardError where the bytes were changed or the secret is another."""
    end = len(_MAGIC) + 1 + blob[len(_MAGIC)] + _NONCE if blob[: len(_MAGIC)] == _MAGIC else 0
    if not end:
        raise CardError("不是密封的芯片存储")
    head, serial = blob[:end], blob[len(_MAGIC) + 1 : end - _NONCE].decode("ascii", "replace")
    try:
        plain = derive(secret, f"chip {serial}").decrypt(head[-_NONCE:], blob[end:], head)
    except InvalidTag:
        raise CardError("芯片存储被改动, 或密钥不符") from None
    return SoftCard(Memory.from_bytes(plain))
