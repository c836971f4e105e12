"""The paper of what the supplier hands over: the semi-finished list as PDF and XLSX, from the same rows as its file."""

from zhika.engine import desk
from zhika.engine.plastic import handover_code
from zhika.engine.work import Rows, Work
from zhika.flows.documents import Document
from zhika.flows.lanes import Lane
from zhika.ledger.batches import organisation
from zhika.paper.lists import handover_list, workbook
from zhika.paper.typeset import Party


def write(work: Work, document: Document, rows: Rows, taker: Lane) -> None:
    """files/lists/<handover>.pdf and .xlsx; written again they are the same."""
    digest = desk.freeze(work.seat, document, rows)
    code = handover_code(work, document)
    told = {
        "code": work.subject.code, "given": _party(work.organisation), "taken": _party(work.party(taker)),
        "digest": digest, "on": work.now.date(),
    }  # fmt: skip
    folder = work.seat.home / "files" / "lists"
    desk.write_once(folder / f"{code}.pdf", handover_list(document, rows, **told))  # type: ignore[arg-type]
    desk.write_once(folder / f"{code}.xlsx", workbook(document, rows, **told))  # type: ignore[arg-type]


def _party(code: str) -> Party:
    return Party(organisation(code).name, code)
