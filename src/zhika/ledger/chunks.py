"""Long lists of keys in parts that one query takes: a store bounds how many values a statement may name."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
SIZE = 900
"""Below the 999 values that SQLite takes at the least."""


def chunks(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    """Parts of at most 900 keys, in their order; no part of an empty list.

    >>> [len(some) for some in chunks(range(2000))], list(chunks([]))
    ([900, 900, 200], [])
    """
    return (keys[start : start + SIZE] for start in range(0, len(keys), SIZE))
