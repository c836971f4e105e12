"""A replacement takes the old card's place: nobody has two live cards, and no old one outlives the new."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from tests.lanes.house import House
from tests.lanes.house import build as build_house
from tests.lanes.lost import applied, cards

from zhika.engine import plastic
from zhika.flows.blocking import Standing
from zhika.ledger import blocks
from zhika.ledger.batches import Batch
from zhika.ledger.blocks import Word
from zhika.ledger.cards import Card
from zhika.people import succession
from zhika.people.models import Application, Request

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
NEW = "A3-02-261124-02"


@pytest.fixture
def house(tmp_path, db: None) -> House:  # type: ignore[no-untyped-def]
    return build_house(tmp_path)


@pytest.fixture
def pairs(house: House) -> list[tuple[Card, Card]]:
    """Three live cards, each with the one that is made for it."""
    olds = cards(house.seat)
    news = cards(house.seat, code=NEW, process="urban-replacement")
    pairs = list(zip(olds, news, strict=True))
    for (old, new), before in zip(pairs, applied(house.seat, olds), strict=True):
        Application.objects.create(
            ref=new.application_ref, person=before.person, process="urban-replacement", batch_code=NEW, live=False,
            kind=Application.REPLACEMENT, replaces=before, pending=True, made_at=NOON,
        )  # fmt: skip
        assert old.application_ref == before.ref
    return pairs


def stands(card: Card) -> tuple[bool, bool]:
    row = Application.objects.get(ref=card.application_ref)
    return row.live, row.pending


def say(card: Card, standing: Standing) -> None:
    blocks.say([Word(card, standing, NOON, by="王芳")], blocks.of([card.pk]))


def ask(new: Card, kind: str, before: Application | None = None) -> None:
    """The request with which a replacement, or the one that it starts again, was asked for."""
    one = Application.objects.select_related("person").get(ref=new.application_ref)
    Request.objects.create(
        ref=before.ref if before else one.ref, process=one.process, kind=kind, office=one.person.office,
        state=Request.REVIEWED, entered_by="周敏", entered_at=NOON,
    )  # fmt: skip


def close() -> None:
    """The replacements have come to their office."""
    Batch.objects.filter(code=NEW).update(closed_at=timezone.now())


def test_the_old_card_of_each_new_one_that_waits_is_known(pairs: list[tuple[Card, Card]]) -> None:
    refs = [new.application_ref for _, new in pairs]
    assert succession.olds(refs) == {new.application_ref: old for old, new in pairs}
    assert succession.olds([old.application_ref for old, _ in pairs]) == {}
    succession.taken_over(refs[:1])
    assert set(succession.olds(refs)) == set(refs[1:])


def test_live_passes_from_the_old_one_to_the_new_one_and_nobody_else_is_touched(
    pairs: list[tuple[Card, Card]],
) -> None:
    (old, new), (other_old, other_new), _ = pairs
    succession.taken_over([new.application_ref])
    assert (stands(old), stands(new)) == ((False, False), (True, False))
    assert (stands(other_old), stands(other_new)) == ((True, False), (False, True))
    succession.taken_over([new.application_ref])  # done again after a crash
    assert (stands(old), stands(new)) == ((False, False), (True, False))


def test_two_live_cards_of_one_person_cannot_be_written(pairs: list[tuple[Card, Card]]) -> None:
    _, new = pairs[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.filter(ref=new.application_ref).update(live=True, pending=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.filter(ref=new.application_ref).update(live=True)
    assert stands(new) == (False, True)


def test_an_application_that_replaces_nothing_is_left_as_it_is(house: House) -> None:
    (card,) = cards(house.seat, 1)
    applied(house.seat, [card])
    succession.taken_over([card.application_ref])
    assert stands(card) == (True, False) and succession.still_standing([card.application_ref]) == []


@pytest.mark.parametrize("standing", [Standing.CALL, Standing.FORMAL])
def test_a_blocked_card_ends_when_its_replacement_is_at_the_office(
    pairs: list[tuple[Card, Card]], standing: Standing
) -> None:
    old, new = pairs[0]
    ask(new, "lost")
    say(old, standing)
    assert list(succession.produced()) == []  # still being made
    close()
    assert list(succession.produced()) == [old.serial]  # and no card that its holder still uses


@pytest.mark.parametrize("standing", [Standing.LIFTED, Standing.LAPSED, Standing.CANCELLED])
def test_a_card_that_is_in_use_or_ended_does_not_end_then(pairs: list[tuple[Card, Card]], standing: Standing) -> None:
    ask(pairs[0][1], "lost")
    say(pairs[0][0], standing)
    close()
    assert list(succession.produced()) == []


def test_a_blocked_card_that_was_recalled_is_in_its_holders_hand_and_ends_when_it_comes_back(
    pairs: list[tuple[Card, Card]],
) -> None:
    (old, new), (lost, for_lost), _ = pairs
    ask(new, "warranty")
    ask(for_lost, "lost")
    for card in (old, lost):
        say(card, Standing.FORMAL)
    close()
    assert list(succession.produced()) == [lost.serial]
    assert succession.olds([new.application_ref]) == {new.application_ref: old}


def test_an_old_card_does_not_end_for_a_replacement_that_failed(pairs: list[tuple[Card, Card]]) -> None:
    (old, new), (other, for_other), _ = pairs
    for card, replacement in ((old, new), (other, for_other)):
        ask(replacement, "lost")
        say(card, Standing.FORMAL)
    plastic.fail(new.batch, {new.application_ref: "chip-dead"}, step="finish", source="icbc")
    close()
    assert list(succession.produced()) == [other.serial]


def test_what_nobody_has_cancelled_yet_still_stands(pairs: list[tuple[Card, Card]]) -> None:
    refs = [new.application_ref for _, new in pairs]
    say(pairs[0][0], Standing.CANCELLED)
    say(pairs[1][0], Standing.FORMAL)
    assert succession.still_standing(refs) == [pairs[1][0].serial, pairs[2][0].serial]
    assert succession.still_standing(refs[:1]) == succession.still_standing([]) == []
