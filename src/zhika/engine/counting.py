"""Stock count 盘点: everything an organisation holds is read and compared with its books, by two people.

A missing card or piece moves to *missing* with its case in the count's own transaction; what an earlier count missed
and this one has seen goes back; what is surplus or in a wrong state has a case. Counting again changes nothing.
"""

import csv
import hashlib
from collections.abc import Sequence
from io import StringIO

from django.utils import timezone

from zhika.engine import desk, plastic
from zhika.engine.comparing import COUNTED, Again, Compared, Difference, compare
from zhika.engine.expected import Expected, Shelf, expected, last_movement
from zhika.engine.reading import Seen, read
from zhika.engine.registry import engine_act
from zhika.engine.work import ActWork, Done
from zhika.errors import NotAllowed, NotReady
from zhika.flows.acts import BY_NAME
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.cases import TITLES
from zhika.ledger.counts import StockCount
from zhika.ledger.custody import Cards, Quantity, move
from zhika.ledger.errands import Errand
from zhika.ledger.material import KINDS, material_group, stock_group
from zhika.ledger.places import Case, Group, State, place, today
from zhika.paper.stockcount import Line, Listed, record
from zhika.paper.typeset import Party
from zhika.seat.config import Seat

COLUMNS = ("kind", "what", "n", "batch", "lot", "tray", "books")
"""Of the table of differences."""


@engine_act
def count_stock(work: ActWork) -> Done:
    """盘点: the subject is the organisation's code.

    Raises NotReady while things are still to be carried after a booking, a delivery lies in the stock that was not
    taken in, or the books change meanwhile; TrayBusy while somebody works on a tray.
    """
    holder = _holder(work)
    books = expected(holder)
    if Errand.objects.exists():  # after the books: what is booked from now on, they are no longer these
        raise NotReady(f"{work.subject}: 还有实物未随账移动, 先办完 zhika work 再盘点")
    seen = read(work.seat, holder.code, {*books.fit, *books.void})
    _all_taken_in(seen)
    compared = compare(holder, books, seen)
    day = today(work.now)
    of_day = f"PD-{holder.code}-{day:%y%m%d}-"
    code = f"{of_day}{StockCount.objects.filter(code__startswith=of_day).count() + 1}"
    table = differences_csv(compared.differences)
    paper = record(
        lines(books, seen), [_listed(one) for one in compared.differences], code=code,
        organisation=Party(holder.name, holder.code), counted_by=(work.by, work.second), on=day,
        trays=len(seen.trays), again=sum(one.n for one in compared.again), known=compared.known,
        digest=hashlib.sha256(table).hexdigest(),
    )  # fmt: skip

    def write() -> None:
        if last_movement(holder) != books.last_movement:
            raise NotReady(f"{work.subject}: 盘点期间账有变动, 请重新盘点")
        book(holder, compared, code=code, by=work.by)
        StockCount.objects.create(
            code=code, organisation=holder, counted_at=timezone.now(), by=work.by, second=work.second,
            trays=len(seen.trays), booked=_booked(books), seen=seen.pieces, differences=len(compared.differences),
            found=sum(one.n for one in compared.again), known=compared.known,
            sha256=hashlib.sha256(table).hexdigest(),
        )  # fmt: skip
        folder = work.seat.home / "files" / "lists"
        desk.write_once(folder / f"{code}.csv", table)
        desk.write_once(folder / f"{code}.pdf", paper)

    return Done(write=write, n_in=_booked(books), n_out=seen.pieces)


def holders(seat: Seat) -> list[Organisation]:
    """Organisations whose things lie on this seat and are counted here."""
    lanes = BY_NAME["count_stock"].lanes & seat.lanes
    codes = {seat.organisation(lane) for lane in lanes if lane is not Lane.CENTRE}
    found = Organisation.objects.filter(code__in=codes)
    if Lane.CENTRE in lanes:
        found = found | Organisation.objects.filter(kind="centre")
    return list(found.order_by("code"))


def _holder(work: ActWork) -> Organisation:
    own = {one.code: one for one in holders(work.seat)}
    if work.subject not in own:
        raise NotAllowed(work.by, f"盘点 {work.subject}", f"本席位可盘点: {'、'.join(own) or '无'}")
    return own[work.subject]


