"""One account and one number an application, and none open for a card that has left."""

from collections.abc import Iterator

from zhika.lanes.bank.models import Account
from zhika.ledger.cards import Card
from zhika.ledger.laws import Books, Breach
from zhika.ledger.steps import StepRecord


def one_number(books: Books) -> Iterator[Breach]:
    """Each account belongs to a card of its own batch; once a batch is delivered, good cards have an open account, others none."""
    cards = Card.objects.filter(batch=books.batch) if books.batch else Card.objects.all()
    accounts = Account.objects.filter(batch_code=books.batch.code) if books.batch else Account.objects.all()
    failed = dict(cards.values_list("application_ref", "failure"))
    home = dict(cards.values_list("application_ref", "batch__code"))
    delivered = set(StepRecord.objects.filter(function="deliver").values_list("subject", flat=True))
    numbered = set()
    for app, batch, status in accounts.values_list("application_ref", "batch_code", "status"):
        numbered.add(app)
        if home.get(app) != batch:
            yield Breach("one_number", batch, f"申请 {app} 的卡号不属于本批次")
        elif batch in delivered and (status in (Account.OPENED, Account.ACTIVATED)) != (failed[app] is None):
            yield Breach("one_number", batch, f"申请 {app} 的账户状态为 {status}, 与卡的去向不符")
    for app, batch in home.items():
        if batch in delivered and failed[app] is None and app not in numbered:
            yield Breach("one_number", batch, f"申请 {app} 没有卡号")
