"""Security values, tracks and chip data of accounts: derived from the bank's keys in bulk, kept nowhere."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from zhika.card import cvv, stripe
from zhika.card.chip import financial
from zhika.card.cvv import ExpiryOrder
from zhika.card.keys import FileKeyStore
from zhika.errors import KeyStoreError
from zhika.lanes.bank.models import Account
from zhika.seat.config import Seat


@dataclass(frozen=True)
class Values:
    """What one card bears besides its number and expiry. Secret: its repr shows none."""

    cvv2: str = field(repr=False)
    tracks: tuple[str, str, str] = field(repr=False)
    chip_track2: str = field(repr=False)
    """Track 2 equivalent data (tag 57), with the iCVV."""


def derive(seat: Seat, held: Iterable[Account]) -> dict[str, Values]:
    """By application number. The same accounts give the same values, whenever they are asked for.

    Raises KeyStoreError where the store can't derive three digits for each: before a number goes out, not on the line.
    """
    accounts = list(held)
    pans, expiries = [a.pan for a in accounts], [a.expiry for a in accounts]
    service = seat.bank.service_code
    keys = FileKeyStore.open(seat.home / "keys" / "card")
    made = cvv.security_values(pans, expiries, service, keys, order=ExpiryOrder(seat.bank.expiry_order))
    if any(len(value) != 3 for column in (made.cvv, made.cvv2, made.icvv) for value in column):
        raise KeyStoreError("密钥库算不出三位卡校验码, 请核对卡校验码密钥")
    tracks = stripe.tracks_of(pans, expiries, service, made.cvv)
    columns = zip(accounts, made.cvv2, made.icvv, tracks.track1, tracks.track2, tracks.track3, strict=True)
    return {
        a.application_ref: Values(
            str(cvv2), (str(one), str(two), str(three)),
            financial.track2_equivalent(a.pan, a.expiry, service, f"{stripe.NO_PVV}{icvv}"),
        )
        for a, cvv2, icvv, one, two, three in columns
    }  # fmt: skip
