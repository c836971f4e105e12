"""One account and one number an application, and none open for a card that has left."""

from collections.abc import Iterator

from zhika.flows.blocking import Standing
from zhika.lanes.bank.models import Account
from zhika.ledger.cards import Card
from zhika.ledger.laws import Books, Breach
from zhika.ledger.steps import StepRecord


def one_number(books: Books) -> Iterator[Breach]:
    """Each account is of a card of its own batch; once delivered good cards have an open account, the others none.

    The account of a card that was cancelled later is closed with it.
    """
    cards = Card.objects.filter(batch=books.batch) if books.batch else Card.objects.all()
    accounts = Account.objects.filter(batch_code=books.batch.code) if books.batch else Account.objects.all()
    home = dict(cards.values_list("application_ref", "batch__code"))
    left = set(cards.filter(failure__isnull=False).values_list("application_ref", flat=True))
    cancelled = set(cards.filter(block__state=Standing.CANCELLED.value).values_list("application_ref", flat=True))
    delivered = set(StepRecord.objects.filter(function="deliver", source="own").values_list("subject", flat=True))
    numbered = set()
    for app, batch, status in accounts.values_list("application_ref", "batch_code", "status"):
        numbered.add(app)
        if home.get(app) != batch:
            yield Breach("one_number", batch, f"申请 {app} 的卡号不属于本批次")
        elif batch in delivered and app not in left and app not in cancelled and status not in Account.OPEN:
            yield Breach("one_number", batch, f"申请 {app} 的卡已交付, 账户却未开立")
        elif batch in delivered and app in left and status != Account.CLOSED:
            yield Breach("one_number", batch, f"申请 {app} 已离开批次, 账户却未关闭")
    for app, batch in home.items():
        if batch in delivered and app not in left and app not in numbered:
            yield Breach("one_number", batch, f"申请 {app} 没有卡号")
