"""Settlement: what an office took is in one statement or open, to the fen, whatever comes late."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhika.errors import NotAllowed, NotReady
from zhika.ledger.batches import Batch, Bundle, Organisation, organisation
from zhika.ledger.cards import Card, Failure
from zhika.ledger.laws import Books, breaches
from zhika.people import fees, settling, takings
from zhika.people.fees import Payment, Refund
from zhika.people.laws import money_settled, receipts_unbroken
from zhika.people.models import Application, Person
from zhika.people.settlements import Settlement, after, end, first_day, period_of
from zhika.people.takings import Line

LATER = datetime(2027, 6, 1, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("rates")


def charge(ref: str, office: Organisation, day: date, kind: str = "lost", exempt: str = "") -> Payment:
    return fees.charge(ref, office, kind, on=day, by="王芳", exempt=exempt)


def refund(ref: str, day: date) -> Refund:
    return fees.refund(ref, by="李敏", reason="撤回申请", on=day)


def settle(office: Organisation, period: str, now: datetime = LATER, *, early: bool = False) -> Settlement:
    with transaction.atomic():
        return settling.draw(office, period, now=now, early=early).take(by="王芳", at=now)


def agree(office: Organisation, period: str) -> Settlement:
    return settling.agree(settling.unagreed(office, period), by="李敏", at=LATER)


def test_a_statement_counts_by_month_kind_and_reason(office: Organisation) -> None:
    october, november = date(2026, 10, 31), date(2026, 11, 1)
    charge("A1", office, november)
    charge("A2", office, november, "damaged")
    charge("A3", office, november, exempt="low-income")
    charge("A4", office, november, "warranty")
    charge("A5", office, november)
    refund("A5", date(2026, 11, 30))
    charge("A6", organisation("03", kind="centre"), november)
    charge("A7", office, date(2026, 12, 1))
    settle(office, "2026-11")
    charge("A8", office, october)
    assert settling.draw(office, "2026-12", now=LATER).lines == (
        Line("fee", "2026-10", "lost", "", 1, 2000), Line("fee", "2026-12", "lost", "", 1, 2000),
    )  # fmt: skip
    drawn = Settlement.objects.get()
    assert (drawn.n_payments, drawn.taken, drawn.n_exempt, drawn.n_refunds, drawn.refunded, drawn.net) == (
        5, 5605, 2, 1, 2000, 3605,
    )  # fmt: skip
    assert set(drawn.payments.values_list("ref", flat=True)) == {"A1", "A2", "A3", "A4", "A5"}
    assert breaches() == []


def test_what_comes_late_goes_into_the_next_period_and_changes_none(office: Organisation) -> None:
    charge("A1", office, date(2026, 10, 5))
    settle(office, "2026-10")
    agree(office, "2026-10")
    before = Settlement.objects.values().get()
    refund("A1", date(2026, 10, 6))
    charge("A2", office, date(2026, 10, 7))
    assert takings.waiting(office) == "2026-11"
    with pytest.raises(NotReady, match="进入 2026-11 期"):
        settle(office, "2026-10")
    late = settle(office, "2026-11")
    assert (late.taken, late.refunded) == (2000, 2000)
    assert Settlement.objects.filter(period="2026-10").values().get() == before
    assert {line.of for line in entries(late)} == {"2026-10"}
    assert breaches() == []


def entries(settlement: Settlement) -> list[Line]:
    return list(takings.lines(settlement.payments.all(), settlement.refunds.all()))


def test_nothing_is_settled_before_its_end_nor_before_an_older_period(office: Organisation) -> None:
    charge("A1", office, date(2026, 10, 5))
    charge("A2", office, date(2026, 11, 5))
    with pytest.raises(NotReady, match="先结算"):
        settle(office, "2026-11")
    with pytest.raises(NotReady, match="尚未结束"):
        settle(office, "2026-10", end("2026-10") - timedelta(seconds=1))
    settle(office, "2026-10", end("2026-10"))
    with pytest.raises(NotReady, match="没有补换卡"):
        settle(organisation("03", kind="centre"), "2026-10")


def test_a_statement_is_agreed_once_and_after_the_older_ones(office: Organisation) -> None:
    for n, month in enumerate((10, 11)):
        charge(f"A{n}", office, date(2026, month, 5))
        settle(office, f"2026-{month}")
    with pytest.raises(NotReady, match="2026-10 期还未核定"):
        agree(office, "2026-11")
    assert agree(office, "2026-10").number == "J-02-2026-10"
    with pytest.raises(NotReady, match="已核定"):
        agree(office, "2026-10")
    with pytest.raises(NotReady, match="还没有结算单"):
        agree(office, "2026-12")
    agree(office, "2026-11")


def test_a_month_settled_early_takes_nothing_that_follows(office: Organisation) -> None:
    now = end("2026-11") - timedelta(days=5)
    charge("A1", office, date(2026, 11, 20))
    with pytest.raises(NotReady, match="尚未结束"):
        settle(office, "2026-12", now, early=True)
    first = settle(office, "2026-11", now, early=True)
    charge("A2", office, date(2026, 11, 26))
    assert (first.until, takings.waiting(office)) == (now, "2026-12")
    assert settle(office, "2026-12").since == now


def test_what_is_booked_while_a_statement_is_drawn_stays_open(office: Organisation) -> None:
    charge("A1", office, date(2026, 10, 5))
    drawn = settling.draw(office, "2026-10", now=LATER)
    charge("A2", office, date(2026, 10, 6))
    assert drawn.take(by="王芳", at=LATER).n_payments == 1
    assert takings.open_payments(office).get().ref == "A2"
    stale = settling.draw(office, "2026-11", now=LATER)
    takings.open_payments(office).update(settlement=Settlement.objects.get())
    with pytest.raises(NotReady, match="再办一次"), transaction.atomic():
        stale.take(by="王芳", at=LATER)


def replaced(office: Organisation, code: str, closed: datetime | None, *, failed: int = 0) -> None:
    """A batch of three replacements, some of them failed, and of one new card."""
    batch = Batch.objects.create(
        code=code, process="urban-replacement", office=office, size=4, formed_at=timezone.now(), closed_at=closed
    )
    bundle = Bundle.objects.create(batch=batch, size=4)
    for n in range(4):
        ref = f"{code}{n}"
        person = Person.objects.create(id_key=ref, unit=office, office=office)
        Application.objects.create(
            ref=ref, person=person, process="urban-replacement", batch_code=code, made_at=timezone.now(),
            kind=Application.REPLACEMENT if n else Application.NEW,
        )  # fmt: skip
        card = Card.objects.create(batch=batch, bundle=bundle, line=n, application_ref=ref)
        if 0 < n <= failed:
            Failure.objects.create(card=card, cause="chip-dead", step="x", source="x", happened_at=timezone.now())


def test_replacements_are_counted_once_when_their_batch_has_closed(office: Organisation) -> None:
    replaced(office, "B1", end("2026-09") + timedelta(days=3))
    replaced(office, "B2", end("2026-11") - timedelta(seconds=1), failed=1)
    replaced(office, "B3", end("2026-11"))
    replaced(office, "B4", None)
    replaced(organisation("03", kind="centre"), "B5", end("2026-10"))
    charge("A1", office, date(2026, 11, 5))
    assert settle(office, "2026-11").replacements == 5
    only = settle(office, "2026-12")
    assert (only.replacements, only.since, only.taken) == (3, end("2026-11"), 0)


@pytest.mark.parametrize("planted", ["statement", "entry", "taken twice"])
def test_money_that_is_in_no_statement_and_not_open_is_found(
    office: Organisation, planted: str, unguarded: None
) -> None:
    for n, month in enumerate((10, 11)):
        charge(f"A{n}", office, date(2026, month, 5))
        settle(office, f"2026-{month}")
    charge("A9", office, date(2026, 12, 5))
    assert breaches() == []
    if planted == "statement":
        Settlement.objects.filter(period="2026-10").update(taken=1999)
    elif planted == "entry":
        Payment.objects.filter(ref="A0").update(settlement=None)
    else:
        Payment.objects.filter(ref="A9").update(settlement=Settlement.objects.get(period="2026-11"))
    assert {breach.law for breach in breaches()} == {"money_settled"}
    replaced(office, "B1", None)
    assert breaches(Books(batch=Batch.objects.get(code="B1"))) == []


operations = st.lists(  # what, office, application, day, reason
    st.tuples(
        st.sampled_from(["charge", "charge", "refund", "refund", "settle", "settle", "agree", "undone"]),
        st.integers(0, 1),
        st.integers(0, 5),
        st.integers(0, 120),
        st.sampled_from(["", "", "", "low-income"]),
    ),
    min_size=25,
    max_size=45,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(operations)
def test_taken_less_refunded_is_settled_and_open_after_any_sequence(
    operations: list[tuple[str, int, int, int, str]],
) -> None:
    """Two offices, four months, any order of days: the truth is kept beside, payment by payment."""
    with transaction.atomic():
        offices = [organisation(code, kind="centre") for code in ("02", "350524")]
        truth: dict[str, tuple[str, int]] = {}
        net: Counter[str] = Counter()
        closed: dict[int, dict[str, object]] = {}
        for what, which, n, days, exempt in operations:
            office, day, ref = offices[which], first_day("2026-09") + timedelta(days=days), f"A{n}"
            try:
                with transaction.atomic():
                    if what in ("charge", "undone"):
                        taken = charge(ref, office, day, ("lost", "damaged", "warranty")[n % 3], exempt)
                        if what == "undone":
                            raise NotReady("undone")
                        truth[ref] = (office.code, taken.amount)
                        net[office.code] += taken.amount
                    elif what == "refund":
                        refund(ref, day)
                        code, amount = truth.pop(ref)
                        net[code] -= amount
                    elif what == "settle":
                        settle(office, takings.waiting(office) or period_of(day))
                    else:
                        open_ = Settlement.objects.filter(office=office, agreed_at=None).order_by("period").first()
                        made = agree(office, open_.period if open_ else period_of(day))
                        closed[made.pk] = Settlement.objects.filter(pk=made.pk).values().get()
            except (NotAllowed, NotReady):
                assert what != "refund" or ref not in truth
                assert what != "charge" or ref in truth
                assert what != "settle" or takings.waiting(office) is None
            if what in ("settle", "agree"):
                assert [*money_settled(Books()), *receipts_unbroken(Books())] == []
        assert breaches() == []
        for office in offices:
            told = [row for row in takings.overview() if row["office"] == office.code]
            assert sum(row["net"] for row in told) == net[office.code]
            months = list(Settlement.objects.filter(office=office).order_by("pk").values_list("period", flat=True))
            assert months == sorted(set(months))
            for one in Settlement.objects.filter(office=office):
                seen = {*one.payments.values_list("day", flat=True), *one.refunds.values_list("day", flat=True)}
                assert all(day < first_day(after(one.period)) for day in seen)
        assert {pk: Settlement.objects.filter(pk=pk).values().get() for pk in closed} == closed
        transaction.set_rollback(True)
