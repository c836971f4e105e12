"""采集: a file as it comes, cut into lots."""

from pathlib import Path

import polars as pl
import pytest

from tests.lanes.house import House, person
from zhika.engine import desk
from zhika.errors import Refused
from zhika.flows.documents import COLLECTED
from zhika.flows.lanes import Lane
from zhika.lanes.unit import collecting
from zhika.ledger.steps import Paper, StepRecord


def test_a_file_is_cut_by_unit_and_lines_keep_the_rows_of_the_file(house: House) -> None:
    rows = [person(0), person(1) | {"unit_no": "200000"}, person(2)]
    one, other = collecting.lots(house.seat, "urban-batch", house.collected(rows), house.folder)
    assert one.rows["line"].to_list() == ["2", "4"]
    assert other.code.startswith("L-urban-200000-")
    assert one.rows.columns == list(COLLECTED.columns)


def test_the_photo_is_kept_by_content_and_one_that_is_not_there_stays_empty(house: House) -> None:
    path = house.collected()
    (house.folder / "photo" / "P000001.jpg").unlink()
    (lot,) = collecting.lots(house.seat, "urban-batch", path, house.folder)
    first, second = lot.rows["photo"][:2]
    assert desk.photo_of(house.seat, first).read_bytes() == (house.folder / "photo" / "P000000.jpg").read_bytes()
    assert second == ""


def test_a_photo_outside_the_folder_is_not_read(house: House) -> None:
    (house.folder / "secret.jpg").write_bytes(b"secret")
    path = house.write("c.csv", [person(0) | {"photo": "../secret.jpg"}])
    (lot,) = collecting.lots(house.seat, "urban-batch", path, house.folder / "photo")
    assert lot.rows["photo"][0] == ""


def test_the_same_rows_are_the_same_lot_wherever_they_stand_in_the_file(house: House) -> None:
    (once,) = collecting.lots(house.seat, "urban-batch", house.collected(), house.folder)
    moved = house.collected([person(9) | {"unit_no": "7"}, *house.people])
    _, again = collecting.lots(house.seat, "urban-batch", moved, house.folder)
    assert (again.code, again.rows["line"][0]) == (once.code, "3")
    (changed,) = collecting.lots(house.seat, "urban-batch", house.collected(house.people[:5]), house.folder)
    assert changed.code != once.code


def test_every_fault_names_file_row_and_column_and_no_value(house: House) -> None:
    rows = [person(0) | {"unit_no": ""}, person(1) | {"name": "陈" * 51, "scheme": "农村"}]
    path = house.folder / "bad.csv"
    pl.concat([pl.DataFrame([row]) for row in rows], how="diagonal").write_csv(path)
    with pytest.raises(Refused) as caught:
        collecting.lots(house.seat, "urban-batch", path)
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [
        (2, "单位（村）编号"), (3, "姓名"), (3, "险种"),
    ]  # fmt: skip
    assert "陈陈" not in str(caught.value)


@pytest.mark.parametrize("code", ["100.7", "../../x", "城区", "0_2", "02/07", "1+2", "-1"])
@pytest.mark.parametrize(("name", "title"), [("unit_no", "单位（村）编号"), ("centre", "经办机构")])
def test_a_code_that_no_batch_or_parcel_could_bear_is_refused_where_it_stands(
    house: House, code: str, name: str, title: str
) -> None:
    path = house.collected([person(0), person(1) | {name: code}])
    with pytest.raises(Refused, match="机构表中的编号") as caught:
        collecting.lots(house.seat, "urban-batch", path)
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(3, title)]


def test_a_file_that_is_not_there_is_refused(house: House) -> None:
    with pytest.raises(Refused, match="文件不存在"):
        list(collecting.from_file(house.seat, Path("nowhere.csv"), {"process": "urban-batch"}))


def test_the_same_file_twice_changes_nothing(house: House) -> None:
    house.load_registers()
    assert house.lot() == house.lot()
    assert StepRecord.objects.filter(function="collect").count() == 1
    assert Paper.objects.filter(type="collected").count() == 1


def test_rows_of_another_lot_are_refused(house: House) -> None:
    ((_, facts),) = collecting.from_file(
        house.seat, house.collected(), {"process": "urban-batch", "photos": str(house.folder)}
    )
    with pytest.raises(Refused, match="另一批次"):
        house.row("L-urban-100000-00000000", "collect", Lane.UNIT, **facts)


def told(house: House, path: Path, **facts: str) -> None:
    list(collecting.from_file(house.seat, path, {"process": "urban-batch", **facts}))


def test_a_fact_that_collecting_does_not_know_is_refused_with_those_it_knows(house: House) -> None:
    with pytest.raises(Refused, match=r"--fact photo: .*可用: process、photos"):
        told(house, house.collected(), photo=str(house.folder))


def test_photos_that_are_named_must_be_said_to_lie_somewhere(house: House) -> None:
    with pytest.raises(Refused, match="写有 6 张照片"):
        told(house, house.collected())
    told(house, house.write("none.csv", house.people))


@pytest.mark.parametrize("folder", ["nowhere", "photo"])
def test_a_wrong_folder_of_photos_is_refused_with_rows_and_no_names(house: House, folder: str) -> None:
    path = house.collected()
    with pytest.raises(Refused, match=folder) as caught:
        told(house, path, photos=str(house.folder / folder))
    assert [fault.row for fault in caught.value.faults] == [None, 2, 3, 4, 5, 6]
    assert "P00000" not in str(caught.value)


def test_a_tenth_of_the_photos_may_lack_and_not_more(house: House) -> None:
    path = house.collected([person(n) for n in range(10)])
    (house.folder / "photo" / "P000001.jpg").unlink()
    told(house, path, photos=str(house.folder))
    (house.folder / "photo" / "P000002.jpg").unlink()
    with pytest.raises(Refused, match="有 2 张不在其中"):
        told(house, path, photos=str(house.folder))
