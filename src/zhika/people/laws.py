"""No one ever has two live cards, over both schemes; and the money of every office is settled, or open."""

from collections import Counter
from collections.abc import Iterator

from django.db.models import Count, Max, Sum

from zhika.ledger.batches import Organisation
from zhika.ledger.laws import Books, Breach
from zhika.paper.amounts import yuan
from zhika.people.fees import Payment, Refund
from zhika.people.models import Application
from zhika.people.settlements import Settlement


def one_live_card(books: Books) -> Iterator[Breach]:
    """At most one live application a person, whatever its scheme. The store's own index holds it; this proves it."""
    if not books.prove:
        return
    doubled = Application.objects.filter(live=True).values("person_id").annotate(n=Count("pk")).filter(n__gt=1)
    for row in doubled:
        yield Breach("one_live_card", f"person {row['person_id']}", f"{row['n']} 张有效卡")


def receipts_unbroken(books: Books) -> Iterator[Breach]:
    """The receipts of an office and year are numbered from 1 without gaps."""
    if books.batch or not books.prove:
        return
    series = Payment.objects.values("office__code", "year").annotate(n=Count("pk"), last=Max("number"))
    for row in series:
        if row["n"] != row["last"]:
            where = f"{row['office__code']} {row['year']}"
            yield Breach("receipts_unbroken", where, f"收据 {row['n']} 张, 末号 {row['last']}")


def money_settled(books: Books) -> Iterator[Breach]:
    """Of every office: taken less refunded is what its statements say and what is open; each as its events add up."""
    if books.batch or not books.prove:
        return
    taken = _sums(Payment.objects.values_list("office", "settlement").annotate(Sum("amount")))
    refunded = _sums(Refund.objects.values_list("payment__office", "settlement").annotate(Sum("payment__amount")))
    total, open_ = Counter[int](), Counter[int]()
    for sign, sums in ((1, taken), (-1, refunded)):
        for (office, settlement), amount in sums.items():
            total[office] += sign * amount
            open_[office] += 0 if settlement else sign * amount
    settled = Counter[int]()
    for one in Settlement.objects.select_related("office"):
        settled[one.office_id] += one.net
        key = (one.office_id, one.pk)
        if (one.taken, one.refunded) != (taken.pop(key, 0), refunded.pop(key, 0)):
            yield Breach("money_settled", one.subject, "结算单与所列收退费不符")
    names = dict(Organisation.objects.filter(pk__in=total | settled).values_list("pk", "code"))
    for office, code in names.items():
        if total[office] != settled[office] + open_[office]:
            what = f"收退净额 {yuan(total[office])}, 已结 {yuan(settled[office])}, 未结 {yuan(open_[office])}"
            yield Breach("money_settled", code, what)


def _sums(rows: object) -> dict[tuple[int, int | None], int]:
    """Fen by office and settlement, None for what no settlement has taken."""
    return {(office, settlement): amount for office, settlement, amount in rows}  # type: ignore[attr-defined]
