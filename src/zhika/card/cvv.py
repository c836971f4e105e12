"""Card security values 卡校验码: CVV on the stripe, CVV2 on the card, iCVV in the chip: three digits each.

One algorithm (published as the Visa card verification value; MasterCard's CVC is the same) with three service codes:

1. PAN, expiry date and service code are written one after the other and filled with zeros to 32 digits: two blocks.
2. The first block is enciphered with DES under the key's left half, the second added (xor), the sum enciphered with
   triple DES under the whole key.
3. The 16 hexadecimal digits of the result are read from the left: first all of 0–9, then, from the left again, A–F
   as 0–5. The first three are the value. (Without that second pass one value in about 18,000 comes out short.)

A whole batch costs two cipher calls for all three values together, also where an HSM keeps the key.
"""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from zhika.card import digits, expiry, pan
from zhika.card.keys import CVK, CardKeys

CVV2_SERVICE = "000"
ICVV_SERVICE = "999"
SHORTEST_PAN = 12
"""Digits; with fewer the service code would begin in the first block. Cards of this field have 19."""


class ExpiryOrder(Enum):
    """How the expiry date enters the computation: the issuer's choice."""

    YYMM = "YYMM"
    MMYY = "MMYY"


@dataclass(frozen=True)
class SecurityValues:
    """The three values of n cards, each of shape (n,), three digits. Its repr shows none of them."""

    cvv: NDArray[np.str_] = field(repr=False)
    cvv2: NDArray[np.str_] = field(repr=False)
    icvv: NDArray[np.str_] = field(repr=False)


def values(
    pans: digits.Texts,
    expiries: digits.Texts,
    service: str,
    keys: CardKeys,
    *,
    label: str = CVK,
    order: ExpiryOrder = ExpiryOrder.YYMM,
) -> NDArray[np.str_]:
    """The security value of each card under one service code: three digits, shape (n,).

    `pans`: 12 to 19 digits each, lengths may differ. `expiries`: always YYMM, whatever `order` says. `service`: three
    digits; the stripe's own for CVV, '000' for CVV2, '999' for iCVV. Raises `Refused` for a row of another form,
    `KeyStoreError` when `keys` has no key of this label.

    The example that circulates with the algorithm's descriptions:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from zhika.card.keys import FileKeyStore
    >>> with TemporaryDirectory() as folder:
    ...     store = FileKeyStore.create(Path(folder) / "keys", labels=())
    ...     store.load(CVK, bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), kcv="08D7B4")
    ...     values(["4123456789012345"], ["8701"], "101", store).tolist()
    ['561']
    """
    return _values(pans, expiries, (service,), keys, label, order)[0]


def security_values(
    pans: digits.Texts,
    expiries: digits.Texts,
    service: str,
    keys: CardKeys,
    *,
    label: str = CVK,
    order: ExpiryOrder = ExpiryOrder.YYMM,
) -> SecurityValues:
    """CVV (with the stripe's `service` code), CVV2 and iCVV of each card; arguments and errors as for `values`."""
    return SecurityValues(*_values(pans, expiries, (service, CVV2_SERVICE, ICVV_SERVICE), keys, label, order))


def _values(
    pans: digits.Texts,
    expiries: digits.Texts,
    services: tuple[str, ...],
    keys: CardKeys,
    label: str,
    order: ExpiryOrder,
) -> list[NDArray[np.str_]]:
    """The values of n cards under each of the service codes, in two cipher calls for all."""
    numbers = digits.checked(pans, pan.TITLE, SHORTEST_PAN, pan.WIDTH)
    dates = digits.values(expiry.checked(expiries))
    digits.checked(services, "服务代码", 3, 3)
    digits.same_length(numbers, dates)
    if not len(numbers):
        return [np.array([], dtype="<U3") for _ in services]
    if order is ExpiryOrder.MMYY:
        dates = dates[:, [2, 3, 0, 1]]
    written = np.zeros((len(services), len(numbers), 32), dtype=np.uint8)
    known = digits.values(numbers)
    written[:, :, : known.shape[1]] = known
    rows, ends = np.arange(len(numbers))[:, None], np.strings.str_len(numbers)[:, None]
    written[:, rows, ends + np.arange(4)] = dates
    for sheet, code in zip(written, services, strict=True):
        sheet[rows, ends + np.arange(4, 7)] = [int(digit) for digit in code]
    blocks = written[:, :, 0::2] << 4 | written[:, :, 1::2]
    # The service code stands behind the first block, so that the block is the same under all codes.
    first = np.frombuffer(keys.des_ecb(label, blocks[0, :, :8].tobytes()), dtype=np.uint8).reshape(-1, 8)
    last = np.frombuffer(keys.tdes_ecb(label, (first ^ blocks[:, :, 8:]).tobytes()), dtype=np.uint8)
    values = digits.joined(_decimalised(last.reshape(-1, 8)) + np.uint8(ord("0")))
    return list(values.reshape(len(services), -1))


def _decimalised(blocks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The first three decimal digits of each cipher block, letters after digits; (n, 8) bytes to (n, 3) of 0–9."""
    nibbles = np.empty((len(blocks), 16), dtype=np.uint8)
    nibbles[:, 0::2], nibbles[:, 1::2] = blocks >> 4, blocks & 15
    letters = nibbles > 9
    # A stable sort by "is a letter" is exactly the two passes: digits in their order, then letters in theirs.
    chosen = np.argsort(letters, axis=1, kind="stable")[:, :3]
    taken = np.take_along_axis(nibbles, chosen, axis=1)
    return np.where(taken > 9, taken - 10, taken).astype(np.uint8)
