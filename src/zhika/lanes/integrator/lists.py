"""The paper of a handover: PDF and workbook beside each other, from the rows of the electronic document."""

import polars as pl

from zhika.engine import desk, plastic
from zhika.engine.work import Work
from zhika.flows.documents import Document
from zhika.ledger.batches import Organisation, organisation
from zhika.ledger.custody import SHANGHAI
from zhika.paper.lists import handover_list, workbook
from zhika.paper.typeset import Party


def print_list(work: Work, document: Document, rows: pl.DataFrame, taker: Organisation, title: str = "") -> None:
    """Write HOME/files/lists/CODE.pdf and .xlsx; the same step writes the same paper."""
    code = plastic.handover_code(work, document)
    folder = work.seat.home / "files" / "lists"
    giver, on = organisation(work.organisation), work.now.astimezone(SHANGHAI).date()
    digest = desk.freeze(work.seat, document, rows)
    for suffix, made in ((".pdf", handover_list), (".xlsx", workbook)):
        paper = made(
            document, rows, code=code, given=_party(giver), taken=_party(taker), digest=digest, on=on, title=title
        )
        desk.write_once(folder / f"{code}{suffix}", paper)


def _party(one: Organisation) -> Party:
    return Party(one.name, one.code)
