"""Material that is left 余料: what lies unused of a batch's consignment goes back to the integrator, lot by lot."""

from collections.abc import Iterator
from itertools import groupby

import polars as pl

from zhika.card import tray as trays
from zhika.engine import plastic
from zhika.engine.lists import print_handover
from zhika.engine.todo import Todo, command
from zhika.engine.work import ActWork, Done
from zhika.errors import NotReady
from zhika.flows.acts import BY_NAME
from zhika.flows.documents import MATERIAL
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.custody import give
from zhika.ledger.material import Lying, drawn, trays_of
from zhika.ledger.places import Handover
from zhika.ledger.steps import StepRecord
from zhika.seat import things
from zhika.seat.config import Seat

SPOILT = "misprint"
"""Cause that marks a blank which was printed for somebody who then left: it comes back void."""


def return_material(work: ActWork) -> Done:
    """退余料: in a tray for each lot and kind, once the batch's cards are made.

    Raises NotReady before that, and where nothing is left. What the books have and the trays lack stays in the books:
    a stock count finds it.
    """
    batch = work.batch
    if batch is None or not _made(batch):
        raise NotReady(f"{work.subject}: 该批的卡尚未制完, 余料还不能退")
    holder = batch.parties.get(lane=Lane.SUPPLIER).organisation
    taker = batch.parties.get(lane=Lane.INTEGRATOR).organisation
    laid = [row._replace(n=n) for row, n in _laid_apart(work.seat, batch.code, holder.code) if n]
    if not laid:
        raise NotReady(f"{batch.code}: 没有余料")
    code = plastic.code_of(batch.code, MATERIAL, Lane.SUPPLIER)
    told = [{"consignment": row.lot, "kind": row.kind, "count": str(row.n)} for row in laid]
    rows = pl.DataFrame(told, schema=dict.fromkeys(MATERIAL.columns, pl.String)).fill_null("")

    def write() -> None:
        give(
            code, plastic.material_legs(laid), giver=holder, taker=taker, batch=batch, document=MATERIAL.code,
            within=plastic.material_group(batch.code, plastic.BLANK), subject_kind="batch", subject=batch.code,
            by=work.by, step=None, trays=[_name(batch.code, row) for row in laid],
        )  # fmt: skip
        print_handover(work.seat, MATERIAL, rows, code, holder, taker, work.now, title="余料退还清单")

    return Done(documents={MATERIAL: rows}, handover=code, write=write)


def todo(seat: Seat) -> Iterator[Todo]:
    """Batches whose cards are made and of whose material something is left."""
    made = StepRecord.objects.filter(function="laminate", source="own").select_related("batch").order_by("pk")
    given = set(Handover.objects.filter(document=MATERIAL.code).values_list("code", flat=True))
    for record in made:
        batch = record.batch
        if batch is None or plastic.code_of(batch.code, MATERIAL, Lane.SUPPLIER) in given:
            continue
        holder = batch.parties.get(lane=Lane.SUPPLIER).organisation
        if left := sum(row.n for row in drawn(batch.code, holder)):
            yield Todo(
                Lane.SUPPLIER, "return_material", BY_NAME["return_material"].title, batch.code, left,
                record.happened_at, holder.name, command("return_material", batch.code), "act",
            )  # fmt: skip


def _made(batch: Batch) -> bool:
    return StepRecord.objects.filter(batch=batch, function="laminate", source="own").exists()


def _name(batch_code: str, row: Lying) -> str:
    return f"{batch_code}.{row.lot}.{trays_of(row.kind)}.tray"


def _laid_apart(seat: Seat, batch_code: str, holder: str) -> Iterator[tuple[Lying, int]]:
    """Each lot's pieces in a tray of its own, and how many lie there; what a worker cut off has laid stays laid."""
    bench = seat.bench(holder, "bench")
    for kind, rows in groupby(drawn(batch_code, organisation(holder)), key=lambda row: row.kind):
        source = bench / f"{batch_code}.{trays_of(kind)}.tray"
        if not source.exists():
            continue
        with things.on_bench(seat.world, source) as left:
            for row in rows:
                target = bench / _name(batch_code, row)
                trays.create(target, target.stem, trays_of(kind))
                with things.on_bench(seat.world, target) as apart:
                    _lay(left, apart, row.n)
                    yield row, len(apart)


def _lay(left: trays.Tray, apart: trays.Tray, n: int) -> None:
    laid = {piece.uid for piece in apart}
    for piece in left.pieces():
        if piece.uid in laid or len(laid) < n:
            if not piece.condition and left.camera(piece, hidden=frozenset()):
                left.condemn(piece, SPOILT)
            left.move(piece, apart)
            laid.add(piece.uid)
