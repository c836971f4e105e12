"""Numbers that are text, as whole arrays: checked, taken apart into digits and put together again.

PANs, expiry dates and serials are text everywhere (a spreadsheet loses the 16th digit of a number), but arithmetic
on a batch wants a matrix with one column a digit.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zhika.errors import Fault, Refused

Texts = Sequence[str] | NDArray[np.str_]
"""One text a card: a list of strings or an array of strings."""


def checked(texts: Texts, where: str, shortest: int, longest: int) -> NDArray[np.str_]:
    """Texts of ASCII digits only, each `shortest` to `longest` characters long; shape (n,).

    Raises `Refused` with one `Fault` a bad row (the first text is row 2, as in a file with a header).

    >>> [str(text) for text in checked(["0012", "77"], "序号", 2, 4)]
    ['0012', '77']
    >>> checked(["0012", "7x"], "序号", 2, 4)
    Traceback (most recent call last):
    zhika.errors.Refused: 序号 第 3 行: 应为 2 至 4 位数字
    """
    array = np.ascontiguousarray(np.asarray(texts, dtype=np.str_).reshape(-1))
    points = code_points(array)
    # A digit count equal to the length also rules out a NUL in the middle of a text.
    digits = ((points >= ord("0")) & (points <= ord("9"))).sum(axis=1)
    lengths = np.strings.str_len(array)
    bad = np.flatnonzero((digits != lengths) | (lengths < shortest) | (lengths > longest))
    if bad.size:
        span = f"{shortest} 位数字" if shortest == longest else f"{shortest} 至 {longest} 位数字"
        raise Refused([Fault(where, f"应为 {span}", int(row) + 2) for row in bad])
    return array


def code_points(array: NDArray[np.str_]) -> NDArray[np.uint32]:
    """The characters of each text as numbers, shape (n, longest); 0 after a text's end.

    >>> code_points(np.array(["12", "3"])).tolist()
    [[49, 50], [51, 0]]
    """
    width = array.dtype.itemsize // 4
    return np.ascontiguousarray(array).view(np.uint32).reshape(len(array), width)


def values(array: NDArray[np.str_]) -> NDArray[np.uint8]:
    """The digits of checked texts as numbers 0–9, shape (n, longest); 0 after a text's end.

    >>> values(np.array(["12", "3"])).tolist()
    [[1, 2], [3, 0]]
    """
    points = code_points(array)
    return np.where(points == 0, 0, points - np.uint32(ord("0"))).astype(np.uint8)


def joined(points: NDArray[np.unsignedinteger]) -> NDArray[np.str_]:
    """The texts whose characters are the rows of `points`, shape (n,): the inverse of `code_points`.

    >>> joined(np.array([[49, 50], [51, 52]], dtype=np.uint32)).tolist()
    ['12', '34']
    """
    width = points.shape[1]
    return np.ascontiguousarray(points, dtype=np.uint32).view(f"<U{width}").reshape(-1)


def of_serials(serials: NDArray[np.int64], width: int, where: str) -> NDArray[np.uint8]:
    """The decimal digits of `serials`, zero-padded to `width` (0 to 18), as numbers 0–9; shape (n, width).

    Raises `Refused` when a serial is negative or has more than `width` digits: a number range is used up.

    >>> of_serials(np.array([7, 123]), 4, "序列号").tolist()
    [[0, 0, 0, 7], [0, 1, 2, 3]]
    """
    serials = np.asarray(serials, dtype=np.int64).reshape(-1)
    bad = np.flatnonzero((serials < 0) | (serials >= 10**width))
    if bad.size:
        rule = f"序列号超出 {width} 位号段的范围, 请启用新号段"
        raise Refused([Fault(where, rule, int(row) + 2) for row in bad])
    powers = np.array([10**place for place in reversed(range(width))], dtype=np.int64)
    return (serials[:, None] // powers % 10).astype(np.uint8)


def same_length(*arrays: NDArray[np.generic]) -> None:
    """Raises `Refused` when the arrays don't hold the same number of cards."""
    if len({len(array) for array in arrays}) > 1:
        raise Refused([Fault("批", "各列的行数不一致")])
