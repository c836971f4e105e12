"""What concerns one county's office, and when it rises by itself on the to-do list."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from tests.annexes.store import EXAMPLES, cards, delivered, load, offices, told
from tests.lanes.house import House
from zhika.annexes import office as offices_sheet
from zhika.annexes.county import matters, standing
from zhika.engine import plastic
from zhika.engine.todo import Todo, todo
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Failure
from zhika.ledger.places import Case, Handover, today
from zhika.ledger.steps import StepRecord
from zhika.people.models import Application, Cleared, Person

DAYS = 14


@pytest.fixture
def city(house: House) -> House:
    offices()
    return house


def listed(city: House) -> dict[str, Todo]:
    return {item.subject: item for item in todo(city.seat, Lane.CENTRE) if item.work == "county"}


def batch(city: House, code: str = "B1-350525-1", office: str = "350525") -> Batch:
    return delivered(city.seat, code, office, {f"V{code}": ("rural", 4)}, "rural-batch")


def fail(one: Batch, number: int, *, days_ago: float = 0, cause: str = "chip-dead") -> Application:
    """Somebody leaves the batch, and waits."""
    card = cards(one, f"V{one.code}")[number]
    plastic.fail(one, {card.application_ref: cause}, step="finish", source="abc")
    Failure.objects.filter(card=card).update(happened_at=timezone.now() - timedelta(days=days_ago))
    person = Person.objects.create(
        id_key=card.application_ref, id_no="", name="陈阿山", sex="1", birth="", scheme="rural", category="rural",
        photo="", unit=one.office, office=one.office,
    )  # fmt: skip
    return Application.objects.create(
        ref=card.application_ref, person=person, process=one.process, batch_code=one.code, made_at=timezone.now()
    )


def case(one: Batch, kind: str = "missing") -> Case:
    """A card that the centre did not find among those that the bank gave."""
    bank, at = organisation("abc", name="农业银行", kind="bank"), one.office
    handover, _ = Handover.objects.get_or_create(
        code=f"{one.code}~card-list",
        defaults={
            "from_organisation": bank, "to_organisation": at, "group": plastic.batch_group(one), "batch": one,
            "document": "card-list", "subject_kind": "batch", "subject": one.code, "given": 4,
            "given_at": timezone.now(),
        },
    )  # fmt: skip
    return Case.objects.create(kind=kind, handover=handover, serial="S1", opened_at=timezone.now())


def test_nothing_is_listed_where_nothing_is_late_or_open(city: House) -> None:
    batch(city)
    assert listed(city) == {} and matters(today(), DAYS) == {}


def test_overdue_lots_are_listed_for_their_own_county_only(city: House) -> None:
    load(city.seat, "load_plan", EXAMPLES / "annex6.csv", annex="6", **{"from": "2026-03-01"})
    found = matters(date(2026, 4, 26), DAYS)
    assert {len(one.overdue) for one in found.values()} == {1} and len(found) == 9
    assert found["350525"].overdue[0].county == "永春县"
    assert matters(date(2026, 4, 25), DAYS) == {}


def test_an_open_difference_is_the_offices_of_its_batch_until_it_is_closed(city: House) -> None:
    one = case(batch(city))
    case(one.handover.batch)
    ((code, mine),) = matters(today(), DAYS).items()
    assert code == "350525"
    (difference,) = mine.differences
    assert (difference.n, difference.kind, difference.giver) == (2, "短少", "农业银行")
    assert listed(city)["350525"].n == 1
    Case.objects.update(closed_at=timezone.now())
    assert listed(city) == {}


def test_a_batch_that_stands_still_is_told_with_its_row_and_who_must_act(city: House) -> None:
    one = batch(city)
    StepRecord.objects.filter(batch=one).delete()
    told(one, "hand_over", days_ago=15)
    (stuck,) = matters(today(), DAYS)["350525"].stuck
    assert stuck.batch == one.code
    rows = dict(standing(one.code))
    assert "8 根据制卡信息生成卡号及磁道信息" in rows and rows["8 根据制卡信息生成卡号及磁道信息"] == "icbc"
    assert listed(city)["350525"].since == StepRecord.objects.get().booked_at


def test_what_a_stock_count_missed_is_the_offices_of_that_batch_too(city: House) -> None:
    one = batch(city)
    StepRecord.objects.filter(batch=one).delete()
    Case.objects.create(kind=Case.MISSING, batch=one, count="PD-1", organisation=one.office, opened_at=timezone.now())
    (difference,) = matters(today(), DAYS)["350525"].differences
    assert (difference.handover, difference.n) == ("PD-1", 1)


@pytest.mark.parametrize("days_ago", [13.9, 14.1])
def test_a_batch_stands_still_after_the_configured_days(city: House, days_ago: float) -> None:
    one = batch(city)
    StepRecord.objects.filter(batch=one).delete()
    told(one, "hand_over", days_ago=days_ago)
    assert bool(listed(city)) is (days_ago > DAYS)


def test_a_batch_without_any_step_counts_from_its_forming_and_a_closed_one_never(city: House) -> None:
    one = batch(city)
    StepRecord.objects.filter(batch=one).delete()
    Batch.objects.update(formed_at=timezone.now() - timedelta(days=20))
    assert len(matters(today(), DAYS)["350525"].stuck) == 1
    Batch.objects.update(closed_at=timezone.now())
    assert matters(today(), DAYS) == {}


def test_exceptions_stand_by_cause_until_the_person_is_started_again(city: House) -> None:
    one = batch(city)
    first, second = fail(one, 0), fail(one, 1)
    (exceptions,) = matters(today(), DAYS)["350525"].exceptions
    assert (exceptions.cause, exceptions.n, exceptions.mended_by) == ("chip-dead", 2, "卡片供应商")
    restart(first)
    assert matters(today(), DAYS)["350525"].exceptions[0].n == 1
    restart(second)
    assert matters(today(), DAYS) == {}


def restart(failed: Application) -> None:
    """The application that starts a person again takes the failed one's place."""
    Application.objects.filter(pk=failed.pk).update(live=False)
    Application.objects.create(
        ref=f"{failed.ref}R"[-20:], person=failed.person, process=failed.process, restarts=failed,
        made_at=timezone.now(),
    )  # fmt: skip


