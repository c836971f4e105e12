"""撤回申请: a person asks for a card no more; the number is given up and what was paid is given back, with a voucher.

It is the office's act: the office took the fee and gives it back, and it stands in the batch whose other seats hear
of it. The line is the plastic: until a card is made of a blank (`make_card`, which binds its serial) a request is data
and a number, and both can be given up. From then on there is a card with the person's face, which somebody must have or
destroy: it is collected, or given back as unclaimed.

Of a request that the review has refused, or that ended before a card was made because its person has died, there is
the fee alone to give back: it stays as it is.

What the review has written into the person's record stays; the old card of a replacement stays as it is, and so do its
number and its block.
"""

from dataclasses import dataclass

import polars as pl

from zhika.craft import slips
from zhika.craft.requests import ended_without_card, to_replace
from zhika.engine import plastic
from zhika.engine.work import ActWork, Done
from zhika.errors import Fault, NotAllowed, NotReady, Refused
from zhika.flows.causes import WITHDRAWN
from zhika.flows.documents import EXCEPTIONS
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.places import today
from zhika.paper.amounts import yuan
from zhika.people import fees, restarts
from zhika.people.models import Application, Payment, Person, Refund, Request
from zhika.seat.config import Seat

ACT = "withdraw"
LONGEST = 40
"""Characters of a reason: it stands on the request and on the voucher."""


@dataclass(frozen=True)
class Asked:
    """What stands behind a number."""

    ref: str
    """Of the request: its receipt bears it, whichever new start its card is made with."""
    request: Request | None
    """None where a fee was taken, and whoever took it was cut off before the request was entered."""
    application: Application | None
    """With which the card is made; None before the review, and of a request that was refused."""
    card: Card | None
    """Its place in a batch, as long as it has not left that."""
    payment: Payment | None
    """Of the fee, as long as it was not given back."""

    @property
    def came_to_nothing(self) -> bool:
        """The review has refused it, or it ended before there was a card: only the fee can be given back."""
        refused = self.request is not None and self.request.state == Request.REFUSED
        return refused or (self.application is not None and ended_without_card(self.application))


def withdraw(work: ActWork) -> Done:
    """The subject is the number of a request. The fee goes into the period of the day, whenever it was taken.

    Raises Refused for a number of nobody's request, NotAllowed where nothing can be given up any more, NotReady where
    somebody else has just had it in hand.
    """
    asked = _asked(work.subject)
    _check(work, asked)
    batch = asked.card.batch if asked.card else None
    if batch != work.batch:
        raise _changed(asked)

    def write() -> None:
        _end_request(work, asked)
        _end_application(asked)
        if asked.card and batch:
            if not Card.objects.filter(pk=asked.card.pk, serial=None, failure=None).exists():
                raise _changed(asked)
            said = {asked.card.application_ref: work.reason.strip()}
            plastic.fail(batch, dict.fromkeys(said, WITHDRAWN), step=ACT, source=work.seat.name, texts=said)
        if asked.payment:
            _give_back(work, asked, asked.payment)

    others = batch.parties.exclude(seat=work.seat.name).values_list("seat", flat=True) if batch else ()
    return Done(
        documents={EXCEPTIONS: _told(asked, work.reason.strip())}, to={EXCEPTIONS: frozenset(others)}, write=write
    )


def in_full(seat: Seat, subject: str) -> str:
    """The number of the request whose card is made with this application, a new start."""
    known = Application.objects.select_related("restarts").filter(ref=subject).first()
    return restarts.origin(known) if known else subject


def batch_of(subject: str) -> Batch | None:
    """The batch in which a request's card is, and out of which it would be taken."""
    card = _card(restarts.latest(subject))
    return card.batch if card else None


def said(seat: Seat, subject: str) -> list[str]:
    """What was given back, with its voucher; whose receipt was over 0 gets it cancelled."""
    ref = in_full(seat, subject)
    refund = Refund.objects.select_related("payment__office").filter(payment__ref=ref).order_by("-pk").first()
    if refund is None:
        return []
    if not refund.payment.amount:
        return [f"零元收据 {refund.payment.receipt} 已作废, 请收回"]
    return [f"退 {yuan(refund.payment.amount)} 元, 凭证 files/slips/{refund.voucher}.pdf; 原收据请收回"]


def _asked(ref: str) -> Asked:
    request = Request.objects.select_related("person").filter(ref=ref).first()
    application = restarts.latest(ref) if request else None
    return Asked(ref, request, application, _card(application), fees.paid([ref]).get(ref))


def _card(application: Application | None) -> Card | None:
    if application is None or not application.batch_code:
        return None
    places = Card.objects.filter(batch__code=application.batch_code, application_ref=application.ref, failure=None)
    return places.select_related("batch").first()


