"""The audit's ranges, closed under the seat's own signature, and the law that they stand as they were closed."""

from collections.abc import Iterator

from zhika.exchange.keys import load_signer
from zhika.exchange.signature import is_signed, sign
from zhika.ledger import audit
from zhika.ledger.laws import LAWS, Books, Breach
from zhika.seat.config import Seat
from zhika.seat.start import current

RANGE = 1_000
"""Entries that make a range; what a seat does in some minutes."""


def close_range(seat: Seat, *, least: int = RANGE) -> bool:
    """Seal the audit entries since the last range, once there are enough of them. False: not yet."""
    signer = load_signer(seat.home / "keys")
    return audit.seal(lambda content: sign(content, signer), least=least) is not None


def audit_unbroken(books: Books) -> Iterator[Breach]:
    """No entry of a closed range was changed, taken out or put in; no range either."""
    if not books.prove or books.batch or not audit.AuditSeal.objects.exists():
        return
    certificate = load_signer(current().home / "keys").certificate
    for closed, what in audit.faults(lambda content, signature: is_signed(content, signature, certificate)):
        yield Breach("audit_unbroken", f"{closed.first_id}–{closed.last_id}", what)


if audit_unbroken not in LAWS:
    LAWS.append(audit_unbroken)