def _all_taken_in(seen: Seen) -> None:
    """A lot that no book knows was delivered and not yet taken in: that is no difference."""
    lots = {shelf for shelf in (*seen.fit, *seen.void) if not shelf.batch}
    known = set(Group.objects.filter(code__in=[_code(shelf) for shelf in lots]).values_list("code", flat=True))
    fresh = sorted({shelf.lot for shelf in lots if _code(shelf) not in known})
    if fresh:
        raise NotReady(f"来料 {'、'.join(fresh)} 尚未入库, 先办材料入库 (zhika do load_material)")


def _code(shelf: Shelf) -> str:
    return f"S:{shelf.lot}:{shelf.kind}"


# Into the books ------------------------------------------------------------------------------------------------------


def book(holder: Organisation, compared: Compared, *, code: str, by: str) -> None:
    """Within the count's transaction: what is missing leaves, what is there again comes back, each with its case."""
    for again in compared.again:
        _bring_back(holder, again, code=code, by=by)
    now, batches = timezone.now(), {}
    for one in compared.differences:
        if one.batch not in batches:
            batches[one.batch] = Batch.objects.filter(code=one.batch).first()
        within = _group(one)
        if one.kind == Case.MISSING and one.at is not None and within is not None:
            pieces = Cards([one.card.pk], seen=True) if one.card else Quantity(one.n)
            move(one.at, place(holder, State.MISSING, within), pieces, cause=COUNTED, by=by)
        Case.objects.create(
            kind=one.kind, count=code, organisation=holder, batch=batches[one.batch], group=within, card=one.card,
            serial=one.what, n=one.n, note="; ".join(filter(None, (one.tray, one.books)))[:200], opened_at=now,
        )  # fmt: skip


def _group(one: Difference) -> Group | None:
    """Where a case's pieces are counted: a missing card's with its batch, material with its lot."""
    if one.shelf is not None:
        if one.group is not None:
            return one.group
        batch = one.shelf.batch
        return material_group(batch, one.what, one.lot) if batch else stock_group(one.lot, one.what)
    return plastic.batch_group(one.card.batch) if one.card and one.kind == Case.MISSING else None


def _bring_back(holder: Organisation, again: Again, *, code: str, by: str) -> None:
    case = again.case
    assert case.group is not None
    pieces = Cards([case.card_id]) if case.card_id else Quantity(again.n)
    move(place(holder, State.MISSING, case.group), again.back, pieces, cause="found", by=by)
    rest = case.n - again.n
    changes = {"n": rest} if rest else {"closed_at": timezone.now(), "closing": f"盘点找回: {code}"}
    Case.objects.filter(pk=case.pk).update(**changes)


# On paper ------------------------------------------------------------------------------------------------------------


def lines(books: Expected, seen: Seen) -> list[Line]:
    """Booked and seen, by state and lot: cards by batch, material by shelf."""
    cards: dict[tuple[str, str], list[int]] = {}
    for serial, (card, at) in books.cards.items():
        row = cards.setdefault((card.batch.code, str(State(at.state).label)), [0, 0])
        row[0] += 1
        row[1] += serial in seen.cards
    found = [Line("卡", batch, "", state, *n) for (batch, state), n in sorted(cards.items())]
    if strange := sum(serial not in books.cards for serial in seen.cards):
        found.append(Line("卡", "", "", "账外", 0, strange))
    for state, booked, counted in (("空白", books.fit, seen.fit), ("作废", books.void, seen.void)):
        for shelf in sorted({*booked, *counted}):
            lot = shelf.lot or "、".join(row.lot for row in booked.get(shelf, []))
            n = sum(row.n for row in booked.get(shelf, []))
            found.append(Line(KINDS[shelf.kind].title, shelf.batch, lot, state, n, counted[shelf]))
    return found


def differences_csv(differences: Sequence[Difference]) -> bytes:
    """The table of differences, UTF-8 with a header."""
    out = StringIO(newline="")
    table = csv.writer(out)
    table.writerow(COLUMNS)
    table.writerows([getattr(one, column) for column in COLUMNS] for one in differences)
    return out.getvalue().encode()


def _listed(one: Difference) -> Listed:
    what = KINDS[one.what].title if one.shelf else one.what
    return Listed(TITLES[one.kind], what, one.n, one.batch, one.lot, one.tray, one.books)


def _booked(books: Expected) -> int:
    material = [row.n for rows in (*books.fit.values(), *books.void.values()) for row in rows]
    return len(books.cards) + sum(material)
