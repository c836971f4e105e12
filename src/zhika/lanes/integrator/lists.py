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
    told = {
        "code": code, "given": _party(organisation(work.organisation)), "taken": _party(taker),
        "digest": desk.freeze(work.seat, document, rows), "on": work.now.astimezone(SHANGHAI).date(), "title": title,
    }  # fmt: skip
    desk.write_once(folder / f"{code}.pdf", handover_list(document, rows, **told))
    desk.write_once(folder / f"{code}.xlsx", workbook(document, rows, **told))


def _party(one: Organisation) -> Party:
    return Party(one.name, one.code)
