"""销毁: cards that are destroyed before two people: counted, booked, recorded on paper, and then shredded.

The books come first. Whoever is cut off shreds later what they have as destroyed, so a card is never gone without a
record that names who was there. Each time has a record of its own, numbered within its batch and holder.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from zhika.engine import desk, laying, plastic
from zhika.engine.todo import SECOND, Todo, command
from zhika.engine.work import ActWork, Done
from zhika.errors import CardError, NotReady
from zhika.flows.acts import BY_NAME
from zhika.flows.documents import DESTRUCTION
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Organisation, Party
from zhika.ledger.cards import Card
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import Balance, Movement, Place, State, place, today
from zhika.ledger.steps import StepRecord, times_done
from zhika.ledger.where import lying_at
from zhika.paper import typeset
from zhika.paper.forms import destruction_record
from zhika.seat import things
from zhika.seat.config import Seat

WASTE = "destroy_waste"
"""The act of whoever made a card, for what is void and will not travel."""


@dataclass(frozen=True)
class Doomed:
    """Cards of a batch that one organisation is to destroy, by serial with their primary keys."""

    holder: Organisation
    batch: Batch
    void: Mapping[str, int]
    """Those that are void."""
    kept: Mapping[str, int] = field(default_factory=dict)
    """Those that were good, kept at `kept_at` until their time was over: `close` ends them first."""
    kept_at: Place | None = None
    close: Callable[[list[int]], None] = lambda cards: None

    @property
    def serials(self) -> list[str]:
        return sorted({*self.void, *self.kept})

    def book(self, by: str) -> None:
        """From where they lie to destroyed, with the writer."""
        within = plastic.batch_group(self.batch)
        gone = place(self.holder, State.DESTROYED, within)
        if self.void:
            void = place(self.holder, State.VOID, within)
            move(void, gone, Cards(list(self.void.values())), cause="destroy", by=by)
        if self.kept and self.kept_at:
            self.close(list(self.kept.values()))
            move(self.kept_at, gone, Cards(list(self.kept.values())), cause="destroy", by=by)


def void_of(holder: Organisation, batch: Batch) -> dict[str, int]:
    """Serial → primary key of a batch's void cards that lie at an organisation."""
    here = lying_at(place(holder, State.VOID, plastic.batch_group(batch)))
    return {str(serial): pk for pk, serial in Card.objects.filter(pk__in=here).values_list("pk", "serial")}


def left_behind(holder: Organisation, batch: Batch, row: str) -> dict[str, int]:
    """Serial → primary key of void cards that lie here after their batch has gone by this row of its chart.

    Before that they go with it. What stays was missing on its way, and was found here later.
    """
    gone = StepRecord.objects.filter(subject=batch.code, function=row, source="own").exists()
    return void_of(holder, batch) if gone else {}


def todo(seat: Seat, lane: Lane, row: str) -> Iterator[Todo]:
    """Batches of whose cards something was left behind with this lane's party, on this seat."""
    lies = Balance.objects.filter(place__state=State.VOID, place__group__kind="batch", n__gt=0)
    for balance in lies.select_related("place__group", "place__organisation"):
        holder = balance.place.organisation
        parties = Party.objects.filter(lane=lane, seat=seat.name, organisation=holder)
        party = parties.filter(batch__code=balance.place.group.ref).select_related("batch").first()
        if party and (cards := left_behind(holder, party.batch, row)):
            came = Movement.objects.filter(to_place=balance.place, card__in=[*cards.values()]).latest("pk")
            yield Todo(
                lane, WASTE, BY_NAME[WASTE].title, party.batch.code, len(cards), came.happened_at, lane.title,
                command(WASTE, party.batch.code, SECOND), "act",
            )  # fmt: skip


def destroy(work: ActWork, doomed: Doomed, *, tell: bool = True) -> Done:
    """Books and record of this act, which the errand `shred` follows; `tell`: the record is sent too.

    Raises NotReady for anything but a whole batch and where there is nothing to destroy, CardError where one that the
    books have lies in none of the holder's trays.
    """
    holder, batch, serials = doomed.holder, doomed.batch, doomed.serials
    if work.subject != batch.code:
        raise NotReady(f"{work.subject}: 销毁按批次进行, 写批次编号 {batch.code}")
    if not serials:
        raise NotReady(f"{batch.code}: 本方没有待销毁的废卡 (zhika todo)")
    lacking = laying.lacking(work.seat, holder.code, batch, serials)
    if lacking:
        raise CardError(f"料盘中缺 {len(lacking)} 张废卡 ({'、'.join(lacking[:5])}), 找到后再销毁")
    day = today(work.now)
    told = [(serial, work.by, work.second, day.isoformat()) for serial in serials]
    rows = pl.DataFrame(told, schema=dict.fromkeys(DESTRUCTION.columns, pl.String), orient="row")
    number = f"{holder.code}-{times_done(work.act.name, batch.code) + 1}"
    paper = destruction_record(
        serials, code=f"D-{batch.code}-{number}", organisation=typeset.Party(holder.name, holder.code),
        witnesses=(work.by, work.second), digest=desk.freeze(work.seat, DESTRUCTION, rows), on=day,
        closed=len(doomed.kept),
    )  # fmt: skip

    def write() -> None:
        doomed.book(work.by)
        # after the books: of two desks at once only the one that booked leaves a paper
        desk.write_once(work.seat.home / "files" / "lists" / f"{batch.code}~destruction-{number}.pdf", paper)

    return Done(documents={DESTRUCTION: rows} if tell else {}, write=write, after=batch.code)


def shred(seat: Seat, holder: Organisation, batch: Batch) -> None:
    """What the books have as destroyed leaves the holder's trays; it may be done again."""
    gone = lying_at(place(holder, State.DESTROYED, plastic.batch_group(batch)))
    serials = set(Card.objects.filter(pk__in=gone).values_list("serial", flat=True))
    for path in laying.trays_of(seat, holder.code, batch.code):
        with things.on_bench(seat.world, path) as lying:
            for piece in lying.pieces():
                if piece.serial in serials:
                    lying.remove(piece)
