"""Material 来料: lots into stock, and drawn from it for a batch: one piece of each kind a person."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import polars as pl
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from zhika.card import tray as trays
from zhika.card.chip import social
from zhika.engine import plastic
from zhika.engine.carrying import in_stock
from zhika.engine.run import done_already
from zhika.engine.todo import Todo, command, pieces_of
from zhika.engine.work import Done, Work
from zhika.errors import CardError, Fault, NotReady, Refused
from zhika.flows.documents import MATERIAL
from zhika.flows.lanes import Lane
from zhika.lanes.integrator.models import Consignment, Draw
from zhika.ledger.batches import organisation
from zhika.ledger.custody import Quantity, move
from zhika.ledger.material import EMBEDDED, KINDS, OF_TRAY, STOCK, named, trays_of
from zhika.ledger.places import Balance, Movement, State, place
from zhika.seat import things
from zhika.seat.config import Seat

DRAW = "draw"
"""Cause of the movement from a lot in the stock to a batch."""


def stock(seat: Seat) -> Path:
    """WORLD/<integrator>/stock."""
    return seat.bench(seat.organisation(Lane.INTEGRATOR), "stock")


def uncounted(folder: Path) -> dict[str, list[Path]]:
    """Trays of material in a folder that are not in the books, by consignment."""
    known = set(Consignment.objects.values_list("tray", flat=True))
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.tray")):
        if (told := in_stock(path.name)) and path.name not in known:
            found.setdefault(told[0], []).append(path)
    return found


def load(seat: Seat, code: str, told: Mapping[str, str], by: str) -> Done:
    """材料入库: count a consignment's trays, read its chips' COS, and take it into the books and the stock.

    `path` names the folder where its trays stand; without it they stand in the stock already. Raises NotReady where
    there is none to count, Refused for chips of another COS version than seat.toml's, or of more than one.
    """
    folder = Path(told["path"]) if told.get("path") else stock(seat)
    # What a worker cut off has carried into the stock already is counted with the rest.
    paths = [path for place in dict.fromkeys((folder, stock(seat))) for path in uncounted(place).get(code, [])]
    if not paths:
        names = "、".join(f"{code}-{kind}-1.tray" for kind in OF_TRAY)
        raise NotReady(f"{code}: 没有待入库的料盘 (文件名应为 {names})")
    rows, faults = [], []
    for path in paths:
        told_kind = in_stock(path.name)
        assert told_kind is not None
        _, kind = told_kind
        with things.on_bench(seat.world, path) as tray:
            count = len(tray)
            versions = _versions(tray) if kind.chip else set()
        if kind.chip and versions != {seat.integrator.cos_version}:
            faults.append(Fault(path.name, f"芯片 COS 版本应为 {seat.integrator.cos_version}, 读出不同版本或无应答"))
        version = seat.integrator.cos_version if kind.chip else ""
        digest = (told.get("cos_digest") or hashlib.sha256(version.encode()).hexdigest()) if version else ""
        rows.append(
            Consignment(
                code=code, kind=kind.code, tray=path.name, count=count, cos_version=version, cos_digest=digest,
                loaded_at=timezone.now(), by=by,
            )
        )  # fmt: skip
    if faults:
        raise Refused(faults)

    def write() -> None:
        holder = organisation(seat.organisation(Lane.INTEGRATOR), kind="integrator")
        maker = organisation("outside", name="系统外", kind="outside")
        for row in rows:
            row.save()
            within = plastic.stock_group(code, row.kind)
            source, target = place(maker, State.OUTSIDE, within), place(holder, State.BLANK, within)
            if row.count:
                move(source, target, Quantity(row.count), cause="load", by=by)

    for path in paths:
        if path.parent != stock(seat):
            trays.move(path, stock(seat))
    total = sum(row.count for row in rows)
    return Done(write=write, n_in=total, n_out=total)


def _versions(tray: trays.Tray) -> set[str]:
    """COS versions that the chips of a tray answer; a dead one says nothing, the supplier finds it."""
    found = set()
    for piece in tray:
        with tray.chip(piece) as chip:
            try:
                found.add(social.inspect(chip).cos_version)
            except CardError:
                continue
    return found


def todo(seat: Seat) -> Iterator[Todo]:
    """Trays that stand in the stock and have not been counted."""
    for code, paths in uncounted(stock(seat)).items():
        pieces: Counter[str] = Counter()
        for path in paths:
            if found := in_stock(path.name):
                with suppress(trays.TrayBusy):  # it is being counted into the books
                    pieces[found[1].title] += trays.count(path)
        yield Todo(
            Lane.INTEGRATOR, "load_material", f"材料入库 ({pieces_of(pieces)})", code, pieces.total(), timezone.now(),
            Lane.INTEGRATOR.title, command("load_material", code), "act",
        )  # fmt: skip


# For a batch ---------------------------------------------------------------------------------------------------------


def reserve(batch_code: str, n: int, kinds: Sequence[str] = EMBEDDED) -> list[Draw]:
    """Keep n pieces of each kind of the stock for a batch, oldest lot first; what was kept before stays.

    `kinds`: module and blank, where the chip is embedded in the making; or `WITH_CHIP`. Raises NotReady where the
    stock doesn't hold as many.
    """
    with transaction.atomic():
        kept = list(Draw.objects.filter(batch_code=batch_code).select_related("consignment").order_by("pk"))
        if kept:
            return kept
        for kind in kinds:
            wanted = n
            rows = Consignment.objects.select_for_update().filter(kind=kind).order_by("pk")
            gone = dict(Draw.objects.values_list("consignment").annotate(n=Sum("n")))
            free = _free(kind)
            for row in rows:
                take = min(wanted, row.count - gone.get(row.pk, 0), free[row.code])
                if take > 0:
                    kept.append(Draw.objects.create(batch_code=batch_code, consignment=row, n=take))
                    wanted -= take
                    free[row.code] -= take
            if wanted:
                lack = f"库存缺 {wanted} 件{KINDS[kind].title}"
                raise NotReady(f"{batch_code}: {lack}, 先办材料入库 (zhika do load_material)")
        return kept


def _free(kind: str) -> Counter[str]:
    """By lot, what the books have in the stock, less what is kept for a batch and not yet drawn.

    A stock count takes what is missing out of the books, so that nobody is promised it.
    """
    lying = Balance.objects.filter(place__state=State.BLANK, place__group__kind=STOCK, n__gt=0)
    free: Counter[str] = Counter()
    for code, n in lying.values_list("place__group__code", "n"):
        if named(code).kind == kind:
            free[named(code).lot] += n
    booked = Movement.objects.filter(cause=DRAW, to_place__group__ref__in=Draw.objects.values("batch_code"))
    waiting = Draw.objects.filter(consignment__kind=kind).exclude(batch_code__in=booked.values("to_place__group__ref"))
    for lot, n in waiting.values_list("consignment__code", "n"):
        free[lot] -= n
    return free


def draw(work: Work, kept: Sequence[Draw]) -> list[Path]:
    """Lay what was kept from the stock into the batch's trays on the bench, one a kind; does what is left to do."""
    kinds = dict.fromkeys(row.consignment.kind for row in kept)
    return [_draw(work, kind, [row for row in kept if row.consignment.kind == kind]) for kind in kinds]


