"""Recall: exactly the cards that a fault concerns, with holders masked, in a file that acts take."""

import csv
from pathlib import Path

import pytest

from tests.lanes.house import House
from tests.lanes.platform import journey
from zhika.cli import recalling
from zhika.cli.told import told as heard
from zhika.engine import plastic
from zhika.engine.recall import recall
from zhika.engine.registry import TRACES
from zhika.errors import ConfigurationError, NotReady
from zhika.lanes.integrator import chips
from zhika.lanes.integrator.models import Consignment, Draw, PrintRow, Production
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.people.models import Application
from zhika.seat.config import Seat, SupplierOptions


def serials(batch: Batch) -> list[str]:
    return [serial or "" for serial in batch.cards.order_by("line").values_list("serial", flat=True)]


def subjects(house: House, start: str, value: str, *, certain: bool | None = None) -> list[str]:
    return [x.subject for x in recall(house.seat, start, value) if certain in (None, x.certain)]


def other_batch(batch: Batch, code: str, n: int) -> list[str]:
    """A second batch of n cards with plastic."""
    made = Batch.objects.create(
        code=code, process=batch.process, office=batch.office, size=n, formed_at=batch.formed_at
    )
    bundle = made.bundles.create(unit=None, size=n)
    known = [f"{code}-{line}" for line in range(1, n + 1)]
    Card.objects.bulk_create(
        Card(batch=made, bundle=bundle, line=line, application_ref=serial, person_key="0" * 64, serial=serial)
        for line, serial in enumerate(known, 1)
    )
    return known


def test_a_batch_is_recalled_with_masked_holders_where_each_card_lies_and_whether_it_is_live(house: House) -> None:
    batch = journey.personalised(house)
    gone = journey.first(batch)
    plastic.fail(batch, {gone.ref: "chip-dead"}, step="personalise", source="house")
    plastic.void_failed(batch, by="test")
    found = recall(house.seat, "batch", batch.code)
    assert [x.subject for x in found] == serials(batch) and all(x.certain for x in found)
    assert [(x.lies_at, x.lies_as, x.live) for x in found[:2]] == [("ylz", "作废", False), ("ylz", "良品", True)]
    assert (found[0].holder, found[0].holder_id) == ("陈*山", "350502********0018")
    assert gone.person.name not in repr(found) and gone.person.id_no not in repr(found)
    assert not any(x.next for x in found)  # nobody could be handed one yet


def test_a_chip_leads_to_its_one_card(house: House) -> None:
    batch = journey.personalised(house)
    row = Production.objects.order_by("app_no")[2]
    assert subjects(house, "chip", row.chip_serial or "") == [row.card_serial]
    Production.objects.filter(pk=row.pk).update(chip_serial=None)  # not written yet: the supplier's list names it
    card = Card.objects.get(batch=batch, serial=row.card_serial)
    assert subjects(house, "chip", card.chip_serial or "") == [row.card_serial]
    with pytest.raises(NotReady, match="没有芯片"):
        recall(house.seat, "chip", "F1FFFFFFFFFF")


def test_a_consignment_leads_to_the_batches_that_drew_from_it_and_says_where_it_is_not_certain(house: House) -> None:
    batch = journey.personalised(house)
    mixed, apart = other_batch(batch, "B-mixed", 2), other_batch(batch, "B-apart", 2)
    facts = {"kind": "module", "count": 9, "loaded_at": batch.formed_at, "by": "周"}
    fresh = Consignment.objects.create(code="M-2", tray="M-2-modules-1.tray", cos_version="ZHIKA-COS 2.0", **facts)
    old = Consignment.objects.get(code="M-1", kind="module")
    Draw.objects.create(batch_code="B-mixed", consignment=old, n=1)
    Draw.objects.create(batch_code="B-mixed", consignment=fresh, n=1)
    Draw.objects.create(batch_code="B-apart", consignment=fresh, n=2)
    assert subjects(house, "consignment", "M-1", certain=True) == serials(batch)
    assert subjects(house, "consignment", "M-1", certain=False) == mixed
    assert subjects(house, "cos", "ZHIKA-COS 2.0", certain=True) == apart
    assert subjects(house, "cos", "ZHIKA-COS 2.0", certain=False) == mixed
    with pytest.raises(NotReady, match=r"ZHIKA-COS 1\.0"):
        recall(house.seat, "cos", "ZHIKA-COS 9")
    with pytest.raises(NotReady, match="没有来料批号"):
        recall(house.seat, "consignment", "M-9")


