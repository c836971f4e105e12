"""Bulk opening 批量开卡: accounts opened at the host, closed for payment until the person activates the card."""

from collections.abc import Mapping
from dataclasses import dataclass

from zhika.engine.work import Rows, Work
from zhika.flows.blocking import Standing
from zhika.flows.documents import ACCOUNT_OPENING
from zhika.lanes.bank import accounts, host
from zhika.lanes.bank.host import Customer, Verdict
from zhika.lanes.bank.models import Account
from zhika.ledger.blocks import Block


@dataclass(frozen=True)
class Opening:
    """What the host answered: the document's rows, and who was refused with which cause."""

    rows: Rows
    opened: tuple[str, ...]
    refused: Mapping[str, str]


def opening(work: Work, held: Mapping[str, Account]) -> Opening:
    """Ask the host for all these accounts, by application number."""
    verdicts = host.of(work.seat).open_accounts(Customer(a.id_no, a.name) for a in held.values())
    answers = dict(zip(held, verdicts, strict=True))
    status = {app: Account.OPENED if verdict is Verdict.OK else verdict.value for app, verdict in answers.items()}
    return Opening(
        accounts.rows(ACCOUNT_OPENING, held.values(), status=status),
        tuple(app for app, verdict in answers.items() if verdict is Verdict.OK),
        {app: verdict.value for app, verdict in answers.items() if verdict is not Verdict.OK},
    )


def book(done: Opening) -> None:
    """Opened accounts in the bank's table, closed for payment; call it in the step's transaction.

    Of a card that was cancelled while it was made none is opened.
    """
    ended = Block.objects.filter(state=Standing.CANCELLED.value, card__application_ref__in=done.opened)
    reserved = Account.objects.filter(application_ref__in=done.opened, status=Account.RESERVED)
    reserved.exclude(application_ref__in=ended.values("card__application_ref")).update(
        status=Account.OPENED, closed_for_payment=True
    )
