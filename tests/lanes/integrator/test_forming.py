"""From a confirmed lot to persons, applications and a batch."""

import dataclasses
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.lanes.house import OFFICE, House, person
from zhika.craft import forming
from zhika.engine import desk
from zhika.engine.acts import act, run_awaiting
from zhika.errors import ConfigurationError, NotReady, Refused
from zhika.flows.acts import BATCHES
from zhika.flows.documents import CHECK_LIST, CORRECTION
from zhika.flows.lanes import Lane
from zhika.lanes.integrator.models import LeftOut, Production
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.steps import ActRecord, Paper, StepRecord
from zhika.people.models import Application, NumberBlock, Person
from zhika.people.numbers import application_numbers


def formed(house: House, rows: list[dict[str, str]], **facts: str) -> str:
    code = house.lot(rows)
    house.row(code, "confirm", Lane.CENTRE, second="李敏", **facts)
    house.row(code, "form_production_data", Lane.INTEGRATOR)
    return code


def test_a_lot_waits_until_its_registers_are_loaded(house: House) -> None:
    with pytest.raises(NotReady, match="城镇参保库"):
        house.lot()


def test_an_accepted_line_becomes_a_person_and_an_application(house: House) -> None:
    house.load_registers()
    formed(house, [person(0), person(1) | {"name": "林 小燕", "sex": "1"}])
    one, other = Person.objects.order_by("id_no")
    assert (other.name, other.sex, other.birth, other.office.code, other.unit.name) == (
        "林小燕", "1", "19900101", OFFICE, "闽达小学",
    )  # fmt: skip
    assert [row.ref[-8:] for row in Application.objects.order_by("ref")] == ["00000001", "00000002"]
    assert one.applications.get().live


def test_nobody_gets_a_second_live_application_and_the_line_says_why(house: House) -> None:
    house.load_registers()
    formed(house, [person(0)])
    later = formed(house, [person(0), person(1)])
    assert Application.objects.count() == 2
    papers = Paper.objects.filter(type=CHECK_LIST.code, subject=later)
    assert desk.read(house.seat, papers.get())["reasons"].to_list() == ["has-card", ""]


def test_two_lots_confirmed_at_once_still_give_one_application(house: House) -> None:
    house.load_registers()
    first, second = house.lot([person(0)]), house.lot([person(0), person(1)])
    for code in (first, second):
        house.row(code, "confirm", Lane.CENTRE, second="李敏")
    for code in (first, second):
        house.row(code, "form_production_data", Lane.INTEGRATOR)
    assert Application.objects.count() == 2
    assert LeftOut.objects.values_list("lot", "line", "reason").get() == (second, "2", "has-card")


def test_the_registers_value_goes_on_where_the_centre_confirmed_it(house: House) -> None:
    house.load_registers()
    path = house.write("d.csv", [])
    lot = house.lot([person(1) | {"name": "林小艳"}])
    path.write_text(f"批次,行号,结论\n{lot},2,按登记\n", encoding="utf-8")
    house.row(lot, "confirm", Lane.CENTRE, second="李敏", decisions=str(path))
    house.row(lot, "form_production_data", Lane.INTEGRATOR)
    assert Person.objects.get().name == "林小燕"


def test_rural_people_get_their_card_number_and_issue_date_here(village: House) -> None:
    village.load_registers()
    formed(village, village.people)
    rows = list(Production.objects.order_by("app_no").values_list("ssc_no", "pan"))
    assert [number[:8] for number, _ in rows] == [f"Q{n:07}" for n in range(1, 7)]
    assert {pan for _, pan in rows} == {None}


def test_numbers_kept_for_a_lot_come_again_and_no_other_lot_gets_them(db: None) -> None:
    once = application_numbers("A", "261123", "L-1", 3)
    other = application_numbers("A", "261123", "L-2", 2)
    assert application_numbers("A", "261124", "L-1", 3) == once
    assert [int(number[-8:]) for number in [*once, *other]] == [1, 2, 3, 4, 5]
    with pytest.raises(Refused, match="人数又有增加"):
        application_numbers("A", "261123", "L-1", 4)
    assert NumberBlock.objects.count() == 2


