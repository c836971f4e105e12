"""The centre's rows of the charts: every public function is one of them."""

from pathlib import Path

from zhika.engine.lists import print_list
from zhika.engine.parcels import unit_of
from zhika.engine.work import Done, Work
from zhika.flows.documents import CHECK_LIST, CONFIRMATION, PASSING_ON
from zhika.lanes.centre import checking, passing
from zhika.ledger.batches import organisation


def confirm(work: Work) -> Done:
    """数据确认: facts second (who signs too), and decisions (the exported file, filled in) where lines were asked."""
    told = {**work.facts.get("", {}), **work.facts.get(work.subject.code, {})}
    checked = work.rows(CHECK_LIST)
    decisions = checking.read_decisions(Path(told["decisions"]), checked) if told.get("decisions") else {}
    rows = checking.confirmed(checked, decisions, signer=work.by, second=told.get("second", ""))
    passed = sum(decision != checking.REJECT for decision in rows["decision"])
    return Done(documents={CONFIRMATION: rows}, n_in=rows.height, n_out=passed)


def pass_on(work: Work) -> Done:
    """转交: one unit's cards, two-sided, with list and paper. Of a parcel whose cards have all failed nothing goes."""
    if not work.people:
        return Done()
    taker = organisation(unit_of(work.subject.code))
    tray = passing.split(work)
    rows = passing.rows(work)
    print_list(work, PASSING_ON, rows, taker=taker)
    return Done(documents={PASSING_ON: rows}, trays=[tray], taker=taker)
