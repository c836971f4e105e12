"""The paper of a handover: PDF and workbook beside each other, from the same rows as the electronic document."""

from datetime import datetime

import polars as pl

from zhika.engine import desk, plastic
from zhika.engine.work import Work
from zhika.flows.documents import Document
from zhika.ledger.batches import Organisation, organisation
from zhika.ledger.places import today
from zhika.paper.lists import handover_list, workbook
from zhika.paper.typeset import Party
from zhika.seat.config import Seat


def print_list(
    work: Work, document: Document, rows: pl.DataFrame, *, taker: Organisation | None = None, title: str = ""
) -> None:
    """Write HOME/files/lists/CODE.pdf and .xlsx; the same step writes the same paper.

    `taker` is the lane's that receives the document, unless the parcel says whose it is.
    """
    taken = taker or organisation(work.party(plastic.receiver(document, work)))
    code = plastic.handover_code(work, document)
    print_handover(work.seat, document, rows, code, organisation(work.organisation), taken, work.now, title=title)


def print_handover(
    seat: Seat, document: Document, rows: pl.DataFrame, code: str, giver: Organisation, taker: Organisation,
    at: datetime, *, title: str = "",
) -> None:  # fmt: skip
    """The same for a handover that no row opens, but an act: a card that was found and leaves again."""
    digest, on = desk.freeze(seat, document, rows), today(at)
    for suffix, made in ((".pdf", handover_list), (".xlsx", workbook)):
        paper = made(
            document, rows, code=code, given=_party(giver), taken=_party(taker), digest=digest, on=on, title=title
        )
        desk.write_once(seat.home / "files" / "lists" / f"{code}{suffix}", paper)


def _party(one: Organisation) -> Party:
    return Party(one.name, one.code)