def _check(work: ActWork, asked: Asked) -> None:
    """Raises Refused or NotAllowed with what is to be done instead."""
    what, request = f"撤回申请 {asked.ref}", asked.request
    if request is None and asked.payment is None:
        raise Refused([Fault(f"申请 {asked.ref}", _unknown(asked.ref))])
    if len(work.reason.strip()) > LONGEST:
        raise NotAllowed(work.by, what, f"事由 (--reason) 最多 {LONGEST} 个字")
    if request is None:
        return
    if request.state == Request.WITHDRAWN:
        raise NotAllowed(work.by, what, "已撤回; 要办卡须重新申请")
    if request.state == Request.REFUSED and asked.payment is None:
        raise NotAllowed(work.by, what, "审核时已退回, 也没有未退的费用")
    if request.state == Request.REVIEWED:
        _check_application(work, what, asked)


def _check_application(work: ActWork, what: str, asked: Asked) -> None:
    one, card = asked.application, asked.card
    if asked.came_to_nothing and asked.payment:
        return
    if one is None or not (one.live or one.pending):
        raise NotAllowed(work.by, what, "申请已终止, 没有可撤回的; 经过见 zhika where")
    if card is None or card.serial is None:
        return
    if card.events.filter(kind="hand_out").exists():
        raise NotAllowed(work.by, what, f"卡已领取; 不再使用的办注销 (zhika do cancel {card.serial})")
    kept = f"zhika do return_cards {card.serial} --fact cause=unclaimed"
    raise NotAllowed(work.by, what, f"卡已制成; 到后请本人领取, 不领的由经办机构退银行保管 ({kept})")


def _unknown(ref: str) -> str:
    if Application.objects.filter(ref=ref).exists():
        return "批量制卡的申请不能撤回; 制成的卡由发放单位退回 (zhika do return_cards), 或办注销 (zhika do cancel)"
    return "没有这个申请; 请核对申请编号 (zhika requests)"


def _changed(asked: Asked) -> NotReady:
    return NotReady(f"申请 {asked.ref}: 刚刚有变动, 请再办一次")


def _told(asked: Asked, reason: str) -> pl.DataFrame:
    """异常清单: who leaves the batch."""
    rows = []
    if asked.card and asked.application:
        person = asked.application.person
        rows.append((asked.application.ref, person.id_no, person.name, "", "", "", ACT, WITHDRAWN, reason))
    return pl.DataFrame(rows, schema=dict.fromkeys(EXCEPTIONS.columns, pl.String), orient="row")


def _end_request(work: ActWork, asked: Asked) -> None:
    """It is withdrawn, unless it has come to nothing before."""
    known = Request.objects.filter(ref=asked.ref)
    if asked.request is None:
        assert asked.payment is not None
        if known.exists():
            raise _changed(asked)
        _never_entered(work, asked.ref, asked.payment)
        return
    state = asked.request.state
    ended = {} if asked.came_to_nothing else {"state": Request.WITHDRAWN, "cause": work.reason.strip()}
    if not known.filter(state=state).update(**{"state": state} | ended):
        raise _changed(asked)


def _never_entered(work: ActWork, ref: str, payment: Payment) -> None:
    """A request of which there is the receipt alone, on record: asked again it gets another number."""
    old = _old(ref)
    Request.objects.create(
        ref=ref, process=f"{old.process.split('-')[0]}-replacement", kind=payment.kind, office=payment.office,
        person=old.person, old_card=to_replace(ref), payment_no=payment.receipt, entered_by=payment.by,
        entered_at=payment.at, state=Request.WITHDRAWN, cause=work.reason.strip(),
    )  # fmt: skip


def _old(ref: str) -> Application:
    """The application whose card a number was drawn to replace."""
    card = Card.objects.get(serial=to_replace(ref))
    return Application.objects.select_related("person").get(ref=card.application_ref)


def _end_application(asked: Asked) -> None:
    """The person has none, and none under way; or, of a replacement, the old card and no other."""
    one = asked.application
    if one is None:
        return
    same = Application.objects.filter(pk=one.pk, live=one.live, pending=one.pending, batch_code=one.batch_code)
    if not same.update(live=False, pending=False):
        raise _changed(asked)


def _give_back(work: ActWork, asked: Asked, payment: Payment) -> None:
    """The whole fee, with a voucher to be signed for the money; a receipt over 0 is cancelled in the books alone."""
    refund = fees.refund(asked.ref, by=work.by, reason=work.reason, on=today(work.now))
    if payment.amount:
        slips.print_voucher(work.seat, refund, _payee(asked))


def _payee(asked: Asked) -> str:
    known = asked.request.person if asked.request else None
    person: Person = known or _old(asked.ref).person
    return person.name
