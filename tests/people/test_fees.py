"""Payments and refunds: receipts without gaps, one payment an application, its whole back and once."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from zhika.errors import NotAllowed, NotReady
from zhika.flows.requests import exempt_title
from zhika.ledger.batches import Organisation, organisation
from zhika.ledger.laws import breaches
from zhika.people import fees
from zhika.people.fees import Payment, Refund
from zhika.people.models import FeeRate

DAY = date(2026, 11, 25)
pytestmark = pytest.mark.usefixtures("rates")


def charge(ref: str, office: Organisation, kind: str = "lost", *, on: date = DAY, exempt: str = "") -> Payment:
    return fees.charge(ref, office, kind, on=on, by="王芳", exempt=exempt)


def test_receipts_are_numbered_by_office_and_year(office: Organisation) -> None:
    other = organisation("350524", kind="centre")
    made = [charge("A1", office), charge("A2", other), charge("A3", office), charge("A4", office, on=date(2027, 1, 1))]
    assert [payment.receipt for payment in made] == [
        "S-02-2026-000001", "S-350524-2026-000001", "S-02-2026-000002", "S-02-2027-000001",
    ]  # fmt: skip
    assert [payment.amount for payment in made] == [2000] * 4


def test_a_step_undone_leaves_no_gap(office: Organisation, unguarded: None) -> None:
    charge("A1", office)
    with pytest.raises(RuntimeError), transaction.atomic():
        charge("A2", office)
        raise RuntimeError
    assert charge("A3", office).number == 2
    assert breaches() == []
    Payment.objects.filter(number=1).delete()
    assert [breach.law for breach in breaches()] == ["receipts_unbroken"]


def test_an_application_is_charged_once(office: Organisation) -> None:
    charge("A1", office)
    with pytest.raises(NotAllowed, match="已收, 收据 S-02-2026-000001"):
        charge("A1", office, "damaged")
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(
            office=office, year=2026, number=2, receipt="S", ref="A1", kind="lost", amount=1, by="x", day=DAY,
            at=Payment.objects.get().at,
        )  # fmt: skip
    assert Payment.objects.count() == 1


def test_a_reason_that_the_rate_names_costs_nothing_and_another_is_refused(office: Organisation) -> None:
    free = charge("A1", office, exempt="low-income")
    assert (free.amount, free.exempt, free.rate and free.rate.amount) == (0, "low-income", 2000)
    with pytest.raises(NotAllowed, match=r"可用: low-income \(低保\)"):
        charge("A2", office, exempt="disabled")


@pytest.mark.parametrize("kind", ["warranty", "correction"])
def test_what_is_free_by_its_nature_gets_a_receipt_over_nothing(office: Organisation, kind: str) -> None:
    payment = charge("A1", office, kind)
    assert (payment.amount, payment.exempt, payment.rate) == (0, "by-nature", None)


def test_what_a_rate_of_nothing_says_is_exempt_by_it(office: Organisation) -> None:
    FeeRate.objects.filter(kind="damaged").update(amount=0)
    payment = charge("A1", office, "damaged")
    assert (payment.amount, payment.exempt, exempt_title(payment.exempt)) == (0, "by-rate", "标准为零")
    assert payment.rate and payment.rate.amount == 0


def test_a_first_card_and_a_day_without_a_rate_leave_no_receipt(office: Organisation) -> None:
    with pytest.raises(NotAllowed, match="免收"):
        charge("A1", office, "new")
    with pytest.raises(NotReady, match="到期"):
        charge("A1", office, "expired")
    with pytest.raises(NotReady, match="2019-12-31"):
        charge("A1", office, on=date(2019, 12, 31))
    assert not Payment.objects.exists()


def test_a_refund_is_the_whole_payment_once_with_its_reason(office: Organisation) -> None:
    charge("A1", office, "damaged")
    with pytest.raises(NotAllowed, match="事由"):
        fees.refund("A1", by="李敏", reason=" ", on=DAY)
    back = fees.refund("A1", by="李敏", reason="撤回申请", on=DAY)
    assert (back.payment.amount, back.voucher) == (1605, "T-02-2026-000001")
    with pytest.raises(NotAllowed, match="已退, 收据 S-02-2026-000001"):
        fees.refund("A1", by="李敏", reason="再退", on=DAY)
    with pytest.raises(NotAllowed, match="没有收过"):
        fees.refund("A9", by="李敏", reason="撤回申请", on=DAY)
    assert Refund.objects.count() == 1


def test_after_a_refund_nothing_is_paid_until_it_is_charged_anew(office: Organisation) -> None:
    first = charge("A1", office)
    assert fees.paid(["A1", "A2"]) == {"A1": first}
    fees.refund("A1", by="李敏", reason="补交低保证", on=DAY)
    assert fees.paid(["A1"]) == {}
    second = charge("A1", office, exempt="low-income")
    assert fees.paid(["A1"]) == {"A1": second}
    assert fees.refund("A1", by="李敏", reason="撤回申请", on=DAY).payment == second


def test_payments_of_many_applications_are_asked_for_at_once(office: Organisation) -> None:
    for n in range(3):
        charge(f"A{n}", office)
    assert sorted(fees.paid([f"A{n}" for n in range(2_000)])) == ["A0", "A1", "A2"]
