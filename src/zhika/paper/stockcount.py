"""The record of a stock count 盘点记录: booked and seen by state and lot, the differences, two signatures."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from zhika.paper.typeface import FAMILY
from zhika.paper.typeset import Party, pdf

TITLE = "盘点记录"


class Line(NamedTuple):
    """What should lie there and what does."""

    what: str
    batch: str
    lot: str
    state: str
    booked: int
    seen: int


class Listed(NamedTuple):
    """One difference, in words."""

    kind: str
    what: str
    n: int
    batch: str
    lot: str
    tray: str
    books: str


def record(
    lines: Sequence[Line],
    differences: Sequence[Listed],
    *,
    code: str,
    organisation: Party,
    counted_by: tuple[str, str],
    on: date,
    trays: int,
    again: int,
    known: int,
    digest: str,
) -> bytes:
    """A4 PDF: who counted whose things when; the table, with its sums; the differences; places to sign.

    `trays`: how many were read. `again`: pieces that an earlier count missed and that are there. `known`: differences
    that have a case already. `digest`: SHA-256 of the table of differences. The same data give the same bytes.

    >>> made = record(
    ...     [Line("卡", "A1-02-261123-01", "", "良品", 250, 249)],
    ...     [Listed("短少", "QZ26000000017", 1, "A1-02-261123-01", "", "", "良品")], code="PD-02-261123-1",
    ...     organisation=Party("丰泽医保中心", "02"), counted_by=("王芳", "李敏"), on=date(2026, 11, 23), trays=1,
    ...     again=0, known=0, digest="0" * 64,
    ... )
    >>> made[:5]
    b'%PDF-'
    """
    booked, seen = sum(line.booked for line in lines), sum(line.seen for line in lines)
    head = {
        "title": TITLE, "code": code, "date": on.isoformat(), "organisation": organisation._asdict(),
        "by": counted_by, "trays": f"{trays:,}", "booked": f"{booked:,}", "seen": f"{seen:,}", "again": f"{again:,}",
        "known": f"{known:,}", "differences": f"{len(differences):,}", "digest": digest, "font": FAMILY,
    }  # fmt: skip
    table = [[*line[:4], f"{line.booked:,}", f"{line.seen:,}", _signed(line.seen - line.booked)] for line in lines]
    listed = [
        [one.kind, one.what, f"{one.n:,}", " / ".join(filter(None, (one.batch, one.lot))), one.tray, one.books]
        for one in differences
    ]
    total = _signed(seen - booked)
    return pdf("stockcount.typ", on=on, head=head | {"total": total}, table=table, differences=listed)


def _signed(n: int) -> str:
    return f"{n:+,}" if n else "0"
