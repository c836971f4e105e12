"""Slips of the counter, from what the books hold: receipt, refund voucher, 勘误换卡通知单. HOME/files/slips/CODE.pdf.

To be written in the transaction of the step, after the books: of two desks at once only the one that booked leaves a
paper. The same entry makes the same paper, so it may be printed again.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from zhika.engine import desk
from zhika.flows.requests import BY_NATURE, KINDS, exempt_title
from zhika.ledger.batches import Organisation
from zhika.paper import slips
from zhika.paper.slips import Mistake
from zhika.paper.typeset import Party
from zhika.people.fees import Payment, Refund
from zhika.seat.config import Seat


def print_receipt(seat: Seat, payment: Payment, payer: str) -> Path:
    """收据 of a payment; `payer`: the person's name."""
    paper = slips.receipt(_taken(payment, payer), office=_party(payment.office), by=payment.by, on=payment.day)
    return _keep(seat, payment.receipt, paper)


def print_voucher(seat: Seat, refund: Refund, payee: str) -> Path:
    """退费凭证 of a refund."""
    payment = refund.payment
    paper = slips.refund_voucher(
        _taken(payment, payee), voucher=refund.voucher, reason=refund.reason, office=_party(payment.office),
        by=refund.by, on=refund.day,
    )  # fmt: skip
    return _keep(seat, refund.voucher, paper)


def print_notice(
    seat: Seat, ref: str, mistakes: Sequence[Mistake], *, holder: str, old_card: str, reason: str,
    office: Organisation, by: str, on: date, blocked: bool,
) -> Path:  # fmt: skip
    """勘误换卡通知单 of an application for the correction of the issuer's mistakes."""
    paper = slips.correction_notice(
        mistakes,
        ref=ref,
        holder=holder,
        old_card=old_card,
        reason=reason,
        office=_party(office),
        by=by,
        on=on,
        blocked=blocked,
    )
    return _keep(seat, f"K-{ref}", paper)


def _taken(payment: Payment, person: str) -> slips.Taken:
    kind, why = KINDS[payment.kind].title, exempt_title(payment.exempt)
    return slips.Taken(
        payment.receipt, person, payment.ref, kind, payment.amount, payment.rate.legal if payment.rate else "",
        f"{why}（{kind}）" if payment.exempt == BY_NATURE.code else why,
    )  # fmt: skip


def _party(office: Organisation) -> Party:
    return Party(office.name, office.code)


def _keep(seat: Seat, code: str, paper: bytes) -> Path:
    path = seat.home / "files" / "slips" / f"{code}.pdf"
    desk.write_once(path, paper)
    return path
