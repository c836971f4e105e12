"""社保卡交接手续: only to the person or a proxy, and only with an empty public area."""

from dataclasses import replace

import pytest

from tests.lanes.house import OFFICE, UNIT, House
from zhika.card import tray as trays
from zhika.card.chip import public, social
from zhika.engine import each, errands, plastic, turns
from zhika.engine.parcels import prepare
from zhika.errors import Refused
from zhika.flows.documents import CARD_LIST
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import chips
from zhika.lanes.unit.models import Receipt
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.custody import WHOLE, move
from zhika.ledger.errands import Errand
from zhika.ledger.places import Handover, State, place
from zhika.ledger.steps import Trouble
from zhika.people.models import Person
from zhika.seat import things
from zhika.seat.config import UnitOptions


@pytest.fixture
def parcel(house: House) -> str:
    """Six finished cards at the unit, passed on by the centre; the public areas are empty."""
    batch = house.batch()
    house.row(batch.code, "submit_production_data", Lane.INTEGRATOR)
    house.numbered(batch)
    house.row(batch.code, "match", Lane.INTEGRATOR)
    path = house.made(batch)
    office = organisation(OFFICE)
    within = plastic.batch_group(batch)
    holder = organisation(house.seat.organisation(Lane.INTEGRATOR))
    move(place(holder, State.GOOD, within), place(office, State.GOOD, within), WHOLE, cause="accepted", by="test")
    path.rename(house.seat.bench(OFFICE, "bench") / f"{batch.code}.good.tray")
    rows = [{**key, "card_serial": f"QZ26{at + 1:09}", "unit_no": UNIT, "unit_name": "闽达小学", "postcode": "",
             "address": "", "flag": "新增"} for at, key in enumerate(house.keys_of(batch))]  # fmt: skip
    house.file(batch, CARD_LIST, rows, Lane.BANK)
    (code,) = prepare(batch, office)
    house.row(code, "pass_on", Lane.CENTRE)
    handover = Handover.objects.get(subject=code)
    unit = organisation(UNIT)
    group = handover.group
    move(place(office, State.GIVEN, group), place(unit, State.GOOD, group), WHOLE, cause="accepted", by="test")
    trays.move(house.seat.bench(OFFICE, "bench") / f"{code}.cards.tray", house.seat.bench(UNIT, "bench"))
    ready(house, code)
    return code


def ready(house: House, code: str) -> None:
    """What initialisation leaves: a public area that can be read, and is empty."""
    own = chips.social_keys(house.seat)
    with things.on_bench(house.seat.world, house.seat.bench(UNIT, "bench") / f"{code}.cards.tray") as tray:
        for piece in tray:
            with tray.chip(piece) as chip:
                social.initialise(chip, own, cos_version="ZHIKA-COS 1.0")


def hand_out(house: House, told: dict[str, dict[str, str]], evidence: str = "签领表 17") -> int:
    """Whoever comes for a card shows its holder's ID, unless something else is told."""
    shown = {serial: {"id_no": holder(serial).id_no} for serial in told if Card.objects.filter(serial=serial)}
    told = {subject: shown.get(subject, {}) | facts for subject, facts in told.items()}
    return each.do_cards(house.seat, "hand_out", told, by="李敏", evidence=evidence)


def holder(serial: str) -> Person:
    return Person.objects.get(applications__ref=Card.objects.get(serial=serial).application_ref)


def test_the_whole_parcel_goes_into_its_holders_hands(house: House, parcel: str) -> None:
    assert hand_out(house, {parcel: {}}) == 6
    assert trays.count(house.seat.world / "people" / f"{parcel}.cards.tray") == 6
    assert trays.count(house.seat.bench(UNIT, "bench") / f"{parcel}.cards.tray") == 0
    assert CardEvent.objects.filter(kind="hand_out").count() == Receipt.objects.filter(by="self").count() == 6


def test_hand_out_is_done_on_several_days_and_once_a_card(house: House, parcel: str) -> None:
    assert hand_out(house, {"QZ26000000001": {}}) == 1
    assert hand_out(house, {"QZ26000000001": {}}) == 0
    assert hand_out(house, {"QZ26000000002": {}, "QZ26000000003": {}}) == 2
    assert trays.count(house.seat.bench(UNIT, "bench") / f"{parcel}.cards.tray") == 3


def test_another_persons_id_is_refused_and_nothing_moves(house: House, parcel: str) -> None:
    with pytest.raises(Refused, match="不是持卡人的") as caught:
        hand_out(house, {"QZ26000000001": {"id_no": holder("QZ26000000002").id_no}, "QZ26000000002": {}})
    assert holder("QZ26000000002").id_no not in str(caught.value)
    assert not Receipt.objects.exists()


