"""The bank side of a block: the account pays nothing while it stands, and is closed for ever with the card."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from zhika.craft.blocking import lapsing_soon
from zhika.craft.words import Holder, Side
from zhika.engine.todo import Todo
from zhika.flows.acts import REPLACEMENTS
from zhika.flows.blocking import BLOCKED, Standing
from zhika.flows.lanes import Lane
from zhika.lanes.bank.models import Account
from zhika.ledger.batches import Batch
from zhika.ledger.blocks import Block, Word, applications
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.ledger.laws import Books, Breach
from zhika.seat.config import Seat


def holders(refs: Collection[str]) -> Mapping[str, Holder]:
    """Holders by application number."""
    return {a.application_ref: Holder(a.id_no, a.name) for a in _accounts(refs)}


def by_id_number(seat: Seat, id_no: str) -> list[str]:
    """Applications of the person's cards whose accounts are open here."""
    refs = Account.objects.filter(id_no=id_no, status__in=Account.OPEN).values_list("application_ref", flat=True)
    return list(Card.objects.filter(application_ref__in=list(refs), serial__isnull=False, failure=None)
                .values_list("application_ref", flat=True))  # fmt: skip


def in_production(refs: Collection[str]) -> set[str]:
    """Those among these applications whose holder has a later account, not closed, in a batch of replacements."""
    mine = list(_accounts(refs))
    later = list(Account.objects.filter(id_no__in={a.id_no for a in mine}).exclude(status=Account.CLOSED))
    batches = Batch.objects.filter(code__in={a.batch_code for a in later}, process__in=REPLACEMENTS)
    made = set(batches.values_list("code", flat=True))
    newest = {a.id_no: a.pk for a in sorted(later, key=lambda a: a.pk) if a.batch_code in made}
    return {a.application_ref for a in mine if newest.get(a.id_no, 0) > a.pk}


def follow(seat: Seat, words: Sequence[Word]) -> None:
    """Blocked: closed for payment; lifted or lapsed: open again, if it was activated; cancelled: closed for ever."""
    blocked = applications(words, {Standing.CALL, Standing.FORMAL})
    freed = applications(words, {Standing.LIFTED, Standing.LAPSED})
    ended = applications(words, {Standing.CANCELLED})
    for some in chunks(sorted(blocked)):
        Account.objects.filter(application_ref__in=some).update(closed_for_payment=True)
    for some in chunks(sorted(freed)):
        activated = Account.objects.filter(application_ref__in=some, status=Account.ACTIVATED)
        activated.update(closed_for_payment=False)
    for some in chunks(sorted(ended)):
        Account.objects.filter(application_ref__in=some).update(status=Account.CLOSED, closed_for_payment=True)


def todo(seat: Seat) -> Iterator[Todo]:
    """Whose call-loss lapses here soon: the bank reminds its customers by its own ways."""
    yield from lapsing_soon(seat, Lane.BANK)


def blocked_pays_nothing(books: Books) -> Iterator[Breach]:
    """The account of a blocked card is closed for payment, of a cancelled one closed for ever."""
    rows = Block.objects.filter(state__in=[one.value for one in BLOCKED])
    rows = rows.filter(card__batch=books.batch) if books.batch else rows
    stands = dict(rows.values_list("card__application_ref", "state"))
    for account in _accounts(stands):
        cancelled = stands[account.application_ref] == Standing.CANCELLED.value
        if not account.closed_for_payment or (cancelled and account.status in Account.OPEN):
            what = f"申请 {account.application_ref} 的卡已挂失或注销, 账户仍可支付"
            yield Breach("blocked_pays_nothing", account.batch_code, what)


def _accounts(refs: Collection[str]) -> Iterator[Account]:
    for some in chunks(sorted(refs)):
        yield from Account.objects.filter(application_ref__in=some)


SIDE = Side(holders, in_production, follow)
