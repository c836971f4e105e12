"""Cards that leave by an act: out of the holder's trays into one of their own, which then travels.

The books come first; this is the errand that follows. The tray gets its name only when it is full, so that nobody
carries half of it away, and whoever is killed in between goes on where it stopped.
"""

from collections.abc import Sequence
from pathlib import Path

from zhika.card import tray as trays
from zhika.engine.carrying import MARK
from zhika.errors import CardError
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.places import Handover
from zhika.seat import things
from zhika.seat.config import Seat


def travelling(code: str, name: str) -> str:
    """Name of the tray of a handover; `name` is what it is called, or joins, on the taker's bench."""
    return f"{code}{MARK}{name}"


def lacking(seat: Seat, holder: str, batch: Batch, serials: Sequence[str]) -> list[str]:
    """Those of these cards that lie in none of the holder's trays of the batch."""
    left = list(serials)
    for path in trays_of(seat, holder, batch.code):
        with things.on_bench(seat.world, path) as tray:
            left = [serial for serial in left if tray.find(serial) is None]
    return left


def lay(seat: Seat, code: str) -> None:
    """Every card of a handover into its tray. Raises CardError where one lies in no tray of the holder's."""
    handover = Handover.objects.select_related("from_organisation", "to_organisation", "batch").get(code=code)
    giver, batch = handover.from_organisation.code, handover.batch
    (name,) = handover.trays
    bench = seat.bench(giver, "bench")
    out = seat.bench(giver, "out") / handover.to_organisation.code
    if batch is None or handover.shipped or (bench / name).exists() or (out / name).exists():
        return
    given = handover.movements.filter(cause="give").values("card")
    serials = [str(s) for s in Card.objects.filter(pk__in=given).order_by("line").values_list("serial", flat=True)]
    part = bench / f"{name}.part"
    trays.create(part, code, "cards")
    with things.on_bench(seat.world, part) as going:
        for path in trays_of(seat, giver, batch.code):
            with things.on_bench(seat.world, path) as tray:
                for serial in serials:  # one whose removal was cut off lies in both trays: it is moved again
                    if piece := tray.find(serial):
                        tray.move(piece, going)
        left = [serial for serial in serials if going.find(serial) is None]
    if left:
        raise CardError(f"料盘中缺 {len(left)} 张卡 ({'、'.join(left[:5])}), 找到后再移交")
    trays.move(part, bench, name)


def trays_of(seat: Seat, holder: str, batch_code: str) -> list[Path]:
    """The trays of a batch on a holder's bench: the batch's own, or a unit's parcels; none that is to travel."""
    found = seat.bench(holder, "bench").glob(f"{batch_code}.*.tray")
    return sorted(path for path in found if MARK not in path.name)
