"""The centre's rows of the charts: every public function is one of them."""

from pathlib import Path

from zhika.engine import desk
from zhika.engine.lists import print_list
from zhika.engine.parcels import unit_of
from zhika.engine.work import Done, Work
from zhika.flows.documents import CHECK_LIST, CONFIRMATION, PASSING_ON, REPLACEMENT_DATA
from zhika.lanes.centre import checking, counter, packing, passing, reviewing, sending
from zhika.ledger.batches import organisation


def confirm(work: Work) -> Done:
    """数据确认: facts second (who signs too), and decisions (the exported file, filled in) where lines were asked."""
    told = {**work.facts.get("", {}), **work.facts.get(work.subject.code, {})}
    checked = work.rows(CHECK_LIST)
    decisions = checking.read_decisions(Path(told["decisions"]), checked) if told.get("decisions") else {}
    rows = checking.confirmed(checked, decisions, signer=work.by, second=told.get("second", ""))
    passed = sum(decision != checking.REJECT for decision in rows["decision"])
    return Done(documents={CONFIRMATION: rows}, n_in=rows.height, n_out=passed)


def review(work: Work) -> Done:
    """审核、录入参保、参合信息并扫描相片: by another person than the one who entered them."""
    return reviewing.review(work)


def review_replacement(work: Work) -> Done:
    """审核确认: of a replacement, by another person than the one who entered it."""
    return reviewing.review_replacement(work)


def send_insured(work: Work) -> Done:
    """发送参保、参合数据: here applications have become a batch."""
    people = sending.applications(work)
    (document,) = work.step.sends
    if document is REPLACEMENT_DATA:
        return Done(documents={document: sending.replacements(people)})
    photos = {one.person.photo: desk.photo_of(work.seat, one.person.photo) for one in people}
    return Done(documents={document: sending.insured(document, people)}, photos=photos)


def hand_out(work: Work) -> Done:
    """社保卡交接手续 at the office: out of its tray, into the hands of who signs; old cards come back."""
    return counter.hand_out(work)


def pass_on(work: Work) -> Done:
    """转交: one unit's cards, two-sided, packed as the unit works, with lists and paper.

    Of a parcel whose cards have all failed nothing goes.
    """
    if not work.people:
        return Done()
    taker = organisation(unit_of(work.subject.code))
    known = passing.applications(work)
    packed = packing.order(work, taker, known)
    tray = passing.split(work, packed)
    rows = passing.rows(work, known)
    print_list(work, PASSING_ON, rows, taker=taker)
    packing.print_lists(work, taker, packed, known)
    return Done(documents={PASSING_ON: rows}, trays=[tray], taker=taker)
