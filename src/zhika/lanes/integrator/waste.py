"""销毁废卡、废料 at the integrator: what is void here and goes nowhere, before two people.

Void cards travel with their batch to the bank. What stays is a card that was missing on its way to the bank and was
found here later, and material that came back void: blanks that the supplier had printed, with names and numbers, for
people who then left.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.db.models import Max

from zhika.card import tray as trays
from zhika.craft import destroying
from zhika.craft.destroying import WASTE
from zhika.engine import desk
from zhika.engine.carrying import in_stock
from zhika.engine.todo import SECOND, Todo, command
from zhika.engine.work import ActWork, Done
from zhika.errors import CardError, NotReady
from zhika.flows.acts import BY_NAME
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import material
from zhika.ledger.batches import Batch, Organisation, organisation
from zhika.ledger.custody import Quantity, move
from zhika.ledger.material import KINDS, STOCK, named, stock_group
from zhika.ledger.places import Balance, Group, Movement, Place, State, count, place, today
from zhika.ledger.steps import times_done
from zhika.paper.forms import destruction_record
from zhika.paper.typeset import Party
from zhika.seat import things
from zhika.seat.config import Seat

GONE = "hand_over"
"""Row with which a batch leaves the integrator."""


def destroy(work: ActWork) -> Done:
    """The subject is a batch, for its cards, or a lot of material, for its pieces in the stock.

    Raises NotReady where nothing of it is void here, CardError where less lies in the trays than in the books.
    """
    holder = _holder(work.seat)
    if batch := Batch.objects.filter(code=work.subject).first():
        doomed = destroying.Doomed(holder, batch, destroying.left_behind(holder, batch, GONE))
        return destroying.destroy(work, doomed, tell=False)
    return _destroy_pieces(work, holder, _pieces(holder, work.subject))


def _destroy_pieces(work: ActWork, holder: Organisation, pieces: Counter[str]) -> Done:
    lot, seat = work.subject, work.seat
    if not pieces:
        raise NotReady(f"{lot}: 本方没有待销毁的废卡、废料 (zhika todo)")
    lying = Counter[str]()
    for path, kind in _stock(seat, lot):
        with things.on_bench(seat.world, path) as tray:
            lying[kind] += len(_void(tray))
    if lacking := (pieces - lying).total():
        raise CardError(f"{lot}: 料盘中缺 {lacking} 件废料, 先盘点 (zhika do count_stock)")
    lines = [(lot, KINDS[kind].title, n) for kind, n in sorted(pieces.items())]
    table = "\n".join([*(",".join(map(str, line)) for line in lines), ""]).encode()
    number = f"{holder.code}-{times_done(WASTE, lot) + 1}"
    paper = destruction_record(
        [], material=lines, code=f"D-{lot}-{number}", organisation=Party(holder.name, holder.code),
        witnesses=(work.by, work.second), digest=hashlib.sha256(table).hexdigest(), on=today(work.now),
    )  # fmt: skip

    def write() -> None:
        for kind, n in pieces.items():
            within = stock_group(lot, kind)
            source = place(holder, State.VOID, within)
            move(source, place(holder, State.DESTROYED, within), Quantity(n), cause="destroy", by=work.by)
        for suffix, data in (("csv", table), ("pdf", paper)):
            desk.write_once(seat.home / "files" / "lists" / f"{lot}~destruction-{number}.{suffix}", data)

    return Done(write=write, after=lot)


def shred(seat: Seat, subject: str) -> None:
    """What the books have as destroyed leaves the trays; what has become void since stays."""
    holder = _holder(seat)
    if batch := Batch.objects.filter(code=subject).first():
        destroying.shred(seat, holder, batch)
        return
    stays = _pieces(holder, subject)
    for path, kind in _stock(seat, subject):
        with things.on_bench(seat.world, path) as tray:
            for piece in _void(tray):
                if stays[kind] > 0:
                    stays[kind] -= 1
                else:
                    tray.remove(piece)


def todo(seat: Seat) -> Iterator[Todo]:
    """What is void here and will not travel."""
    yield from destroying.todo(seat, Lane.INTEGRATOR, GONE)
    code = seat.organisation(Lane.INTEGRATOR)
    lies = Balance.objects.filter(place__organisation__code=code, place__state=State.VOID, n__gt=0)
    found: Counter[str] = Counter()
    into: defaultdict[str, list[Place]] = defaultdict(list)
    for balance in lies.filter(place__group__kind=STOCK).select_related("place__group"):
        lot = named(balance.place.group.code).lot
        found[lot] += balance.n
        into[lot].append(balance.place)
    for lot, n in found.items():
        came = Movement.objects.filter(to_place__in=into[lot]).aggregate(at=Max("happened_at"))["at"]
        yield Todo(
            Lane.INTEGRATOR, WASTE, BY_NAME[WASTE].title, lot, n, came, Lane.INTEGRATOR.title,
            command(WASTE, lot, SECOND), "act",
        )  # fmt: skip


def _holder(seat: Seat) -> Organisation:
    return organisation(seat.organisation(Lane.INTEGRATOR), kind="integrator")


def _pieces(holder: Organisation, lot: str) -> Counter[str]:
    """Void pieces of a lot in the stock, by kind, as the books have them."""
    known = Group.objects.filter(kind=STOCK, ref=lot)
    found = Place.objects.filter(organisation=holder, state=State.VOID, group__in=known).select_related("group")
    return Counter({named(at.group.code).kind: n for at in found if (n := count(at))})


def _stock(seat: Seat, lot: str) -> Iterator[tuple[Path, str]]:
    """Trays of a lot in the stock, with the kind that lies in each."""
    for path in sorted(material.stock(seat).glob("*.tray")):
        told = in_stock(path.name)
        if told and told[0] == lot:
            yield path, told[1].code


def _void(tray: trays.Tray) -> list[trays.Piece]:
    return [piece for piece in tray.pieces() if piece.condition]
