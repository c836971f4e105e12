"""Where a unit's cards lie, and their way out of its tray."""

from pathlib import Path

from zhika.craft import handing
from zhika.engine.parcels import unit_of
from zhika.lanes.unit.models import Receipt
from zhika.seat.config import Seat


def parcel_tray(seat: Seat, parcel: str) -> Path:
    """Where the parcel's cards lie at its unit."""
    return seat.bench(unit_of(parcel), "bench") / f"{parcel}.cards.tray"


def into_hands(seat: Seat, parcel: str) -> None:
    """What becomes of the things once the receipts are written."""
    handing.into_hands(seat, parcel_tray(seat, parcel), parcel, Receipt)