def test_who_waits_for_nothing_more_is_no_exception(city: House) -> None:
    one = batch(city)
    mended, withdrawn = fail(one, 0, cause="photo-bad"), fail(one, 1)
    fail(one, 2, cause="row-unknown")
    assert {x.cause for x in matters(today(), DAYS)["350525"].exceptions} == {"photo-bad", "chip-dead"}
    Cleared.objects.create(ref=mended.ref, cause="photo-bad", reason="新照片", by="王芳", at=timezone.now())
    Application.objects.filter(pk=withdrawn.pk).update(live=False)
    assert matters(today(), DAYS) == {}


def test_an_exception_rises_by_itself_only_when_it_has_stood_too_long(city: House) -> None:
    one = batch(city)
    fail(one, 0)
    assert listed(city) == {} and matters(today(), DAYS)["350525"].exceptions
    fail(one, 1, days_ago=15)
    assert listed(city)["350525"].n == 1


def test_the_entry_has_no_command_that_somebody_would_type_for_ever(city: House) -> None:
    case(batch(city))
    item = listed(city)["350525"]
    assert (item.lane, item.command, item.kind) == (Lane.CENTRE, (), "look")
    assert "永春县农合办" in item.title and "zhika county 350525" in item.waits_for


def test_the_sheet_shows_all_four_and_whom_to_call(city: House) -> None:
    load(city.seat, "load_plan", EXAMPLES / "annex6.csv", annex="6", **{"from": "2026-03-01"})
    load(city.seat, "load_leaders", EXAMPLES / "leaders.csv", **{"from": "2026-03-01"})
    one = batch(city)
    fail(one, 0, days_ago=20)
    case(one)
    StepRecord.objects.filter(batch=one).delete()
    told(one, "hand_over", days_ago=15)
    at = organisation("350525")
    sheet = offices_sheet.sheet(at, date(2026, 4, 26), DAYS)
    overdue, differences, stuck, exceptions = sheet.sections
    assert len(overdue.rows) == len(differences.rows) == len(exceptions.rows) == 1 and stuck.rows
    assert exceptions.rows[0][3:] == (1, today(datetime.now().astimezone() - timedelta(days=20)).isoformat(), 20)
    assert exceptions.marked == {(0, 5)}
    assert sheet.facts == (("办公室主任", "郑假名 县劳动和社会保障局副局长 059500000005"),)
    assert offices_sheet.sheet(organisation("02"), date(2026, 4, 26), DAYS).sections[3].rows == ()
