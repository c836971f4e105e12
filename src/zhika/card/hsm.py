"""Card keys in a hardware security module 加密机, through PKCS#11 (OASIS v2.40). Needs the extra `pkcs11`.

A key is two objects in the token, because PKCS#11 can't encipher with half a key: `LABEL` is the double-length key
as DES3 K1|K2|K1, `LABEL.left` its left half as DES3 K1|K1|K1, which is single DES. Both are sensitive and not
extractable. So keys come in as components (a ceremony's, or random ones made for the purpose), not generated inside.
"""

import secrets
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.types import EncryptMixin

from zhika.card.keys import checked_key, whole_blocks
from zhika.errors import KeyStoreError

_LEFT = ".left"


class Pkcs11KeyStore:
    """A logged-in session with one token. A context manager: leaving it logs out."""

    def __init__(self, token: str, session: pkcs11.Session) -> None:
        self.token = token
        self._session = session
        self._found: dict[str, EncryptMixin] = {}

    @classmethod
    def open(cls, module: Path, token: str, pin: str, *, writable: bool = False) -> Self:
        """Log in to the token labelled `token` through the vendor's library `module`.

        `writable` is for `load` and `generate` only. Raises `KeyStoreError` naming library and token, never the PIN.
        """
        if not module.is_file():
            raise KeyStoreError(f"{module}: 找不到加密机的 PKCS#11 库")
        try:
            session = pkcs11.lib(str(module)).get_token(token_label=token).open(rw=writable, user_pin=pin)
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise KeyStoreError(f"{module}: 无法登录令牌 {token} ({type(error).__name__})") from None
        return cls(token, session)

    def load(self, label: str, key: bytes, kcv: str | None = None) -> None:
        """Take in a key (16 bytes), held against its check value if one is given; raises if the label is taken."""
        sound = checked_key(label, key, kcv)
        if self._search(label) is not None:
            raise KeyStoreError(f"令牌 {self.token}: 已有标签为 {label} 的密钥, 不会覆盖")
        left, right = sound[:8], sound[8:]
        # The whole key last: `_search` finds no key of which only a half was written.
        for name, value in ((label + _LEFT, left * 3), (label, left + right + left)):
            if (stale := self._search(name)) is not None:
                stale.destroy()
            self._create(name, value)

    def generate(self, label: str) -> None:
        """Load a fresh random key under `label`; its bytes pass through this process's memory once."""
        self.load(label, secrets.token_bytes(16))

    def des_ecb(self, label: str, data: bytes) -> bytes:
        """As `CardKeys.des_ecb`, in one call of the module."""
        return self._encrypt(label + _LEFT, label, data)

    def tdes_ecb(self, label: str, data: bytes) -> bytes:
        """As `CardKeys.tdes_ecb`, in one call of the module."""
        return self._encrypt(label, label, data)

    def close(self) -> None:
        """Log out."""
        self._found.clear()
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Pkcs11KeyStore(token={self.token!r})"

    def _encrypt(self, name: str, label: str, data: bytes) -> bytes:
        key = self._found.get(name) or self._search(name)
        if not isinstance(key, EncryptMixin):
            raise KeyStoreError(f"令牌 {self.token}: 没有标签为 {label} 且可加密的密钥")
        self._found[name] = key
        try:
            # The type also tells of streams: whole bytes in give whole bytes back.
            return cast(bytes, key.encrypt(whole_blocks(label, data), mechanism=Mechanism.DES3_ECB)) if data else b""
        except pkcs11.PKCS11Error as error:
            raise KeyStoreError(f"令牌 {self.token}: 密钥 {label} 运算失败 ({type(error).__name__})") from None

    def _search(self, name: str) -> pkcs11.Object | None:
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: name}
        return next((found for found in self._session.get_objects(wanted)), None)

    def _create(self, name: str, value: bytes) -> None:
        self._session.create_object(
            {
                Attribute.CLASS: ObjectClass.SECRET_KEY,
                Attribute.KEY_TYPE: KeyType.DES3,
                Attribute.LABEL: name,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                Attribute.ENCRYPT: True,
                Attribute.VALUE: value,
            }
        )
