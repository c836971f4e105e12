"""A statement drawn from the events, and agreed: which period comes next, what belongs to it, who closes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Max, Model, QuerySet

from zhika.errors import NotReady
from zhika.ledger.alone import alone
from zhika.ledger.batches import Organisation
from zhika.ledger.places import today
from zhika.paper.statement import EXEMPT, FEE, MADE, REFUND
from zhika.people.fees import Payment, Refund
from zhika.people.settlements import Settlement, after, end, last_day, period_of
from zhika.people.takings import Line, last_of, lines, open_payments, open_refunds, replacements_made, waiting

Entry = TypeVar("Entry", bound=Model)


@dataclass(frozen=True)
class Statement:
    """What a settlement will hold: its lines, and the payments and refunds that they count."""

    office: Organisation
    period: str
    since: datetime | None
    until: datetime
    lines: tuple[Line, ...]
    payments: QuerySet[Payment]
    refunds: QuerySet[Refund]

    def count(self, *items: str) -> int:
        return sum(line.n for line in self.lines if line.item in items)

    def amount(self, item: str) -> int:
        """In fen."""
        return sum(line.amount for line in self.lines if line.item == item)

    def take(self, *, by: str, at: datetime) -> Settlement:
        """Write it, and take its payments and refunds, in the caller's transaction.

        Raises NotReady where they are no longer those that were counted.
        """
        alone()
        made = Settlement.objects.create(
            office=self.office, period=self.period, since=self.since, until=self.until, drawn_by=by, drawn_at=at,
            replacements=self.count(MADE), n_payments=self.count(FEE, EXEMPT), taken=self.amount(FEE),
            n_exempt=self.count(EXEMPT), n_refunds=self.count(REFUND), refunded=self.amount(REFUND),
        )  # fmt: skip
        taken = self.payments.update(settlement=made), self.refunds.update(settlement=made)
        if taken != (made.n_payments, made.n_refunds):
            raise NotReady(f"{made.subject}: 出单时收退费又有变动, 请再办一次")
        return made


def draw(office: Organisation, period: str, *, now: datetime, early: bool = False) -> Statement:
    """The statement of an office for a period: all that is open up to its last day, late entries among it.

    Raises NotReady for a period that has not ended (`early`: that has not begun), one that is not after the last
    statement's, one after another with open entries, and one with nothing to settle.
    """
    where, last, oldest = f"{office.name} {period}", last_of(office), waiting(office)
    if now < end(period) and not (early and period <= period_of(today(now))):
        raise NotReady(f"{where}: 结算期尚未结束")
    if last and period <= last.period:
        raise NotReady(f"{where}: 已结算到 {last.period}, 迟到的收退费进入 {after(last.period)} 期")
    if oldest and oldest < period:
        raise NotReady(f"{where}: {oldest} 期还有未结的收退费, 先结算该期")
    since, until = last.until if last else None, min(now, end(period))
    payments = _here_now(open_payments(office).filter(day__lte=last_day(period)))
    refunds = _here_now(open_refunds(office).filter(day__lte=last_day(period)))
    made = replacements_made(office, since, until)
    told = [*([Line(MADE, "", "", "", made, 0)] if made else []), *lines(payments, refunds)]
    if not told:
        raise NotReady(f"{where}: 没有补换卡, 也没有未结的收退费")
    return Statement(office, period, since, until, tuple(told), payments, refunds)


def _here_now(rows: QuerySet[Entry]) -> QuerySet[Entry]:
    """These rows and none that is booked from here on: it goes into the next period."""
    return rows.filter(pk__lte=rows.aggregate(last=Max("pk"))["last"] or 0)


def unagreed(office: Organisation, period: str) -> Settlement:
    """The statement to be agreed. Raises NotReady where none waits, and while an older one of the office does."""
    where = f"{office.name} {period}"
    found = Settlement.objects.select_related("office").filter(office=office, period=period).first()
    if found is None or found.agreed_at:
        raise NotReady(f"{where}: {'已核定' if found else '还没有结算单'}")
    older = Settlement.objects.filter(office=office, period__lt=period, agreed_at=None).order_by("period").first()
    if older:
        raise NotReady(f"{where}: {older.period} 期还未核定, 先核定该期")
    return found


def agree(settlement: Settlement, *, by: str, at: datetime) -> Settlement:
    """Close and number a statement, in the caller's transaction."""
    settlement.number = f"J-{settlement.office.code}-{settlement.period}"
    settlement.agreed_by, settlement.agreed_at = by, at
    settlement.save(update_fields=["number", "agreed_by", "agreed_at"])
    return settlement
