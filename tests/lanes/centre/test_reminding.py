"""逾期未领: cards age where they lie, and each reminder is given once."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.lanes.house import OFFICE, UNIT
from tests.lanes.street import Street, serial
from zhika.engine import loop, plastic, unclaimed
from zhika.engine.work import ActWork
from zhika.errors import ConfigurationError
from zhika.flows.acts import BY_NAME
from zhika.flows.documents import CARD_LIST
from zhika.lanes.centre import reminding, telling
from zhika.lanes.centre.reminding import Reminder
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import Handover
from zhika.ledger.steps import ActRecord
from zhika.people.deaths import Death
from zhika.people.models import Application, Request
from zhika.people.texts import Kind, Message
from zhika.seat.config import DistributionOptions


def later(days: int) -> datetime:
    return timezone.now() + timedelta(days=days)


def due(street: Street, days: int) -> dict[str, int]:
    return {one.card_serial: one.days for one in reminding.reminders(street.seat, later(days))}


def remind(street: Street, days: int) -> int:
    """As it is done on the day so many days from now; how many were told."""
    done = reminding.remind(ActWork(street.seat, BY_NAME["remind"], "a day", now=later(days)))
    before = Reminder.objects.count()
    assert done.write
    done.write()
    return Reminder.objects.count() - before


def test_a_parcels_cards_age_from_the_day_the_unit_accepted_them(street: Street) -> None:
    (stay,) = unclaimed.stays(later(15))
    assert (stay.holder, stay.name, stay.office, stay.subject) == (
        UNIT, "闽达小学", OFFICE, f"{street.batch.code}.{UNIT}",
    )  # fmt: skip
    assert (stay.days, stay.weeks, stay.n) == (15, 2, 6)
    assert len(unclaimed.cards_of(stay)) == 6
    assert unclaimed.stays(later(15), least=15) and not unclaimed.stays(later(15), least=16)
    street.hand_out(1, 2)
    (stay,) = unclaimed.stays(later(15))
    assert stay.n == 4 and set(unclaimed.cards_of(stay)) == {street.card(n).pk for n in (3, 4, 5, 6)}
    street.hand_out(3, 4, 5, 6)
    assert unclaimed.stays(later(15)) == []


def test_days_are_days_of_the_calendar_in_shanghai(street: Street) -> None:
    came = datetime(2026, 11, 1, 23, 30, tzinfo=unclaimed.SHANGHAI)
    Handover.objects.update(accepted_at=came)
    for hour, days in ((datetime(2026, 11, 7, 23, 59), 6), (datetime(2026, 11, 8, 0, 1), 7)):
        now = hour.replace(tzinfo=unclaimed.SHANGHAI)
        assert [stay.days for stay in unclaimed.stays(now)] == [days]
        assert bool(unclaimed.stays(now, least=7)) is (days == 7)


def test_what_an_office_hands_out_itself_ages_there_card_by_card(street: Street) -> None:
    """A card that came again is as old as its second coming."""
    office, within = street.office, plastic.batch_group(street.batch)
    Batch.objects.filter(pk=street.batch.pk).update(process="urban-new")
    unit_place = plastic.place(street.unit, "good", plastic.parcel_group(street.batch, UNIT))
    cards = [street.card(n).pk for n in range(1, 7)]
    back = plastic.place(office, "good", within)
    move(unit_place, back, Cards(cards[:5]), cause="x", by="test", at=timezone.now() - timedelta(days=30))
    move(unit_place, back, Cards(cards[5:]), cause="x", by="test", at=timezone.now() - timedelta(days=2))
    Handover.objects.filter(document=CARD_LIST.code).update(accepted_at=timezone.now() - timedelta(days=40))
    found = [(stay.subject, stay.holder, stay.days, stay.n) for stay in unclaimed.stays(timezone.now())]
    assert found == [(street.batch.code, OFFICE, 30, 5), (street.batch.code, OFFICE, 2, 1)]
    assert [stay.days for stay in unclaimed.stays(timezone.now(), least=7)] == [30]


def test_each_is_told_after_7_30_90_and_150_days_and_once_each_time(street: Street) -> None:
    assert due(street, 6) == {}
    assert due(street, 7) == {serial(n): 7 for n in range(1, 7)}
    assert remind(street, 7) == 6 and remind(street, 8) == 0 and remind(street, 29) == 0
    street.hand_out(1, 2)
    assert remind(street, 30) == 4 and remind(street, 31) == 0
    assert remind(street, 90) == 4 and remind(street, 150) == 4 and remind(street, 400) == 0
    assert list(Reminder.objects.filter(card_serial=serial(1)).values_list("days", flat=True)) == [7]
    assert list(Reminder.objects.filter(card_serial=serial(3)).order_by("days").values_list("days", flat=True)) == [
        7, 30, 90, 150,
    ]  # fmt: skip
    assert Reminder.objects.count() == 18


def test_what_was_not_sent_gives_way_to_the_newest_which_tells_the_days_there_are(street: Street) -> None:
    assert remind(street, 7) == 6
    street.hand_out(1, 2)
    assert remind(street, 52) == 4
    told = Message.objects.filter(kind=Kind.COLLECT_REMINDER)
    assert told.count() == 4  # who has the card is called no more
    assert all("在闽达小学存放52天" in message.text for message in told)
    told.update(sent_at=timezone.now())
    assert remind(street, 90) == 4 and told.count() == 8


def test_after_a_long_rest_only_the_latest_reminder_is_given(street: Street) -> None:
    assert remind(street, 100) == 6
    assert set(Reminder.objects.values_list("days", flat=True)) == {90}


def test_the_store_itself_keeps_a_reminder_from_being_given_twice(street: Street) -> None:
    remind(street, 7)
    row = Reminder.objects.first()
    assert row
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_a_card_that_is_given_out_again_begins_anew(street: Street) -> None:
    remind(street, 7)
    street.send_back(1, cause="unclaimed")
    street.accept(f"{street.batch.code}.{UNIT}~returned")
    street.send_back()
    street.accept(f"{street.batch.code}~returned-cards")
    street.give_again(1)
    street.accept(f"{street.batch.code}~card-list+2")
    parcel = street.pass_on()
    Handover.objects.filter(subject=parcel).update(accepted_at=timezone.now() - timedelta(days=7))
    assert [one.lay_in.split("@")[0] for one in reminding.reminders(street.seat, timezone.now())] == [parcel]


def test_the_worker_reminds_once_a_day_by_itself(street: Street) -> None:
    Handover.objects.update(accepted_at=timezone.now() - timedelta(days=7))
    loop.work_once(street.seat, lambda happening: None)
    loop.work_once(street.seat, lambda happening: None)
    assert Reminder.objects.count() == 6
    day = date.fromisoformat(ActRecord.objects.get(name="remind").subject)
    assert day == timezone.now().astimezone(unclaimed.SHANGHAI).date()
    assert list(reminding.due(street.seat)) == []


def test_nobody_is_reminded_of_a_dead_persons_card(street: Street) -> None:
    key = street.application(2).person.id_key
    Death.objects.create(id_key=key, died_on=date(2026, 11, 1), source="", loaded_at=timezone.now())
    assert due(street, 7) == {serial(n): 7 for n in (1, 3, 4, 5, 6)}


def test_which_days_is_a_citys_choice_and_none_is_one_too(street: Street) -> None:
    street.wait(remind_days="3 10")
    assert set(due(street, 4).values()) == {3}
    street.wait(remind_days="")
    assert due(street, 400) == {} and list(reminding.due(street.seat)) == []
    for wrong in ("7 7", "30 7", "seven", "7,30"):
        with pytest.raises(ConfigurationError, match="remind_days"):
            DistributionOptions(remind_days=wrong)


def test_ages_take_the_same_few_queries_for_any_number_of_parcels(
    street: Street,
    django_assert_max_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    with django_assert_max_num_queries(8):
        unclaimed.stays(later(30))


def test_whoever_comes_while_the_reminders_are_counted_is_told_nothing(street: Street) -> None:
    Handover.objects.update(accepted_at=timezone.now() - timedelta(days=7))
    done = reminding.remind(ActWork(street.seat, BY_NAME["remind"], "a day"))
    street.hand_out(1)
    assert done.write
    done.write()
    assert sorted(Reminder.objects.values_list("card_serial", flat=True)) == [serial(n) for n in range(2, 7)]


def test_who_has_an_old_card_is_told_to_bring_it_and_who_lost_it_is_not(street: Street) -> None:
    damaged, lost = street.application(1), street.application(2)
    for app, kind in ((damaged, "damaged"), (lost, "lost")):
        old = replaced(app, kind)
        Card.objects.create(
            batch=street.batch, bundle=street.card(1).bundle, line=90 + app.pk, application_ref=old.ref,
            person_key="0" * 64, serial=f"QZ-{kind}",
        )  # fmt: skip
    telling.come(street.batch, [serial(n) for n in range(1, 6)])
    told = {message.application.ref: message for message in Message.objects.select_related("application")}
    assert told[damaged.ref].kind == Kind.REPLACEMENT_COME and "和原卡前往领取" in told[damaged.ref].text
    assert told[lost.ref].kind == Kind.CARD_COME and "原卡" not in told[lost.ref].text
    remind(street, 7)
    texts = dict(Message.objects.filter(text__contains="存放7天").values_list("application__ref", "text"))
    assert "和原卡" in texts[damaged.ref] and "原卡" not in texts[lost.ref]


def replaced(app: Application, kind: str) -> Application:
    """The application whose card this one's replaces, with the request that says why."""
    old = Application.objects.create(
        ref=f"OLD-{kind}", person=app.person, process=app.process, made_at=timezone.now(), live=False
    )
    Application.objects.filter(pk=app.pk).update(replaces=old, live=False, pending=True)
    office = Organisation.objects.get(code=OFFICE)
    Request.objects.create(
        ref=app.ref, process="urban-replacement", kind=kind, office=office, person=app.person, entered_by="陈",
        entered_at=timezone.now(), state=Request.REVIEWED,
    )  # fmt: skip
    return old
