"""Material 来料: consignments into stock, modules and blanks drawn for a batch, one of each a person."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import polars as pl
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from zhika.card import tray as trays
from zhika.card.chip import social
from zhika.engine import plastic
from zhika.engine.run import done_already
from zhika.engine.todo import Todo, command
from zhika.engine.work import Done, Work
from zhika.errors import CardError, Fault, NotReady, Refused
from zhika.flows.documents import MATERIAL
from zhika.flows.lanes import Lane
from zhika.lanes.integrator.models import Consignment, Draw
from zhika.ledger.batches import organisation
from zhika.ledger.custody import Quantity, move
from zhika.ledger.places import State, place
from zhika.seat import things
from zhika.seat.config import Seat

KINDS = {plastic.MODULE: "modules", plastic.BLANK: "blanks"}
"""Kind of material and kind of its trays."""
_NAME = re.compile(r"(?P<code>.+?)[-.](?P<kind>modules|blanks)(?:[-.]\d+)?\.tray")
_OF_TRAY = {kind: material for material, kind in KINDS.items()}


def named(path: Path) -> tuple[str, str] | None:
    """Consignment and kind of material that a tray's name tells; None for another tray.

    >>> named(Path("M-2026-01-modules-1.tray"))
    ('M-2026-01', 'module')
    """
    found = _NAME.fullmatch(path.name)
    return (found["code"], _OF_TRAY[found["kind"]]) if found else None


def stock(seat: Seat) -> Path:
    """WORLD/<integrator>/stock."""
    return seat.bench(seat.organisation(Lane.INTEGRATOR), "stock")


def uncounted(folder: Path) -> dict[str, list[Path]]:
    """Trays of material in a folder that are not in the books, by consignment."""
    known = set(Consignment.objects.values_list("tray", flat=True))
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.tray")):
        if (name := named(path)) and path.name not in known:
            found.setdefault(name[0], []).append(path)
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
        raise NotReady(f"{code}: 没有待入库的料盘 (文件名应为 {code}-modules-1.tray、{code}-blanks-1.tray)")
    rows, faults = [], []
    for path in paths:
        kind = _OF_TRAY[_kind_of(path)]
        with things.on_bench(seat.world, path) as tray:
            count = len(tray)
            versions = _versions(tray) if kind == plastic.MODULE else set()
        if kind == plastic.MODULE and versions != {seat.integrator.cos_version}:
            faults.append(Fault(path.name, f"芯片 COS 版本应为 {seat.integrator.cos_version}, 读出不同版本或无应答"))
        version = seat.integrator.cos_version if kind == plastic.MODULE else ""
        digest = (told.get("cos_digest") or hashlib.sha256(version.encode()).hexdigest()) if version else ""
        rows.append(
            Consignment(
                code=code, kind=kind, tray=path.name, count=count, cos_version=version, cos_digest=digest,
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


def _kind_of(path: Path) -> str:
    found = _NAME.fullmatch(path.name)
    assert found is not None
    return found["kind"]


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
        yield Todo(
            Lane.INTEGRATOR, "load_material", f"材料入库: {code}", code, len(paths), timezone.now(),
            Lane.INTEGRATOR.title, command("load_material", code), "act",
        )  # fmt: skip


# For a batch ---------------------------------------------------------------------------------------------------------


def reserve(batch_code: str, n: int) -> list[Draw]:
    """Keep n modules and n blanks of the stock for a batch, oldest consignment first; what was kept before stays.

    Raises NotReady where the stock doesn't hold as many.
    """
    with transaction.atomic():
        kept = list(Draw.objects.filter(batch_code=batch_code).select_related("consignment").order_by("pk"))
        if kept:
            return kept
        for kind in KINDS:
            wanted = n
            rows = Consignment.objects.select_for_update().filter(kind=kind).order_by("pk")
            gone = dict(Draw.objects.values_list("consignment").annotate(n=Sum("n")))
            for row in rows:
                take = min(wanted, row.count - gone.get(row.pk, 0))
                if take > 0:
                    kept.append(Draw.objects.create(batch_code=batch_code, consignment=row, n=take))
                    wanted -= take
            if wanted:
                raise NotReady(f"{batch_code}: 库存缺 {wanted} 件 {KINDS[kind]}, 先办材料入库 (zhika do load_material)")
        return kept


def draw(work: Work, kept: Sequence[Draw]) -> list[Path]:
    """Lay what was kept from the stock into the batch's two trays on the bench; does only what is left to do."""
    return [_draw(work, kind, [row for row in kept if row.consignment.kind == kind]) for kind in KINDS]


def _draw(work: Work, kind: str, kept: Sequence[Draw]) -> Path:
    target = work.tray(KINDS[kind])
    with ExitStack() as stack:
        # The first stock tray is the lock: nobody else draws this material meanwhile, so what has been shipped
        # cannot be drawn a second time.
        sources = [stack.enter_context(things.on_bench(work.seat.world, _tray(work, row))) for row in kept]
        if not target.exists():
            if done_already(work.subject, work.step):
                raise NotReady(f"{work.subject}: 材料已领出")
            trays.create(target, f"{work.subject}.{KINDS[kind]}", KINDS[kind])
        tray = stack.enter_context(things.on_bench(work.seat.world, target))
        laid = {piece.uid for piece in tray}
        full = 0
        for row, source in zip(kept, sources, strict=True):
            full += row.n
            pieces = source.pieces()
            for piece in pieces:
                if piece.uid in laid:  # a worker was killed between laying it down and taking it out
                    source.move(piece, tray)
            for piece in pieces:
                if len(laid) >= full:
                    break
                if piece.uid not in laid:
                    source.move(piece, tray)
                    laid.add(piece.uid)
    return target


def _tray(work: Work, row: Draw) -> Path:
    return stock(work.seat) / row.consignment.tray


def book(work: Work, kept: Sequence[Draw]) -> None:
    """From the stock to the batch's consignment, within the step's transaction."""
    assert work.batch is not None
    holder = organisation(work.organisation)
    for row in kept:
        kind, code = row.consignment.kind, row.consignment.code
        source = place(holder, State.BLANK, plastic.stock_group(code, kind))
        target = place(holder, State.BLANK, plastic.material_group(work.batch.code, kind))
        move(source, target, Quantity(row.n), cause="draw", by=work.by)


def rows(kept: Sequence[Draw]) -> pl.DataFrame:
    """材料交接单: consignment, kind, count, COS version and digest, a row for each consignment and kind."""
    counted: dict[tuple[str, str, str, str], int] = {}
    for draw_ in kept:
        row = draw_.consignment
        key = (row.code, row.kind, row.cos_version, row.cos_digest)
        counted[key] = counted.get(key, 0) + draw_.n
    told = [
        {"consignment": code, "kind": kind, "count": str(n), "cos_version": version, "cos_digest": digest}
        for (code, kind, version, digest), n in counted.items()
    ]
    return pl.DataFrame(told, schema=dict.fromkeys(MATERIAL.columns, pl.String))
