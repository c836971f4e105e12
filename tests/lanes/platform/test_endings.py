"""How it ended: for whoever left a batch, and for what was asked for."""

import pytest

from tests.lanes.counter import FORMS, REVIEWS, Counter
from tests.lanes.house import OFFICE, House
from zhika.engine import plastic
from zhika.engine.acts import act
from zhika.engine.endings import Made, endings, made
from zhika.flows.lanes import Lane
from zhika.ledger.batches import organisation
from zhika.ledger.cards import Card, CardEvent, Failure
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import State, place, today
from zhika.people.models import Application, Death


def told(card: Card) -> str:
    failure = Failure.objects.select_related("card").get(card=card)
    return endings([failure])[failure.pk]


def test_the_wait_the_new_start_and_the_card_in_hand_are_told_and_what_became_of_the_void_one(house: House) -> None:
    batch = house.batch()
    house.numbered(batch)
    house.row(batch.code, "match", Lane.INTEGRATOR)
    house.made(batch)
    one, other, *_ = Card.objects.filter(batch=batch).order_by("line")
    plastic.fail(batch, {one.application_ref: "chip-dead", other.application_ref: "name-differs"}, step="x", source="y")
    at = organisation(house.seat.organisation(Lane.INTEGRATOR))
    group = plastic.batch_group(batch)
    good, void = place(at, State.GOOD, group), place(at, State.VOID, group)
    move(good, void, Cards([one.pk, other.pk]), cause="fail", by="周")
    here = f"卡在{at.name or at.code} (作废)"
    assert told(one) == f"等待重新发起; {here}"
    assert told(other) == f"待本人、银行排除原因; {here}"
    assert act(house.seat, "restart", one.application_ref, by="周", reason="再做")
    again = Application.objects.get(restarts__ref=one.application_ref)
    assert told(one) == f"重新发起 {again.ref}; {here}"
    assert made([one.application_ref]) == {one.application_ref: Made()}
    assert act(house.seat, "form", f"urban-batch/{OFFICE}", by="周")
    card = Card.objects.select_related("batch").get(application_ref=again.ref)
    assert made([one.application_ref]) == {one.application_ref: Made(card.batch.code, "", False)}
    CardEvent.objects.create(card=card, kind="hand_out", happened_at=again.made_at, booked_day=today(), by="吴")
    assert told(one).startswith(f"重新发起 {again.ref}, 已领取")
    move(void, place(at, State.DESTROYED, group), Cards([one.pk]), cause="destroy", by="周")
    assert told(one).endswith("废卡已销毁")


@pytest.mark.parametrize("in_a_batch", [False, True])
def test_of_a_new_start_that_was_given_up_it_is_said_that_it_was_withdrawn(counter: Counter, in_a_batch: bool) -> None:
    failed, again = started_again(counter)
    assert told(failed) == f"重新发起 {again.ref}"
    assert not made([failed.application_ref])[failed.application_ref].ended
    if in_a_batch:
        form(counter)
    assert act(counter.seat, "withdraw", again.ref, by=REVIEWS, reason="本人不办了")
    assert told(failed) == f"重新发起 {again.ref}, 已撤回"
    assert made([failed.application_ref])[failed.application_ref].ended


def test_of_a_new_start_whose_person_has_died_it_is_said_that_it_has_ended(counter: Counter) -> None:
    failed, again = started_again(counter)
    Death.objects.create(id_key=again.person.id_key, died_on=today(), source="0" * 64, loaded_at=again.made_at)
    form(counter)
    assert told(failed) == f"重新发起 {again.ref}, 已终止"
    assert made([failed.application_ref])[failed.application_ref].ended


def form(counter: Counter) -> None:
    counter.do("form_requests", {f"urban-new/{OFFICE}": {}}, by=FORMS)


def started_again(counter: Counter) -> tuple[Card, Application]:
    """A walk-in whose card failed before it was made, and the new start."""
    (ref,) = counter.applied(0)
    counter.do("review", {ref: {}}, by=REVIEWS)
    form(counter)
    failed = Card.objects.select_related("batch").get(application_ref=ref)
    plastic.fail(failed.batch, {ref: "photo-bad"}, step="x", source="y")
    assert act(counter.seat, "clear_cause", ref, by=REVIEWS, reason="照片已补")
    assert act(counter.seat, "restart", ref, by="周", reason="再做")
    return failed, Application.objects.get(restarts__ref=ref)


def test_who_may_not_start_again_gets_no_card_any_more(house: House) -> None:
    batch = house.batch()
    card = Card.objects.filter(batch=batch).first()
    assert card is not None
    plastic.fail(batch, {card.application_ref: "deceased"}, step="x", source="y")
    assert told(card) == "不再制卡"
