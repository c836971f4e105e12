"""Void cards destroyed by two people 销毁: shredded, booked, recorded on paper.

What is destroyed is written down before the first card is shredded, so that a worker cut off in the middle goes on
with the same cards and the same witnesses.
"""

import polars as pl
from django.db import transaction

from zhika.card.tray import Tray
from zhika.engine import desk, plastic
from zhika.engine.work import ActWork, Done, Rows
from zhika.errors import CardError, NotReady
from zhika.flows.documents import DESTRUCTION
from zhika.flows.lanes import Lane
from zhika.lanes.bank.models import Destroyed
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.custody import Cards, Place, State, lying_at, move, place
from zhika.paper.forms import destruction_record
from zhika.paper.typeset import Party
from zhika.seat import things


def destroy(work: ActWork) -> Done:
    """All void cards of a batch that lie at this bank; NotReady where none does, CardError where one is lacking."""
    batch = work.batch or Batch.objects.filter(code=work.subject).first()
    if batch is None:
        raise NotReady(f"没有批次 {work.subject}; 销毁按批次进行, 先看 zhika todo")
    holder = batch.parties.get(lane=Lane.BANK).organisation
    source = place(holder, State.VOID, plastic.batch_group(batch))
    cards = {str(card.serial): card.pk for card in Card.objects.filter(pk__in=lying_at(source))}
    if not cards:
        raise NotReady(f"批次 {batch.code} 没有待销毁的废卡")
    path = work.seat.bench(holder.code, "bench") / f"{batch.code}.cards.tray"
    with things.on_bench(work.seat.world, path) as tray:
        _shred(tray, work, batch, sorted(cards))
    rows = record(sorted(cards))
    _paper(work, batch, rows, Party(holder.name, holder.code))

    def write() -> None:
        _book(source, list(cards.values()), work.by)

    return Done(documents={DESTRUCTION: rows}, write=write)


def _shred(tray: Tray, work: ActWork, batch: Batch, serials: list[str]) -> None:
    begun = set(Destroyed.objects.filter(serial__in=serials).values_list("serial", flat=True))
    lacking = [serial for serial in serials if serial not in begun and tray.find(serial) is None]
    if lacking:
        raise CardError(f"料盘中缺 {len(lacking)} 张废卡 ({'、'.join(lacking[:5])}), 找到后再销毁")
    with transaction.atomic():
        Destroyed.objects.bulk_create(
            [
                Destroyed(
                    serial=serial, batch_code=batch.code, witness=work.by, second_witness=work.second,
                    on=work.now.date(),
                )
                for serial in serials
                if serial not in begun
            ]
        )  # fmt: skip
    for serial in serials:
        piece = tray.find(serial)
        if piece:
            tray.remove(piece)


def record(serials: list[str]) -> Rows:
    """销毁记录 of these cards, as it was begun."""
    return pl.DataFrame(
        [
            {
                "card_serial": d.serial,
                "witness": d.witness,
                "second_witness": d.second_witness,
                "date": d.on.isoformat(),
            }
            for d in Destroyed.objects.filter(serial__in=serials).order_by("serial")
        ],
        schema=dict.fromkeys(DESTRUCTION.columns, pl.String),
    )


def _paper(work: ActWork, batch: Batch, rows: Rows, party: Party) -> None:
    digest = desk.freeze(work.seat, DESTRUCTION, rows)
    pdf = destruction_record(
        rows["card_serial"].to_list(), code=f"D-{batch.code}", organisation=party, witnesses=(work.by, work.second),
        digest=digest, on=work.now.date(),
    )  # fmt: skip
    desk.write_once(work.seat.home / "files" / "lists" / f"{batch.code}~destruction.pdf", pdf)


def _book(source: Place, cards: list[int], by: str) -> None:
    move(source, place(source.organisation, State.DESTROYED, source.group), Cards(cards), cause="destroy", by=by)
