"""Card keys 卡密钥: the issuer's double-length DES keys, and a store that keeps them in a seat's home.

Whoever computes with a key names it by label and hands over the data; key bytes never leave their store. Two stores:
`FileKeyStore` here, and `zhika.card.hsm.Pkcs11KeyStore` for a hardware security module.

FOLDER/kek.key holds a key-encryption key (AES-256, hexadecimal), FOLDER/card-keys.json the card keys sealed under it
(AES-256-GCM, the label bound in). Folder mode 0700, files 0600: who reads both files has the keys, so a bank that
prints real cards uses an HSM.
"""

import json
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from zhika.errors import KeyStoreError

CVK = "cvk"
IMK_AC = "imk-ac"
IMK_SMI = "imk-smi"
IMK_SMC = "imk-smc"
LABELS = {
    CVK: "卡校验码密钥",  # card verification key
    IMK_AC: "应用密文主密钥",  # issuer master key, application cryptogram
    IMK_SMI: "安全报文完整性主密钥",  # issuer master key, secure messaging integrity
    IMK_SMC: "安全报文机密性主密钥",  # issuer master key, secure messaging confidentiality
}
"""The keys a bank needs to issue; a store may hold others."""
_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_NONCE = 12


class CardKeys(Protocol):
    """What a computation may ask of a key store. Data are whole 8-byte blocks, many at a time: one call a batch."""

    def des_ecb(self, label: str, data: bytes) -> bytes:
        """`data` enciphered with single DES, ECB, under the left half of the key; as long as `data`."""

    def tdes_ecb(self, label: str, data: bytes) -> bytes:
        """`data` enciphered with two-key triple DES, ECB; as long as `data`."""


def tdes_encrypt(key: bytes, data: bytes) -> bytes:
    """`data` (whole 8-byte blocks) enciphered with triple DES in ECB mode under 8, 16 or 24 bytes of key.

    Eight bytes make single DES: the three stages cancel out. (NIST SP 800-67, ISO/IEC 18033-3)

    >>> tdes_encrypt(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes(8)).hex().upper()
    '08D7B4FB629D0885'
    """
    whole = {8: key * 3, 16: key + key[:8], 24: key}[len(key)]
    encryptor = Cipher(TripleDES(whole), modes.ECB()).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def check_value(key: bytes) -> str:
    """KCV, key check value: the first three bytes of eight zero bytes enciphered; six hexadecimal capitals.

    >>> check_value(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    '08D7B4'
    """
    return tdes_encrypt(key, bytes(8))[:3].hex().upper()


