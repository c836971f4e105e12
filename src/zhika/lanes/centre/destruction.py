"""Void cards that lie at the centre, destroyed by two people 销毁: counted, booked, recorded on paper, shredded.

Each time has a record of its own, numbered within the batch and office.
"""

from pathlib import Path

import polars as pl

from zhika.engine import desk, plastic
from zhika.engine.work import ActWork, Done
from zhika.errors import CardError, NotReady
from zhika.flows.documents import DESTRUCTION
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import State, place, today
from zhika.ledger.steps import times_done
from zhika.ledger.where import lying_at
from zhika.paper.forms import destruction_record
from zhika.paper.typeset import Party
from zhika.seat import things
from zhika.seat.config import Seat


def destroy(work: ActWork) -> Done:
    """All void cards of a batch that lie at its office.

    Raises NotReady where none does, CardError where one that the books have is not in the tray.
    """
    batch = work.batch
    office = batch.office if batch else None
    source = place(office, State.VOID, plastic.batch_group(batch)) if batch and office else None
    cards = Card.objects.filter(pk__in=lying_at(source) if source else ()).order_by("serial")
    pks = {card.serial or "": card.pk for card in cards}
    if batch is None or office is None or source is None or not pks:
        raise NotReady(f"{work.subject}: 本机构没有该批次待销毁的废卡")
    with things.on_bench(work.seat.world, _tray(work.seat, batch)) as tray:
        lacking = [serial for serial in pks if tray.find(serial) is None]
    if lacking:
        raise CardError(f"料盘中缺 {len(lacking)} 张废卡 ({'、'.join(lacking[:5])}), 找到后再销毁")
    day = today(work.now)
    told = [(serial, work.by, work.second, day.isoformat()) for serial in pks]
    rows = pl.DataFrame(told, schema=dict.fromkeys(DESTRUCTION.columns, pl.String), orient="row")
    number = f"{office.code}-{times_done(work.act.name, work.subject) + 1}"
    paper = destruction_record(
        list(pks), code=f"D-{batch.code}-{number}", organisation=Party(office.name, office.code),
        witnesses=(work.by, work.second), digest=desk.freeze(work.seat, DESTRUCTION, rows), on=day,
    )  # fmt: skip

    def write() -> None:
        move(
            source, place(office, State.DESTROYED, source.group), Cards(list(pks.values())), cause="destroy", by=work.by
        )
        # after the books: of two desks at once only the one that booked leaves a paper
        desk.write_once(work.seat.home / "files" / "lists" / f"{batch.code}~destruction-{number}.pdf", paper)

    return Done(documents={DESTRUCTION: rows}, write=write, after=batch.code)


def shred(seat: Seat, batch_code: str) -> None:
    """Every card of the batch that the books have as destroyed leaves its office's tray."""
    batch = Batch.objects.select_related("office").get(code=batch_code)
    gone = place(batch.office, State.DESTROYED, plastic.batch_group(batch))
    serials = Card.objects.filter(pk__in=lying_at(gone)).values_list("serial", flat=True)
    with things.on_bench(seat.world, _tray(seat, batch)) as tray:
        for serial in serials:
            if piece := tray.find(serial or ""):
                tray.remove(piece)


def _tray(seat: Seat, batch: Batch) -> Path:
    return seat.bench(batch.office.code, "bench") / f"{batch.code}.good.tray"
