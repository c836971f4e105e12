"""Material that came back 退料上架: its trays go from the bench into the stock, each as a tray of its lot."""

from collections.abc import Iterator
from pathlib import Path

from django.utils import timezone

from zhika.card import tray as trays
from zhika.engine.carrying import lot_of, tray_kind
from zhika.engine.work import ActWork, Done
from zhika.errors import NotReady
from zhika.flows.documents import MATERIAL
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import material
from zhika.lanes.integrator.models import Consignment
from zhika.ledger.material import OF_TRAY
from zhika.ledger.places import Handover
from zhika.seat import things
from zhika.seat.config import Seat


def due(seat: Seat) -> Iterator[tuple[str, str, str]]:
    """Handovers whose trays lie accepted on the bench."""
    for handover in _returned(seat):
        if _on_bench(seat, handover):
            assert handover.batch is not None
            yield "shelve_material", handover.code, handover.batch.process


def shelve(work: ActWork) -> Done:
    """退料上架: what is fit is free to be drawn again; what is void stays in its tray, and is never drawn."""
    seat = work.seat
    handover = next((one for one in _returned(seat) if one.code == work.subject), None)
    paths = _on_bench(seat, handover) if handover else {}
    if handover is None or not paths:
        raise NotReady(f"{work.subject}: 没有待上架的退料")
    rows = []
    for path, lot in paths.items():
        kind = OF_TRAY[tray_kind(path)]
        with things.on_bench(seat.world, path) as tray:
            good = sum(not piece.condition for piece in tray)
        before = Consignment.objects.filter(code=lot, kind=kind.code).order_by("pk").first()
        rows.append(
            Consignment(
                code=lot, kind=kind.code, tray=_name(lot, path, handover), count=good,
                cos_version=before.cos_version if before else "", cos_digest=before.cos_digest if before else "",
                loaded_at=timezone.now(), by=work.by,
            )
        )  # fmt: skip
    total = sum(row.count for row in rows)

    def write() -> None:
        for row in rows:
            row.save()

    return Done(write=write, after=handover.code, n_in=total, n_out=total)


def carry(seat: Seat, code: str) -> None:
    """The trays of a handover, from the bench to the stock."""
    handover = Handover.objects.select_related("batch", "to_organisation").get(code=code)
    for path, lot in _on_bench(seat, handover).items():
        trays.move(path, material.stock(seat), _name(lot, path, handover))


def _returned(seat: Seat) -> list[Handover]:
    """Handovers of material to the integrator that it has accepted."""
    found = Handover.objects.filter(document=MATERIAL.code, accepted__isnull=False, batch__isnull=False)
    own = found.filter(to_organisation__code=seat.organisation(Lane.INTEGRATOR))
    return list(own.select_related("batch", "to_organisation").order_by("pk"))


def _on_bench(seat: Seat, handover: Handover) -> dict[Path, str]:
    """Trays that came with a handover and lie on the bench, with the lot of each."""
    assert handover.batch is not None
    code, bench = handover.batch.code, seat.bench(handover.to_organisation.code, "bench")
    paths = {path: lot_of(path, code) for path in sorted(bench.glob(f"{code}.*.tray")) if tray_kind(path) in OF_TRAY}
    return {path: lot for path, lot in paths.items() if lot}


def _name(lot: str, path: Path, handover: Handover) -> str:
    assert handover.batch is not None
    return f"{lot}-{tray_kind(path)}-back-{handover.batch.code}.tray"
