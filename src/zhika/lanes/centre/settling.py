"""Settlement 结算: an office draws its statement, the city centre agrees to it; paper and workbook of both stages."""

from collections.abc import Iterator
from datetime import datetime

import polars as pl
from django.utils import timezone

from zhika.engine import desk
from zhika.engine.todo import Todo, command
from zhika.engine.work import ActWork, Done
from zhika.errors import Fault, NotReady, Refused
from zhika.flows.acts import BY_NAME, REPLACEMENTS
from zhika.flows.documents import SETTLEMENT
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Organisation, organisation
from zhika.ledger.places import today
from zhika.ledger.steps import Paper
from zhika.paper.amounts import yuan
from zhika.paper.statement import DRAFT, FEE, MADE, REFUND, About, count, statement, total, workbook
from zhika.paper.typeset import Party
from zhika.people import settling, takings
from zhika.people.settlements import Settlement, end, first_day, last_day
from zhika.seat.config import Seat


def settle(work: ActWork) -> Done:
    """结算: the office's statement for a period, with all that is open up to its end. The subject is OFFICE/PERIOD."""
    office, period = _about(work.subject)
    drawn = settling.draw(office, period, now=work.now, early=work.seat.settlement.early)
    told = [
        (office.code, period, line.item, line.of, line.kind, line.exempt, str(line.n), yuan(line.amount))
        for line in drawn.lines
    ]
    rows = pl.DataFrame(told, schema=dict.fromkeys(SETTLEMENT.columns, pl.String), orient="row")
    about = _head(work.seat, office, period, work.by, desk.freeze(work.seat, SETTLEMENT, rows))

    def write() -> None:
        drawn.take(by=work.by, at=work.now)
        _print(work, rows, about, f"{office.code}-{period}")  # after the books: nobody else's paper stands there

    return Done(documents={SETTLEMENT: rows}, write=write)


def agree(work: ActWork) -> Done:
    """核定结算单: the city centre agrees to the document that it was sent, which closes and numbers the statement.

    Raises NotReady where no statement waits, Refused where the books say otherwise than the document.
    """
    office, period = _about(work.subject)
    found = settling.unagreed(office, period)
    paper = Paper.objects.filter(type=SETTLEMENT.code, subject=work.subject, state=Paper.FILED).order_by("pk").last()
    if paper is None:
        raise NotReady(f"{work.subject}: 结算单还没有送到")
    rows = desk.read(work.seat, paper)
    said = (count(rows, MADE), total(rows, FEE), total(rows, REFUND))
    if said != (found.replacements, found.taken, found.refunded):
        raise Refused([Fault(f"{SETTLEMENT.title} {work.subject}", "与账上的结算单不符, 请从备份恢复文件")])

    def write() -> None:
        closed = settling.agree(found, by=work.by, at=work.now)
        Paper.objects.filter(pk=paper.pk).update(acted=True, state=Paper.USED)
        about = _head(work.seat, office, period, closed.drawn_by, paper.sha256, closed)
        _print(work, rows, about, about.number)

    return Done(write=write)


def _about(subject: str) -> tuple[Organisation, str]:
    """Office and period of a subject. Raises Refused for what is neither."""
    code, _, period = subject.partition("/")
    office = Organisation.objects.filter(code=code, kind="centre").first()
    try:
        first_day(period)
    except ValueError:
        raise Refused([Fault(subject, "应写成 机构/结算期, 如 02/2026-11")]) from None
    if office is None:
        raise Refused([Fault(subject, f"没有经办机构 {code}")])
    return office, period


def _head(
    seat: Seat, office: Organisation, period: str, drawn_by: str, digest: str, closed: Settlement | None = None
) -> About:
    city = organisation(seat.settlement.city)
    return About(
        period, Party(office.name, office.code), Party(city.name, city.code), drawn_by, digest,
        closed.number or DRAFT if closed else DRAFT, closed.agreed_by if closed else "",
    )  # fmt: skip


def _print(work: ActWork, rows: pl.DataFrame, about: About, name: str) -> None:
    """HOME/files/settlements/NAME.pdf and .xlsx."""
    on, folder = today(work.now), work.seat.home / "files" / "settlements"
    for suffix, made in ((".pdf", statement), (".xlsx", workbook)):
        desk.write_once(folder / f"{name}{suffix}", made(rows, about, on=on))


def todo(seat: Seat) -> Iterator[Todo]:
    """Of each office the oldest period that has ended with open entries, and the oldest statement to be agreed."""
    if Lane.CENTRE not in seat.lanes or not REPLACEMENTS & set(seat.processes):
        return
    for office in Organisation.objects.filter(kind="centre").order_by("code"):
        yield from _to_settle(seat, office)
        yield from _to_agree(seat, office)


def _to_settle(seat: Seat, office: Organisation) -> Iterator[Todo]:
    period = takings.waiting(office)
    if period is None or timezone.now() < end(period):
        return
    open_ = (takings.open_payments(office), takings.open_refunds(office))
    n = sum(rows.filter(day__lte=last_day(period)).count() for rows in open_)
    yield _todo("settle", f"{office.code}/{period}", n, end(period), office)


def _to_agree(seat: Seat, office: Organisation) -> Iterator[Todo]:
    drawn = Settlement.objects.filter(office=office, agreed_at=None).order_by("period").select_related("office").first()
    if drawn:
        city = organisation(seat.settlement.city)
        yield _todo("agree_settlement", drawn.subject, drawn.n_payments + drawn.n_refunds, drawn.drawn_at, city)


def _todo(work: str, subject: str, n: int, since: datetime, who: Organisation) -> Todo:
    title = BY_NAME[work].title
    return Todo(Lane.CENTRE, work, title, subject, n, since, who.name, command(work, subject), "act")
