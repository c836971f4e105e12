"""The books against a materialised truth: where every card lies, now and on any past day."""

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhika.errors import NotAllowed
from zhika.ledger import custody
from zhika.ledger.batches import Batch, Bundle, organisation
from zhika.ledger.books import balances
from zhika.ledger.cards import Card
from zhika.ledger.custody import WHOLE, Cards, Quantity, born, close, give, move
from zhika.ledger.laws import Books, breaches
from zhika.ledger.places import Balance, Handover, Movement, Place, State, Tally, count, group, place
from zhika.ledger.where import lying_at, where

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 1)


class City:
    """One batch of three units, its plastic born at the integrator, and the truth kept beside it card by card."""

    def __init__(self, sizes: tuple[int, ...] = (4, 3, 5)) -> None:
        self.orgs = [organisation(code, kind="centre") for code in ("ylz", "icbc", "02")]
        self.batch = Batch.objects.create(
            code="B1", process="urban-batch", office=self.orgs[2], size=sum(sizes), formed_at=timezone.now()
        )
        self.group = group("B1", "batch", "B1")
        line, self.bundles, self.cards = 0, [], []
        for unit, size in enumerate(sizes):
            bundle = Bundle.objects.create(batch=self.batch, unit=organisation(f"u{unit}", kind="unit"), size=size)
            self.bundles.append(bundle)
            for _ in range(size):
                line += 1
                card = Card(batch=self.batch, bundle=bundle, line=line, application_ref=f"A{line}", person_key="k")
                card.serial = f"QZ{line:04d}"
                self.cards.append(card)
        Card.objects.bulk_create(
            [
                Card(batch=c.batch, bundle=c.bundle, line=c.line, application_ref=c.application_ref, person_key="k")
                for c in self.cards
            ]
        )
        ids = dict(Card.objects.values_list("line", "pk"))
        for card in self.cards:
            card.pk = ids[card.line]
        self.home = place(self.orgs[0], State.GOOD, self.group)
        outside = place(self.orgs[0], State.OUTSIDE, self.group)
        self.truth: dict[int, int] = {}
        for bundle in self.bundles:
            mine = [c for c in self.cards if c.bundle_id == bundle.pk]
            born(bundle, mine, outside, self.home, by="test", step=None)
            self.truth |= {c.pk: self.home.pk for c in mine}
        self.past: list[tuple[date, dict[int, int]]] = []

    def places(self) -> list[Place]:
        return [p for p in Place.objects.exclude(state=State.OUTSIDE) if count(p)]


operations = st.lists(
    st.tuples(st.sampled_from(["whole", "bundle", "cards", "night"]), st.integers(0, 10**6), st.integers(0, 10**6)),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(operations)
def test_cards_lie_where_the_movements_lead_now_and_on_every_past_day(operations: list[tuple[str, int, int]]) -> None:
    day = DAY
    real = custody.today
    custody.today = lambda at=None: day
    try:
        with transaction.atomic():
            city = City()
            states = [State.GOOD, State.GIVEN, State.VOID, State.HELD]
            for what, a, b in operations:
                if what == "night":
                    city.past.append((day, dict(city.truth)))
                    day += timedelta(days=1)
                    continue
                source = city.places()[a % len(city.places())]
                target = place(city.orgs[b % 3], states[(a + b) % 4], city.group)
                if target == source:
                    continue
                here = [pk for pk, at in city.truth.items() if at == source.pk]
                if what == "whole":
                    move(source, target, WHOLE, cause="test", by="test")
                    moved = here
                elif what == "bundle":
                    bundle = city.bundles[a % 3]
                    moved = [c.pk for c in city.cards if c.bundle_id == bundle.pk and c.pk in here]
                    if not moved:
                        continue
                    move(source, target, custody.Bundle(bundle, len(moved)), cause="test", by="test")
                else:
                    moved = here[: 1 + b % len(here)]
                    move(source, target, Cards(moved), cause="test", by="test")
                city.truth |= dict.fromkeys(moved, target.pk)
            assert where(city.truth) == city.truth
            for at, n in Counter(city.truth.values()).items():
                assert count(Place.objects.get(pk=at)) == n == len(lying_at(Place.objects.get(pk=at), batch=city.batch))
            assert breaches() == []
            for past, truth in city.past:
                assert where(truth, on=past) == truth
                assert sum(line.n for line in balances(on=past)) == len(truth)
            transaction.set_rollback(True)
    finally:
        custody.today = real


def test_a_place_never_holds_less_than_nothing() -> None:
    stock = group("S", "stock")
    here = organisation("ylz")
    with pytest.raises(IntegrityError), transaction.atomic():
        move(place(here, State.BLANK, stock), place(here, State.USED, stock), Quantity(1), cause="test", by="test")


def test_a_card_is_moved_only_from_where_it_lies() -> None:
    city = City()
    elsewhere = place(city.orgs[1], State.GOOD, city.group)
    with pytest.raises(NotAllowed, match="不在移出处"):
        move(elsewhere, city.home, Cards([city.cards[0].pk]), cause="test", by="test")


def test_an_empty_place_cannot_be_given_whole() -> None:
    city = City()
    with pytest.raises(NotAllowed, match="没有可移动的卡"):
        move(place(city.orgs[1], State.GOOD, city.group), city.home, WHOLE, cause="test", by="test")


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_store_itself_forbids_changing_a_movement(change: str) -> None:
    City()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        if change == "update":
            Movement.objects.update(n=7)
        else:
            connection.cursor().execute("DELETE FROM ledger_movement")


def test_the_same_key_given_twice_is_the_same_handover_and_is_closed_once() -> None:
    city = City()
    given = place(city.orgs[0], State.GIVEN, city.group)
    facts = {
        "giver": city.orgs[0], "taker": city.orgs[1], "within": city.group, "batch": city.batch, "document": "x",
        "subject_kind": "batch", "subject": "B1", "by": "test", "step": None,
    }  # fmt: skip
    first = give("H1", [(city.home, given, WHOLE)], **facts)
    assert give("H1", [(city.home, given, WHOLE)], **facts) == first
    assert (first.given, count(given), count(city.home)) == (12, 12, 0)
    lost = city.cards[0]
    move(given, place(city.orgs[0], State.MISSING, city.group), Cards([lost.pk]), cause="missing", by="test")
    close(first, accepted=11, missing=[lost])
    with pytest.raises(NotAllowed, match="交接已关闭"):
        close(Handover.objects.get(), accepted=11, missing=[lost])
    assert breaches(Books(batch=city.batch)) == []


@pytest.mark.parametrize("planted", ["balance", "tally", "missing"])
def test_a_planted_fault_in_the_books_is_found(planted: str) -> None:
    city = City()
    assert breaches() == []
    if planted == "balance":
        Balance.objects.filter(place=city.home).update(n=11)
    elif planted == "tally":
        Tally.objects.filter(to_place=city.home).update(n=1)
    else:
        move(city.home, place(city.orgs[0], State.MISSING, city.group), Cards([city.cards[0].pk]), cause="x", by="x")
    assert {b.law for b in breaches()} & {"conserved", "nothing_missing_unexplained"}
