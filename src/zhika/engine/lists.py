"""The paper of a handover: PDF and workbook beside each other, from the same rows as the electronic document."""

import polars as pl

from zhika.engine import desk, plastic
from zhika.engine.work import Work
from zhika.flows.documents import Document
from zhika.ledger.batches import Organisation, organisation
from zhika.ledger.custody import SHANGHAI
from zhika.paper.lists import handover_list, workbook
from zhika.paper.typeset import Party


def print_list(
    work: Work, document: Document, rows: pl.DataFrame, *, taker: Organisation | None = None, title: str = ""
) -> None:
    """Write HOME/files/lists/CODE.pdf and .xlsx; the same step writes the same paper.

    `taker` is the lane's that receives the document, unless the parcel says whose it is.
    """
    code = plastic.handover_code(work, document)
    given = organisation(work.organisation)
    taken = taker or organisation(work.party(plastic.receiver(document, work)))
    digest, on = desk.freeze(work.seat, document, rows), work.now.astimezone(SHANGHAI).date()
    for suffix, made in ((".pdf", handover_list), (".xlsx", workbook)):
        paper = made(
            document, rows, code=code, given=_party(given), taken=_party(taken), digest=digest, on=on, title=title
        )
        desk.write_once(work.seat.home / "files" / "lists" / f"{code}{suffix}", paper)


def _party(one: Organisation) -> Party:
    return Party(one.name, one.code)
