"""What an acceptance counted, said to the person who made it: per kind, and every difference by its serial."""

from collections.abc import Iterator

import polars as pl

from zhika.engine import desk
from zhika.flows.documents import ACCEPTANCE, MATERIAL
from zhika.ledger.material import KINDS
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat

CARDS = {"good": "良品卡", "void": "废卡"}
DIFFERENCES = {"missing": "短少", "surplus": "多出"}
NAMED = 20
"""Most serials of a difference that are named in a line; all of them stand in the to-do list."""


def said(seat: Seat, code: str) -> list[str]:
    """The newest acceptance that this seat made of a handover, a sentence a kind; empty where there is none."""
    papers = Paper.objects.filter(type=ACCEPTANCE.code, sender=seat.name, batch_code=code.split("~")[0].split(".")[0])
    for paper in papers.order_by("-pk"):
        rows = desk.read_frozen(seat, ACCEPTANCE, paper.sha256)
        if rows["handover"][0] == code:
            return list(_sentences(rows))
    return []


def _sentences(rows: pl.DataFrame) -> Iterator[str]:
    for row in rows.filter(serial="").iter_rows(named=True):
        given, accepted = int(row["given"]), int(row["accepted"])
        title = CARDS.get(row["kind"]) or (KINDS[row["kind"]].title if row["kind"] in KINDS else row["kind"])
        if given or accepted:
            yield f"{title}: 应收 {given:,}, 实收 {accepted:,}{_material(row['kind'], given - accepted)}"
    for kind, title in DIFFERENCES.items():
        serials = rows.filter(kind=kind)["serial"].to_list()
        if serials:
            more = f" 等 {len(serials):,} 张" if len(serials) > NAMED else ""
            yield f"{title} {len(serials):,} 张: {'、'.join(serials[:NAMED])}{more}"


def _material(kind: str, difference: int) -> str:
    """Pieces of material have no serials: their difference is a number."""
    if kind in CARDS or not difference:
        return ""
    return f", {'短少' if difference > 0 else '多出'} {abs(difference):,} 件"


def material(seat: Seat, paper: Paper) -> dict[str, int]:
    """Pieces that a material document names, by the title of their kind."""
    told: dict[str, int] = {}
    for row in desk.read_frozen(seat, MATERIAL, paper.sha256).iter_rows(named=True):
        title = KINDS[row["kind"]].title if row["kind"] in KINDS else row["kind"]
        told[title] = told.get(title, 0) + int(row["count"])
    return told
