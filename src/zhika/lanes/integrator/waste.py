"""销毁废卡、废料 at the integrator: what is void here and goes nowhere, before two people.

Void cards travel with their batch to the bank. What stays is a card that was missing on its way to the bank and was
found here later, and material that came back void: blanks that the supplier had printed, with names and numbers, for
people who then left.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.db.models import Max

from zhika.card import tray as trays
from zhika.engine import desk, plastic
from zhika.engine.carrying import in_stock
from zhika.engine.todo import SECOND, Todo, command
from zhika.engine.work import ActWork, Done
from zhika.errors import CardError, NotReady
from zhika.flows.acts import BY_NAME
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import material
from zhika.ledger.batches import Batch, Organisation, organisation
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.ledger.custody import Cards, Quantity, move
from zhika.ledger.material import KINDS, STOCK, named, stock_group
from zhika.ledger.places import Balance, Group, Movement, Place, State, count, place, today
from zhika.ledger.steps import StepRecord, times_done
from zhika.ledger.where import lying_at
from zhika.paper.forms import destruction_record
from zhika.paper.typeset import Party
from zhika.seat import things
from zhika.seat.config import Seat

ACT = "destroy_waste"


@dataclass
class Waste:
    """What is void under one subject: a batch's cards by serial, or a lot's pieces by kind."""

    cards: dict[str, int] = field(default_factory=dict)
    """Serial → primary key."""
    pieces: Counter[str] = field(default_factory=Counter)


def destroy(work: ActWork) -> Done:
    """The subject is a batch, for its cards, or a lot of material, for its pieces in the stock.

    Raises NotReady where nothing of it is void here, CardError where less lies in the trays than in the books.
    """
    seat, holder = work.seat, _holder(work.seat)
    batch = Batch.objects.filter(code=work.subject).first()
    waste = Waste(cards=_cards(holder, batch)) if batch else Waste(pieces=_pieces(holder, work.subject))
    if not waste.cards and not waste.pieces:
        raise NotReady(f"{work.subject}: 本方没有待销毁的废卡、废料 (zhika todo)")
    _all_here(seat, work.subject, waste)
    number, day = times_done(ACT, work.subject) + 1, today(work.now)
    name = f"{work.subject}~waste-{number}"
    lines = [(work.subject, KINDS[kind].title, n) for kind, n in sorted(waste.pieces.items())]
    table = "\n".join([*sorted(waste.cards), *(",".join(map(str, line)) for line in lines), ""]).encode()
    paper = destruction_record(
        sorted(waste.cards), material=lines, code=f"D-{work.subject}-{holder.code}-{number}",
        organisation=Party(holder.name, holder.code), witnesses=(work.by, work.second),
        digest=hashlib.sha256(table).hexdigest(), on=day,
    )  # fmt: skip

    def write() -> None:
        if batch:
            source = place(holder, State.VOID, plastic.batch_group(batch))
            gone = Cards(list(waste.cards.values()))
            move(source, place(holder, State.DESTROYED, source.group), gone, cause="destroy", by=work.by)
        for kind, n in waste.pieces.items():
            within = stock_group(work.subject, kind)
            source = place(holder, State.VOID, within)
            move(source, place(holder, State.DESTROYED, within), Quantity(n), cause="destroy", by=work.by)
        folder = seat.home / "files" / "lists"
        desk.write_once(folder / f"{name}.csv", table)
        desk.write_once(folder / f"{name}.pdf", paper)

    return Done(write=write, after=work.subject)


def shred(seat: Seat, subject: str) -> None:
    """What the books have as destroyed leaves the trays; what has become void since stays."""
    holder = _holder(seat)
    batch = Batch.objects.filter(code=subject).first()
    if batch:
        gone = lying_at(place(holder, State.DESTROYED, plastic.batch_group(batch)))
        serials = set(Card.objects.filter(pk__in=gone).values_list("serial", flat=True))
        with things.on_bench(seat.world, _tray(seat, holder, subject)) as tray:
            for piece in tray.pieces():
                if piece.serial in serials:
                    tray.remove(piece)
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
    code = seat.organisation(Lane.INTEGRATOR)
    lies = Balance.objects.filter(place__organisation__code=code, place__state=State.VOID, n__gt=0)
    found: Counter[str] = Counter()
    came: defaultdict[str, list[datetime]] = defaultdict(list)
    for balance in lies.filter(place__group__kind__in=(STOCK, "batch")).select_related("place__group"):
        group = balance.place.group
        stocked = group.kind == STOCK
        about = named(group.code).lot if stocked else group.ref
        if stocked or _handed_over(about):
            found[about] += balance.n
            came[about].append(_last_came(balance.place, () if stocked else lying_at(balance.place)))
    for about, n in found.items():
        yield Todo(
            Lane.INTEGRATOR, ACT, BY_NAME[ACT].title, about, n, min(came[about]), Lane.INTEGRATOR.title,
            command(ACT, about, SECOND), "act",
        )  # fmt: skip


def _last_came(at: Place, cards: Collection[int]) -> datetime:
    """When the last of what lies at a place came there: pieces and whole bundles, or one of these cards."""
    into = Movement.objects.filter(to_place=at)
    times = [into.filter(card=None).aggregate(at=Max("happened_at"))["at"]]
    times += [into.filter(card__in=some).aggregate(at=Max("happened_at"))["at"] for some in chunks(list(cards))]
    return max(time for time in times if time)


def _holder(seat: Seat) -> Organisation:
    return organisation(seat.organisation(Lane.INTEGRATOR), kind="integrator")


def _cards(holder: Organisation, batch: Batch) -> dict[str, int]:
    """Void cards that lie here after the batch has gone to the bank; before that they go with it."""
    if not _handed_over(batch.code):
        return {}
    here = lying_at(place(holder, State.VOID, plastic.batch_group(batch)))
    return {str(serial): pk for pk, serial in Card.objects.filter(pk__in=here).values_list("pk", "serial")}


def _handed_over(batch_code: str) -> bool:
    return StepRecord.objects.filter(subject=batch_code, function="hand_over", source="own").exists()


def _pieces(holder: Organisation, lot: str) -> Counter[str]:
    """Void pieces of a lot in the stock, by kind, as the books have them."""
    known = Group.objects.filter(kind=STOCK, ref=lot)
    found = Place.objects.filter(organisation=holder, state=State.VOID, group__in=known).select_related("group")
    return Counter({named(at.group.code).kind: n for at in found if (n := count(at))})


def _all_here(seat: Seat, subject: str, waste: Waste) -> None:
    """Raises CardError where a card or piece that the books have is not in its tray."""
    lacking = 0
    if waste.cards:
        with things.on_bench(seat.world, _tray(seat, _holder(seat), subject)) as tray:
            lacking += sum(tray.find(serial) is None for serial in waste.cards)
    left = Counter(waste.pieces)
    for path, kind in _stock(seat, subject):
        with things.on_bench(seat.world, path) as tray:
            left[kind] -= len(_void(tray))
    lacking += sum(n for n in left.values() if n > 0)
    if lacking:
        raise CardError(f"{subject}: 料盘中缺 {lacking} 件废卡、废料, 先盘点 (zhika do count_stock)")


def _stock(seat: Seat, lot: str) -> Iterator[tuple[Path, str]]:
    """Trays of a lot in the stock, with the kind that lies in each."""
    for path in sorted(material.stock(seat).glob("*.tray")):
        told = in_stock(path.name)
        if told and told[0] == lot:
            yield path, told[1].code


def _void(tray: trays.Tray) -> list[trays.Piece]:
    return [piece for piece in tray.pieces() if piece.condition]


def _tray(seat: Seat, holder: Organisation, batch_code: str) -> Path:
    return seat.bench(holder.code, "bench") / f"{batch_code}.cards.tray"
