"""Activation at the counter 柜台激活: the account opens for payment, with the person's ID, after collection."""

from collections.abc import Mapping
from datetime import date

from zhika.engine.work import Rows
from zhika.errors import Fault, NotReady, Refused
from zhika.flows import causes
from zhika.flows.blocking import Standing
from zhika.flows.documents import ACTIVATION
from zhika.lanes.bank import accounts, host
from zhika.lanes.bank.host import Customer, Verdict
from zhika.lanes.bank.models import Account
from zhika.ledger import blocks
from zhika.ledger.cards import Card, CardEvent
from zhika.seat.config import Seat

COLLECTED = "collected"


def held(cards: Mapping[str, Card]) -> dict[str, Account]:
    """The accounts of these cards, by application number."""
    return {a.application_ref: a for a in Account.objects.filter(application_ref__in=list(cards))}


def check(seat: Seat, cards: Mapping[str, Card], shown: Mapping[str, str]) -> dict[str, Account]:
    """The accounts that may be activated: all, or none. `shown`: the ID number shown, by application number.

    Raises Refused with every fault: blocked, not collected, no account opened, another's ID, the host's no.
    """
    found = held(cards)
    events = CardEvent.objects.filter(card__in=list(cards.values()), kind=COLLECTED)
    collected = set(events.values_list("card__application_ref", flat=True))
    stands = blocks.blocked(card.pk for card in cards.values())
    customers = host.of(seat)
    faults = []
    for app, card in cards.items():
        rule = _blocked(stands.get(card.pk)) or _fault(found.get(app), app in collected, shown.get(app, ""))
        if not rule:
            verdict = customers.activate(Customer(found[app].id_no, found[app].name))
            rule = "" if verdict is Verdict.OK else causes.title(verdict.value)
        if rule:
            faults.append(Fault(f"卡 {card.serial}", rule))
    if faults:
        raise Refused(faults)
    return {app: found[app] for app in cards}


def _blocked(stands: Standing | None) -> str:
    return f"卡{stands.title}, 不能激活" if stands else ""


def _fault(account: Account | None, collected: bool, shown: str) -> str:
    if account is None or account.status not in Account.OPEN:
        return "没有已开立的账户, 不能激活"
    if not collected:
        return "领卡回执未到, 不能激活"
    if not shown:
        return "须出示本人身份证 (id_no)"
    return "" if shown.upper() == account.id_no else "出示的证件不是开户人的"


def receipt(opened: Mapping[str, Account], cards: Mapping[str, Card], on: date) -> Rows:
    """激活回执 of these cards."""
    serials = {app: card.serial or "" for app, card in cards.items()}
    dates = dict.fromkeys(cards, on.isoformat())
    return accounts.rows(ACTIVATION, opened.values(), card_serial=serials, date=dates)


def book(cards: Mapping[str, Card]) -> None:
    """Open for payment; call it in the step's transaction. Raises NotReady for a card that was blocked meanwhile."""
    if blocks.blocked(card.pk for card in cards.values()):
        raise NotReady("其中有卡刚刚挂失或注销, 请重新办理")
    Account.objects.filter(application_ref__in=list(cards)).update(status=Account.ACTIVATED, closed_for_payment=False)
