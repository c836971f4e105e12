"""The world of things beside the homes: trays on benches. A seat reaches a card only on its own bench."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from zhika.card import tray
from zhika.errors import CardError
from zhika.flows.documents import CATALOGUE
from zhika.flows.lanes import Lane


@lru_cache
def secret(world: Path) -> bytes:
    """What seals each soft card's memory under a key of its own: nature's, not a key of any seat."""
    path = world / "nature"
    if not path.exists():
        raise CardError(f"{world} 不是实物目录 (没有 nature 文件)")
    return bytes.fromhex(path.read_text().strip())


def hidden(lane: Lane) -> frozenset[str]:
    """Printed fields that a camera of this lane does not return.

    >>> sorted(hidden(Lane.INTEGRATOR) & {"pan", "expiry", "cvv2"})
    ['cvv2', 'expiry']
    """
    return frozenset(f.name for document in CATALOGUE for f in document.fields if lane not in f.seen_by)


@contextmanager
def on_bench(world: Path, path: Path) -> Iterator[tray.Tray]:
    """Open a tray for work; `TrayBusy` while another worker has it."""
    if not path.exists():
        raise CardError(f"工位上没有料盘 {path.name}")
    with tray.open_for_work(path, secret(world)) as opened:
        yield opened
