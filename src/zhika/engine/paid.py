"""What was paid for applications and given back, with the papers that stand for it: as an answer tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from zhika.people.models import Payment, Refund
from zhika.seat.config import Seat


@dataclass(frozen=True)
class Fee:
    """What was taken for an application; numbers of receipt and refund voucher.

    For which reason nothing was taken is not told: it may be the holder's poverty.
    """

    amount: int
    """In fen."""
    receipt: str
    voucher: str
    """"" where nothing had to be given back."""
    void_on: date | None
    """When it was given back, or a receipt over nothing given up."""
    papers: tuple[str, ...]
    """Receipt and voucher, below the seat's home."""


def fees(seat: Seat, refs: Sequence[str]) -> dict[str, tuple[Fee, ...]]:
    """What each of these applications paid."""
    found: dict[str, tuple[Fee, ...]] = {}
    for one in Payment.objects.filter(ref__in=refs).select_related("refund").order_by("pk"):
        back: Refund | None = getattr(one, "refund", None)
        voucher = back.voucher if back and one.amount else ""
        papers = [f"files/slips/{code}.pdf" for code in (one.receipt, voucher) if code]
        fee = Fee(
            one.amount, one.receipt, voucher, back.day if back else None,
            tuple(path for path in papers if (seat.home / path).exists()),
        )  # fmt: skip
        found[one.ref] = (*found.get(one.ref, ()), fee)
    return found
