"""The law of the audit, which asks for the seat's own certificate: ranges stand as they were closed."""

from collections.abc import Iterator

from zhika.exchange.keys import load_signer
from zhika.exchange.signature import is_signed
from zhika.ledger import audit
from zhika.ledger.laws import LAWS, Books, Breach
from zhika.seat.start import current


def audit_unbroken(books: Books) -> Iterator[Breach]:
    """From the first entry on no closed range is lacking, and none was changed, nor an entry taken out or put in."""
    if not books.prove or books.batch or not (audit.AuditSeal.objects.exists() or audit.overdue()):
        return
    certificate = load_signer(current().home / "keys").certificate
    for within, what in audit.faults(lambda content, signature: is_signed(content, signature, certificate)):
        yield Breach("audit_unbroken", within, what)


if audit_unbroken not in LAWS:
    LAWS.append(audit_unbroken)
