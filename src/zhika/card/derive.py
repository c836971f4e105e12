"""Keys of one card, derived from an issuer's master key: whole arrays, in two cipher calls.

ICC master keys 卡片主密钥 by option A (EMV Book 2 A1.4.1, PBOC 3.0 part 7): Y is the last 16 digits of PAN and PAN
sequence number, with zeros on the left where there are fewer; the key is 3DES(Y) and 3DES(Y xor FF…FF), each byte
with odd parity. EMV also has an option B for PANs longer than 16 digits; which one holds is the issuer's choice and
ours is A. Under A two 19-digit PANs that differ only in their first five digits share a key: within one bank's prefix
none do.
"""

import numpy as np
from numpy.typing import NDArray

from zhika.card import digits, pan
from zhika.card.keys import CardKeys, odd_parity


def icc_master_keys(pans: digits.Texts, keys: CardKeys, label: str, *, sequence: str = "00") -> NDArray[np.uint8]:
    """The double-length ICC master key of each card under the issuer key `label`: bytes, shape (n, 16).

    `pans`: 10 to 19 digits each. `sequence`: PAN sequence number, two digits. Raises `Refused` for another form,
    `KeyStoreError` when the key is missing. The result is secret: it goes into the chip and nowhere else.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from zhika.card.keys import IMK_AC, FileKeyStore
    >>> with TemporaryDirectory() as folder:
    ...     store = FileKeyStore.create(Path(folder) / "keys", labels=())
    ...     store.load(IMK_AC, bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    ...     icc_master_keys(["6222350000000000018"], store, IMK_AC).tobytes().hex()
    '529d20d679c43efbc45e2f4f64feb9a4'
    """
    numbers = digits.checked(pans, pan.TITLE, 10, 19)
    digits.checked([sequence], "卡序号", 2, 2)
    if not len(numbers):
        return np.empty((0, 16), dtype=np.uint8)
    padded = np.strings.rjust(np.strings.add(numbers, sequence), 21, "0")
    nibbles = (digits.code_points(padded)[:, -16:] - ord("0")).astype(np.uint8)
    blocks = nibbles[:, 0::2] << 4 | nibbles[:, 1::2]
    left = np.frombuffer(keys.tdes_ecb(label, blocks.tobytes()), dtype=np.uint8).reshape(-1, 8)
    right = np.frombuffer(keys.tdes_ecb(label, (~blocks).tobytes()), dtype=np.uint8).reshape(-1, 8)
    return odd_parity(np.hstack([left, right]))
