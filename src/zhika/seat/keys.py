"""Secrets of a seat's own: sealed at rest under the home's key-encryption key, opened only while they are used."""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zhika.errors import KeyStoreError

_NONCE = 12
SOCIAL, BANK = "social-master", "bank-master"
TRANSPORT_SOCIAL, TRANSPORT_BANK = "transport-social", "transport-bank"
"""The chip maker's transport masters: each comes to its party in an envelope, and is loaded with `zhika keys load`."""
MADE_HERE = (SOCIAL, BANK)


def create(folder: Path) -> None:
    """Make the key-encryption key and the keyed-hash key of a new home; never overwrites."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("kek.key", "person.key"):
        if not (folder / name).exists():
            _write(folder / name, secrets.token_bytes(32))


def generate(folder: Path, label: str, length: int = 16) -> None:
    """Make a master key in this home; nothing leaves the process."""
    if not has(folder, label):
        put(folder, label, secrets.token_bytes(length))


def has(folder: Path, label: str) -> bool:
    """Whether a secret of this label is kept here."""
    return (folder / f"{label}.sealed").exists()


def put(folder: Path, label: str, value: bytes) -> None:
    """Keep a secret under its label; the label is authenticated with it. Raises KeyStoreError if one is there."""
    path = folder / f"{label}.sealed"
    if path.exists():
        raise KeyStoreError(f"{path} 已存在, 不会覆盖")
    _write(path, _sealed(folder, label, value))


def replace(folder: Path, label: str, value: bytes) -> None:
    """Keep another secret under a label, in one rename; who may do so is the caller's to ask."""
    part = folder / f".{label}.{secrets.token_hex(4)}"
    _write(part, _sealed(folder, label, value))
    part.replace(folder / f"{label}.sealed")


def _sealed(folder: Path, label: str, value: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + _kek(folder).encrypt(nonce, value, label.encode())


def get(folder: Path, label: str) -> bytes:
    """The secret of this label. Raises KeyStoreError when it is missing or its file was changed."""
    path = folder / f"{label}.sealed"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise KeyStoreError(f"{folder} 中没有密钥 {label}: 用 zhika keys load {label} 文件 装入") from None
    try:
        return _kek(folder).decrypt(data[:_NONCE], data[_NONCE:], label.encode())
    except InvalidTag:
        raise KeyStoreError(f"{path} 被改动, 或不属于本席位") from None


def _kek(folder: Path) -> AESGCM:
    try:
        return AESGCM((folder / "kek.key").read_bytes())
    except FileNotFoundError:
        raise KeyStoreError(f"{folder} 中没有 kek.key: 席位密钥不完整") from None


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