def odd_parity(keys: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Key bytes with the lowest bit of each set so that it has an odd number of ones; any shape.

    >>> odd_parity(np.array([0x00, 0x10, 0xFF], dtype=np.uint8)).tolist()
    [1, 16, 254]
    """
    upper: NDArray[np.uint8] = keys & np.uint8(0xFE)
    return upper | (np.bitwise_count(upper) & np.uint8(1) ^ np.uint8(1))


def checked_key(label: str, key: bytes, kcv: str | None) -> bytes:
    """The key with odd parity; raises `KeyStoreError` for a bad label, length, weak key or check value."""
    if not _LABEL.fullmatch(label):
        raise KeyStoreError("密钥标签只能用小写字母、数字和连字符, 至多 32 位")
    if len(key) != 16:
        raise KeyStoreError(f"密钥 {label}: 应为 16 字节的双倍长 DES 密钥")
    sound = odd_parity(np.frombuffer(key, dtype=np.uint8)).tobytes()
    if sound[:8] == sound[8:]:
        raise KeyStoreError(f"密钥 {label}: 左右两半相同, 等同单倍长密钥, 请重新生成")
    if kcv is not None and check_value(sound) != kcv.upper():
        raise KeyStoreError(f"密钥 {label}: 校验值 (KCV) 不符, 请核对密钥分量")
    return sound


def whole_blocks(label: str, data: bytes) -> bytes:
    """`data` itself; raises `KeyStoreError` unless it is whole 8-byte blocks."""
    if len(data) % 8:
        raise KeyStoreError(f"密钥 {label}: 数据不是 8 字节的整数倍")
    return data


class FileKeyStore:
    """Card keys in files, sealed under a key-encryption key. Its repr shows labels, never keys."""

    def __init__(self, folder: Path, kek: bytes, keys: dict[str, bytes]) -> None:
        self.folder = folder
        self._kek = kek
        self._keys = keys

    @classmethod
    def create(cls, folder: Path, labels: Iterable[str] = tuple(LABELS)) -> Self:
        """A new store with a fresh random key for each label. Raises `KeyStoreError` where a store stands already."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _kek_file(folder).exists():
            raise KeyStoreError(f"{folder}: 已有密钥库, 不会覆盖")
        store = cls(folder, secrets.token_bytes(32), {})
        _write(_kek_file(folder), store._kek.hex() + "\n")
        store._keys = {label: _random_key(label) for label in labels}
        store._save()
        return store

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The store in `folder`, each key unsealed and held against its check value.

        Raises `KeyStoreError` when a file is missing, readable by others, damaged, or belongs to another store.
        """
        for file in (_kek_file(folder), _keys_file(folder)):
            if not file.is_file():
                raise KeyStoreError(f"{file}: 找不到密钥文件")
            if file.stat().st_mode & 0o077:
                raise KeyStoreError(f"{file}: 其他用户可读, 请改为 0600")
        try:
            kek = bytes.fromhex(_kek_file(folder).read_text("ascii"))
            entries = json.loads(_keys_file(folder).read_text("ascii"))
            return cls(folder, kek, {label: _unsealed(kek, label, entry) for label, entry in entries.items()})
        except (ValueError, KeyError, TypeError, AttributeError, InvalidTag):
            # From None: what json or fromhex complain of quotes the file.
            raise KeyStoreError(f"{folder}: 密钥文件已损坏或不属于本密钥库") from None

    def load(self, label: str, key: bytes, kcv: str | None = None) -> None:
        """Take in a key made elsewhere (16 bytes), held against its check value if one is given; replaces the old."""
        self._keys[label] = checked_key(label, key, kcv)
        self._save()

    @property
    def check_values(self) -> dict[str, str]:
        """Check value (KCV) of each key by label: what a ceremony's record shows."""
        return {label: check_value(key) for label, key in sorted(self._keys.items())}

    def des_ecb(self, label: str, data: bytes) -> bytes:
        """As `CardKeys.des_ecb`."""
        return tdes_encrypt(self._key(label)[:8], whole_blocks(label, data))

    def tdes_ecb(self, label: str, data: bytes) -> bytes:
        """As `CardKeys.tdes_ecb`."""
        return tdes_encrypt(self._key(label), whole_blocks(label, data))

    def __repr__(self) -> str:
        return f"FileKeyStore({str(self.folder)!r}, labels={sorted(self._keys)})"

    def _key(self, label: str) -> bytes:
        if label not in self._keys:
            raise KeyStoreError(f"{self.folder}: 没有标签为 {label} 的密钥")
        return self._keys[label]

    def _save(self) -> None:
        entries = {label: _sealed(self._kek, label, key) for label, key in sorted(self._keys.items())}
        _write(_keys_file(self.folder), json.dumps(entries, indent=1) + "\n")


def _random_key(label: str) -> bytes:
    return checked_key(label, secrets.token_bytes(16), None)


def _sealed(kek: bytes, label: str, key: bytes) -> dict[str, str]:
    nonce = secrets.token_bytes(_NONCE)
    sealed = nonce + AESGCM(kek).encrypt(nonce, key, label.encode("ascii"))
    return {"kcv": check_value(key), "sealed": sealed.hex()}


def _unsealed(kek: bytes, label: str, entry: dict[str, str]) -> bytes:
    sealed = bytes.fromhex(entry["sealed"])
    key = AESGCM(kek).decrypt(sealed[:_NONCE], sealed[_NONCE:], label.encode("ascii"))
    return checked_key(label, key, entry["kcv"])


def _kek_file(folder: Path) -> Path:
    return folder / "kek.key"


def _keys_file(folder: Path) -> Path:
    return folder / "card-keys.json"


def _write(file: Path, text: str) -> None:
    """Whole or not at all: a store cut off in the middle of a write would be lost with all its keys."""
    staged = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    staged.replace(file)