def laid(work: Work, kept: Sequence[Draw]) -> list[Path]:
    """The trays into which it was laid, one a kind."""
    return [work.tray(trays_of(kind)) for kind in dict.fromkeys(row.consignment.kind for row in kept)]


def _draw(work: Work, kind: str, kept: Sequence[Draw]) -> Path:
    target = work.tray(trays_of(kind))
    with ExitStack() as stack:
        # The first stock tray is the lock: nobody else draws this material meanwhile, so what has been shipped
        # cannot be drawn a second time.
        sources = [stack.enter_context(things.on_bench(work.seat.world, _tray(work, row.consignment))) for row in kept]
        if not target.exists():
            if done_already(work.subject, work.step):
                raise NotReady(f"{work.subject}: 材料已领出")
            trays.create(target, f"{work.subject}.{trays_of(kind)}", trays_of(kind))
        tray = stack.enter_context(things.on_bench(work.seat.world, target))
        full = 0
        for row, source in zip(kept, sources, strict=True):
            full += row.n
            _lay(source, tray, full)
        for other in _others(kept):  # a tray of the lot lacks what another one of it has too many
            if len(tray) < full:
                _lay(stack.enter_context(things.on_bench(work.seat.world, _tray(work, other))), tray, full)
        if len(tray) < full:
            raise NotReady(f"{work.subject}: 库存料盘缺 {full - len(tray)} 件, 先盘点 (zhika do count_stock)")
    return target


def _lay(source: trays.Tray, tray: trays.Tray, full: int) -> None:
    """Fit pieces into the batch's tray until so many lie there."""
    laid = {piece.uid for piece in tray}
    pieces = source.pieces()
    for piece in pieces:
        if piece.uid in laid:  # a worker was killed between laying it down and taking it out
            source.move(piece, tray)
    for piece in pieces:
        if len(laid) >= full:
            return
        if piece.uid not in laid and not piece.condition:
            source.move(piece, tray)
            laid.add(piece.uid)


def _others(kept: Sequence[Draw]) -> list[Consignment]:
    """Further trays of the lots of which something is kept."""
    lots, kind = {row.consignment.code for row in kept}, kept[0].consignment.kind
    rows = Consignment.objects.filter(code__in=lots, kind=kind).exclude(pk__in=[row.consignment.pk for row in kept])
    return list(rows.order_by("pk"))


def _tray(work: Work, row: Consignment) -> Path:
    return stock(work.seat) / row.tray


def book(work: Work, kept: Sequence[Draw]) -> None:
    """From the stock to the batch's consignment, within the step's transaction."""
    assert work.batch is not None
    holder = organisation(work.organisation)
    for row in kept:
        kind, code = row.consignment.kind, row.consignment.code
        source = place(holder, State.BLANK, plastic.stock_group(code, kind))
        target = place(holder, State.BLANK, plastic.material_group(work.batch.code, kind, code))
        move(source, target, Quantity(row.n), cause=DRAW, by=work.by)


def rows(kept: Sequence[Draw]) -> pl.DataFrame:
    """材料交接单: lot, kind, count, COS version and digest, a row for each lot and kind, in the order of the books."""
    counted: dict[tuple[str, str], int] = {}
    chips: dict[tuple[str, str], Consignment] = {}
    for draw_ in kept:
        key = (draw_.consignment.code, draw_.consignment.kind)
        counted[key] = counted.get(key, 0) + draw_.n
        chips.setdefault(key, draw_.consignment)
    told = [
        {
            "consignment": code, "kind": kind, "count": str(n), "cos_version": chips[code, kind].cos_version,
            "cos_digest": chips[code, kind].cos_digest,
        }
        for (code, kind), n in counted.items()
    ]  # fmt: skip
    return pl.DataFrame(told, schema=dict.fromkeys(MATERIAL.columns, pl.String))