def test_a_sheet_is_cut_from_the_face_data_and_a_place_kept_empty_counts(house: House) -> None:
    batch = journey.personalised(house)
    small = Seat(**{**vars(house.seat), "supplier": SupplierOptions(sheet_columns=2, sheet_rows=2)})
    assert [x.subject for x in recall(small, "sheet", f"{batch.code}:2")] == serials(batch)[4:]
    one, other, *_ = batch.cards.order_by("line")
    Card.objects.filter(pk__in=[one.pk, other.pk]).update(serial=None)
    plastic.fail(batch, {one.application_ref: "photo-bad"}, step="print_faces", source="supplier")
    assert [x.subject for x in recall(small, "sheet", f"{batch.code}:2")] == serials(batch)[4:]
    plastic.fail(batch, {other.application_ref: "row-missing"}, step="print_faces", source="supplier")
    assert [x.subject for x in recall(small, "sheet", f"{batch.code}:2")] == serials(batch)[5:]
    for wrong, why in ((f"{batch.code}:9", "共 2 张"), (batch.code, "写成"), (f"{batch.code}:0", "共 2 张")):
        with pytest.raises(NotReady, match=why):
            recall(small, "sheet", wrong)


def test_cards_made_here_go_by_their_print_places(house: House) -> None:
    batch = journey.personalised(house)
    small = Seat(**{**vars(house.seat), "supplier": SupplierOptions(sheet_columns=2, sheet_rows=2)})
    apps = list(batch.cards.order_by("-line").values_list("application_ref", flat=True))
    PrintRow.objects.bulk_create(
        PrintRow(batch_code=batch.code, application_ref=app, position=n) for n, app in enumerate(apps)
    )
    assert [x.subject for x in recall(small, "sheet", f"{batch.code}:2")] == serials(batch)[:2]


def test_a_key_leads_to_the_cards_written_under_it_and_unrecorded_ones_may_be_concerned(house: House) -> None:
    batch = journey.personalised(house)
    version = chips.key_version(chips.social_keys(house.seat))
    assert subjects(house, "key", version) == subjects(house, "key", "social-master") == serials(batch)
    before = Production.objects.order_by("app_no")[0]
    Production.objects.filter(pk=before.pk).update(key_version="")
    Production.objects.filter(app_no=Production.objects.order_by("app_no")[1].app_no).update(
        key_version="social-master/000000"
    )
    assert subjects(house, "key", version, certain=True) == serials(batch)[2:]
    assert subjects(house, "key", version, certain=False) == [before.card_serial]
    with pytest.raises(NotReady, match="未登记版本 1 张"):
        recall(house.seat, "key", "social-master/ABCDEF")


def test_a_lane_that_keeps_no_such_record_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(TRACES, "cos")
    with pytest.raises(ConfigurationError, match="数据集成方"):
        recall(house.seat, "cos", "ZHIKA-COS 1.0")


def test_the_file_goes_by_serial_and_can_be_handed_to_an_act(house: House, tmp_path: Path) -> None:
    batch = journey.personalised(house)
    path = tmp_path / "recall.csv"
    path.write_text(recalling._csv(recall(house.seat, "batch", batch.code)), encoding="utf-8")
    told = heard([], [], path, {}).facts
    assert list(told) == serials(batch)
    assert not {"id_no", "kind", "process", "path", "by"} & set(told[serials(batch)[0]])  # no fact of any act
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    people = Application.objects.filter(batch_code=batch.code).values_list("person__id_no", flat=True)
    assert not set(people) & {value for row in rows for value in row.values()}


def test_one_beginning_must_be_told() -> None:
    for told in ({}, {"chip": "F1", "cos": "1"}):
        with pytest.raises(ConfigurationError, match="只写一项"):
            recalling.recall(**{"chip": "", "cos": "", "consignment": "", "sheet": "", "batch": "", "key": "", **told})