def test_a_proxy_is_named_with_id_and_relation(house: House, parcel: str) -> None:
    other = holder("QZ26000000002").id_no
    told = {"by": "proxy", "proxy_name": "林大树", "proxy_id": other, "relation": "父亲"}
    with pytest.raises(Refused, match="与持卡人关系"):
        hand_out(house, {"QZ26000000001": {**told, "relation": ""}})
    with pytest.raises(Refused, match="代领人不能是持卡人本人"):
        hand_out(house, {"QZ26000000002": told})
    assert hand_out(house, {"QZ26000000001": told}) == 1
    assert Receipt.objects.get().relation == "父亲"


def test_without_a_signature_nothing_is_handed_out(house: House, parcel: str) -> None:
    with pytest.raises(Refused, match="签领凭证"):
        hand_out(house, {"QZ26000000001": {}}, evidence="")


def test_a_card_whose_public_area_is_not_empty_stays(house: House, parcel: str) -> None:
    who = holder("QZ26000000001")
    with things.on_bench(house.seat.world, house.seat.bench(UNIT, "bench") / f"{parcel}.cards.tray") as tray:
        piece = tray.find("QZ26000000001")
        assert piece
        with tray.chip(piece) as chip:
            public.write_public_area(chip, public.Identity(who.id_no, who.name), chips.social_keys(house.seat))
    with pytest.raises(Refused, match="公共区未清空"):
        hand_out(house, {parcel: {}})
    assert not CardEvent.objects.filter(kind="hand_out").exists()
    assert Batch.objects.get().size == 6


def test_a_card_reported_lost_is_not_handed_out(house: House, parcel: str) -> None:
    assert each.do_cards(house.seat, "block", {"QZ26000000001": {"kind": "call"}}, by="王芳") == 1
    with pytest.raises(Refused, match="QZ26000000001: 卡口头挂失"):
        hand_out(house, {parcel: {}})
    assert hand_out(house, {"QZ26000000002": {}}) == 1


def test_cards_signed_for_reach_their_holders_though_the_tray_was_busy_when_they_were_booked(
    house: House, parcel: str
) -> None:
    hands = house.seat.world / "people" / f"{parcel}.cards.tray"
    hands.parent.mkdir(parents=True, exist_ok=True)
    trays.create(hands, f"{parcel}.people", "cards")
    with things.on_bench(house.seat.world, hands) as busy:
        assert hand_out(house, {"QZ26000000001": {"by": "self"}}) == 1
        assert len(busy) == 0 and errands.run_left(house.seat) == 0
    assert errands.run_left(house.seat) == 1 and errands.run_left(house.seat) == 0
    with things.on_bench(house.seat.world, hands) as given:
        assert [piece.serial for piece in given] == ["QZ26000000001"]


def test_a_parcel_that_was_handed_out_is_done_already_and_not_unknown(house: House, parcel: str) -> None:
    assert hand_out(house, {parcel: {}}) == 6
    assert hand_out(house, {parcel: {}}) == 0


def test_all_faults_of_a_list_are_told_at_once_and_name_what_was_told(house: House, parcel: str) -> None:
    told = {
        "QZ99": {}, "QZ26000000001": {"id_no": holder("QZ26000000002").id_no}, f"{parcel}x": {}, "QZ26000000002": {},
        "QZ26000000003": {"by": "neighbour"},
    }  # fmt: skip
    with pytest.raises(Refused) as caught:
        hand_out(house, told)
    places = {fault.where.split()[-1] for fault in caught.value.faults}
    assert places == {"QZ99", f"{parcel}x", "QZ26000000001", "QZ26000000003"}
    assert not Receipt.objects.exists()


def test_a_single_card_goes_out_only_against_an_id_and_a_parcel_by_its_list_is_marked(
    house: House, parcel: str
) -> None:
    with pytest.raises(Refused, match="须出示持卡人的身份证") as caught:
        hand_out(house, {"QZ26000000001": {"id_no": ""}})
    assert caught.value.faults[0].column == "公民身份号码"
    assert hand_out(house, {"QZ26000000001": {}}) == 1
    assert hand_out(house, {parcel: {}}) == 5
    assert list(Receipt.objects.filter(id_seen=True).values_list("card_serial", flat=True)) == ["QZ26000000001"]
    assert Receipt.objects.filter(id_seen=False).count() == 5


def test_a_city_may_want_to_see_every_id(house: House, parcel: str) -> None:
    house.seat = replace(house.seat, unit=UnitOptions(id_always=True))
    with pytest.raises(Refused, match="须出示持卡人的身份证"):
        hand_out(house, {parcel: {}})
    told = {serial: {} for serial in Card.objects.values_list("serial", flat=True)}
    assert hand_out(house, told) == 6  # type: ignore[arg-type]


def test_two_who_carry_the_same_cards_at_once_give_them_once_and_neither_complains(house: House, parcel: str) -> None:
    with turns.turn(house.seat, "errand-hand_out"):
        assert hand_out(house, {"QZ26000000001": {"by": "self"}}) == 1
        assert errands.run_left(house.seat) == 0
    late = Errand.objects.get()
    assert errands.run_left(house.seat) == 1
    errands.run(house.seat, late)
    assert not Trouble.objects.exists()