def test_a_batch_is_formed_once_with_its_people_by_unit(house: House) -> None:
    house.load_registers()
    formed(house, [person(0) | {"unit_no": "9"}, person(1) | {"unit_no": "9"}])
    formed(house, [person(2), person(3)])
    subject = forming.subject("urban-batch", OFFICE, timezone.now())
    assert act(house.seat, "form", subject, by="周")
    batch = Batch.objects.get()
    assert batch.code == subject.split("/")[2]
    assert [b.unit.code for b in batch.bundles.order_by("pk") if b.unit] == ["100000", "9"]
    assert dict(batch.parties.values_list("lane", "organisation__code"))["centre"] == OFFICE
    with pytest.raises(NotReady):
        act(house.seat, "form", forming.subject("urban-batch", OFFICE, timezone.now()), by="周")


def test_a_batch_is_due_when_a_tray_is_full_or_an_application_is_old(house: House) -> None:
    house.load_registers()
    formed(house, house.people)
    assert list(forming.due(house.seat)) == []
    small = dataclasses.replace(house.seat, batch=dataclasses.replace(house.seat.batch, size=4))
    ((name, subject, process),) = forming.due(small)
    assert (name, process) == ("form", "urban-batch")
    act(small, name, subject, by=None)
    assert Batch.objects.get().size == Card.objects.count() == 4
    assert list(forming.due(small)) == []
    Application.objects.filter(batch_code="").update(made_at=timezone.now() - timedelta(days=31))
    assert [s[1][-3:] for s in forming.due(small)] == ["-02"]


def test_an_office_named_without_a_code_gets_its_next_batch_every_time(house: House) -> None:
    house.load_registers()
    for some in (house.people[:2], house.people[2:]):
        formed(house, some)
        assert act(house.seat, "form", f"urban-batch/{OFFICE}", by="周")
    first, second = Batch.objects.order_by("pk")
    assert (first.code[-3:], second.code[-3:]) == ("-01", "-02")
    about = ActRecord.objects.filter(name="form").order_by("pk").values_list("subject", flat=True)
    assert list(about) == [f"urban-batch/{OFFICE}/{batch.code}" for batch in (first, second)]
    assert not act(house.seat, "form", about[0], by="周")
    Application.objects.update(batch_code="")
    with pytest.raises(Refused, match="已用过"):
        forming.form(house.seat, about[0], timezone.now(), BATCHES)


@pytest.mark.parametrize("about", ["urban-batch/02/A1 02", "urban-batch/02/A1-城区-01", "urban-batch/城区"])
def test_a_code_typed_for_a_batch_must_be_one_that_can_travel(house: House, about: str) -> None:
    house.load_registers()
    formed(house, house.people)
    with pytest.raises(Refused, match="字母、数字与连字符"):
        act(house.seat, "form", about, by="周")
    assert not Batch.objects.exists()


def test_a_seat_without_partners_forms_no_batch(house: House) -> None:
    house.load_registers()
    formed(house, house.people)
    with pytest.raises(ConfigurationError, match="partners"):
        forming.form(dataclasses.replace(house.seat, partners={}), f"urban-batch/{OFFICE}", timezone.now(), BATCHES)


def test_what_was_sent_back_is_told_to_the_unit(house: House) -> None:
    house.load_registers()
    code = house.lot([person(0), person(1) | {"id_no": "35050219900101"}])
    house.row(code, "confirm", Lane.CENTRE, second="李敏")
    run_awaiting(house.seat, first=False)
    rows = desk.read(house.seat, Paper.objects.get(type=CORRECTION.code))
    assert rows.select("line", "column").rows() == [("3", "公民身份号码")]
    assert StepRecord.objects.get(function="confirm").n_out == 1
