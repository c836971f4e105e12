"""People whom the centre did not confirm, with the reasons; masked, for a list that anyone at the desk may see."""

import polars as pl

from zhika.card.idnumber import mask, mask_name
from zhika.engine import desk
from zhika.flows.documents import CONFIRMATION
from zhika.ledger.steps import Paper
from zhika.registers.rules import BY_CODE
from zhika.seat.config import Seat


def people(seat: Seat) -> list[dict[str, str]]:
    """Lot, line, masked name and ID number, and reasons in Chinese."""
    found = []
    for paper in Paper.objects.filter(type=CONFIRMATION.code).order_by("pk"):
        for row in desk.read(seat, paper).filter(pl.col("decision") == "reject").iter_rows(named=True):
            codes = [code for code in row["reasons"].split(";") if code]
            found.append(
                {
                    "lot": row["lot"],
                    "line": row["line"],
                    "name": mask_name(row["name"]) if row["name"] else "",
                    "id_no": mask(row["id_no"]) if row["id_no"] else "",
                    "codes": row["reasons"],
                    "reasons": "；".join(_title(code) for code in codes),
                }
            )
    return found


def _title(code: str) -> str:
    """What people read: the rule's title, or that the centre left the line undecided."""
    return BY_CODE[code].title if code in BY_CODE else "中心未作结论" if code == "not-decided" else code
