"""Void cards, and kept ones past their time, destroyed by two people 销毁: shredded, booked, recorded on paper.

What is destroyed is written down before the first card is shredded, so that a worker cut off in the middle goes on
with the same cards and the same witnesses. Each time has a record of its own, numbered within the batch.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from zhika.card.tray import Tray
from zhika.engine import desk, plastic
from zhika.engine.work import ActWork, Done, Rows
from zhika.errors import CardError, NotAllowed, NotReady
from zhika.flows.documents import DESTRUCTION
from zhika.flows.lanes import Lane
from zhika.lanes.bank import again
from zhika.lanes.bank.models import Destroyed
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import State, place, today
from zhika.ledger.steps import times_done
from zhika.ledger.where import lying_at
from zhika.paper.forms import destruction_record
from zhika.paper.typeset import Party
from zhika.seat import things


def destroy(work: ActWork) -> Done:
    """All void cards of a batch that lie at this bank, with those that were kept too long and are closed by this.

    What was begun before is finished first, by itself.

    Raises NotReady where none does, CardError where one is lacking, NotAllowed where the witnesses are one person.
    """
    batch = work.batch or Batch.objects.filter(code=work.subject).first()
    if batch is None:
        raise NotReady(f"没有批次 {work.subject}; 销毁按批次进行, 先看 zhika todo")
    holder = batch.parties.get(lane=Lane.BANK).organisation
    source = place(holder, State.VOID, plastic.batch_group(batch))
    void = {str(card.serial): card.pk for card in Card.objects.filter(pk__in=lying_at(source))}
    late = again.overdue(work.seat, holder, batch, today(work.now))
    if not void and not late:
        raise NotReady(f"批次 {batch.code} 没有待销毁的废卡")
    number = times_done(work.act.name, work.subject) + 1
    path = work.seat.bench(holder.code, "bench") / f"{batch.code}.cards.tray"
    with things.on_bench(work.seat.world, path) as tray:
        begun = _begun(void | late) or _begin(tray, work, batch, sorted(void | late))
        for card in begun:
            if piece := tray.find(card.serial):
                tray.remove(piece)
    rows = record(begun)
    closed = [late[card.serial] for card in begun if card.serial in late]
    gone = [void[card.serial] for card in begun if card.serial in void]
    paper = destruction_record(
        rows["card_serial"].to_list(), code=f"D-{batch.code}-{number}", organisation=Party(holder.name, holder.code),
        witnesses=(begun[0].witness, begun[0].second_witness), digest=desk.freeze(work.seat, DESTRUCTION, rows),
        on=begun[0].on, closed=len(closed),
    )  # fmt: skip

    def write() -> None:
        target = place(holder, State.DESTROYED, source.group)
        if gone:
            move(source, target, Cards(gone), cause="destroy", by=work.by)
        if closed:
            again.close(batch, closed, source=work.seat.name)
            move(again.kept(holder, batch), target, Cards(closed), cause="destroy", by=work.by)
        # after the books: of two desks at once only the one that booked leaves a paper
        desk.write_once(work.seat.home / "files" / "lists" / f"{batch.code}~destruction-{number}.pdf", paper)

    return Done(documents={DESTRUCTION: rows}, write=write)


def _begun(void: Mapping[str, int]) -> list[Destroyed]:
    """What a worker cut off before the books has begun to destroy."""
    return list(Destroyed.objects.filter(serial__in=list(void)).order_by("serial"))


def _begin(tray: Tray, work: ActWork, batch: Batch, serials: Sequence[str]) -> list[Destroyed]:
    witness, second = work.by.strip(), work.second.strip()
    if not second or second == witness:  # once it is written down it can't be refused any more
        raise NotAllowed(work.by, work.act.title, "须有不同的两人监销 (--second)")
    lacking = [serial for serial in serials if tray.find(serial) is None]
    if lacking:
        raise CardError(f"料盘中缺 {len(lacking)} 张废卡 ({'、'.join(lacking[:5])}), 找到后再销毁")
    return Destroyed.objects.bulk_create(
        [
            Destroyed(serial=serial, batch_code=batch.code, witness=witness, second_witness=second, on=today(work.now))
            for serial in serials
        ]
    )


def record(begun: Sequence[Destroyed]) -> Rows:
    """销毁记录 of these cards, as it was begun."""
    told = [(card.serial, card.witness, card.second_witness, card.on.isoformat()) for card in begun]
    return pl.DataFrame(told, schema=dict.fromkeys(DESTRUCTION.columns, pl.String), orient="row")
