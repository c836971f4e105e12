"""Finishing one card: match, number, stripe, financial application, clear, read back.

The card is the memory: each part is read before it is written, so a card that a killed worker left half done is
finished, and one that is done stays as it is.
"""

from collections.abc import Set
from dataclasses import dataclass, field

from zhika.card import expiry, stripe
from zhika.card.chip import financial
from zhika.card.chip.apdu import Connection, StatusError
from zhika.card.chip.keys import BankKeys
from zhika.card.chip.public import Identity, clear_public_area, public_area
from zhika.card.chip.social import inspect
from zhika.card.tray import Piece, Tray
from zhika.errors import CardError
from zhika.lanes.bank.models import Account
from zhika.lanes.bank.security import Values
from zhika.seat import keys
from zhika.seat.config import Seat


@dataclass(frozen=True)
class Order:
    """What one card is to become. Its repr shows nothing."""

    identity: Identity = field(repr=False)
    pan: str = field(repr=False)
    expiry: str = field(repr=False)
    values: Values = field(repr=False)

    @classmethod
    def of(cls, account: Account, values: Values) -> "Order":
        """The order for an account's card."""
        return cls(Identity(account.id_no, account.name), account.pan, account.expiry, values)

    @property
    def ink(self) -> dict[str, str]:
        """The bank's three printed fields as they stand on the card."""
        return {"pan": self.pan, "expiry": expiry.printed(self.expiry), "cvv2": self.values.cvv2}


def bank_keys(seat: Seat) -> BankKeys:
    """This bank's keys to chips."""
    folder = seat.home / "keys"
    return BankKeys(keys.get(folder, keys.BANK), keys.get(folder, keys.TRANSPORT_BANK))


def finish(tray: Tray, piece: Piece, order: Order, bank: BankKeys, *, hidden: Set[str], overprints: bool) -> str:
    """Finish one card; "" when it is good, else the cause for which it is void, marked on the piece.

    `overprints`: the number is printed here; otherwise it stands there already and is only checked.
    """
    cause = piece.condition or _cause(tray, piece, order, bank, hidden, overprints)
    if cause and not piece.condition:
        tray.condemn(piece, cause)
    return cause


def _cause(tray: Tray, piece: Piece, order: Order, bank: BankKeys, hidden: Set[str], overprints: bool) -> str:
    try:
        with tray.chip(piece) as chip:
            if not _belongs(chip, order):
                return "area-differs"
            if overprints:
                print_number(tray, piece, order, hidden)
            if not shows_number(tray, piece, order, hidden):
                return "number-misprint"
            if not write_stripe(tray, piece, order):
                return "stripe-bad"
            financial.personalise(chip, order.pan, order.expiry, order.values.chip_track2, bank)
            return _cleared(chip, bank)
    except StatusError:
        return "chip-refused"
    except CardError:
        return "chip-dead" if _silent(tray, piece) else "chip-refused"


def _belongs(chip: Connection, order: Order) -> bool:
    """The public area names this person; or it was cleared here, and the chip bears this person's number."""
    area = public_area(chip)
    if area is None:
        return financial.read_pan(chip) == order.pan
    return area == order.identity


def _cleared(chip: Connection, bank: BankKeys) -> str:
    try:
        clear_public_area(chip, bank)
        return "" if public_area(chip) is None else "area-not-empty"
    except CardError:
        return "area-not-empty"


def _silent(tray: Tray, piece: Piece) -> bool:
    """The chip answers nothing at all, or there is none."""
    try:
        with tray.chip(piece) as chip:
            inspect(chip)
    except StatusError:
        return False
    except CardError:
        return True
    return False


def print_number(tray: Tray, piece: Piece, order: Order, hidden: Set[str]) -> None:
    """Print number, expiry and CVV2 where nothing stands yet; ink that stands there is checked afterwards."""
    seen = tray.camera(piece, hidden=hidden)
    tray.print(piece, {name: text for name, text in order.ink.items() if name not in seen})


def shows_number(tray: Tray, piece: Piece, order: Order, hidden: Set[str]) -> bool:
    """The camera sees just the number, expiry and CVV2 that belong there."""
    seen = tray.camera(piece, hidden=hidden)
    return all(seen.get(name) == text for name, text in order.ink.items())


def write_stripe(tray: Tray, piece: Piece, order: Order) -> bool:
    """Write the three tracks and read them back; False where what comes back is not what was written."""
    tracks = order.values.tracks
    tray.write_stripe(piece, tracks)
    if tray.read_stripe(piece) != tracks:
        return False
    try:
        layouts = (stripe.LAYOUT.track1, stripe.LAYOUT.track2, stripe.LAYOUT.track3)
        parts = [stripe.read(track, items) for track, items in zip(tracks, layouts, strict=True)]
    except CardError:
        return False
    return all(part[stripe.Part.PAN] == order.pan for part in parts)
