"""附件7: leading groups as data: one head each, no unknown role; a person may stand in both bodies."""

from datetime import date

import pytest

from tests.annexes.store import EXAMPLES, lines, load, offices, written
from tests.lanes.house import House
from zhika.annexes import annex7
from zhika.errors import Refused
from zhika.ledger.audit import AuditEntry
from zhika.people.leaders import Leader, LeaderList

LEADERS = EXAMPLES / "leaders.csv"
DAY = date(2026, 4, 1)


@pytest.fixture
def city(house: House) -> House:
    offices()
    return house


def faults(city: House, rows: list[list[str]]) -> list[tuple[int | None, str | None]]:
    with pytest.raises(Refused) as refused:
        load(city.seat, "load_leaders", written(city.folder / "l.csv", rows))
    assert not LeaderList.objects.exists() and not Leader.objects.exists()
    return [(fault.row, fault.column) for fault in refused.value.faults]


def with_cell(row: int, column: int, value: str) -> list[list[str]]:
    rows = lines(LEADERS)
    rows[row - 1][column] = value
    return rows


def test_the_list_is_printed_as_the_annex_does(city: House) -> None:
    assert load(city.seat, "load_leaders", LEADERS, **{"from": "2026-03-01"})
    (sheet,) = annex7.sheets(DAY)
    assert sheet.title == "永春县社会保障卡发放工作领导小组名单"
    group, office = sheet.sections
    assert [line[0] for line in group.rows] == ["组　长：", "副组长：", "", "", "成　员：", *[""] * 6]
    assert [line[0] for line in office.rows] == ["主　任：", "副主任：", "", "成　员：", "", ""]
    assert office.title == "下设办公室" and group.rows[0] == ("组　长：", "陈示例", "县政府副县长")


def test_one_person_stands_in_the_group_and_in_the_office(city: House) -> None:
    load(city.seat, "load_leaders", LEADERS)
    both = Leader.objects.filter(name="郑假名")
    assert {(one.body, one.role, one.title) for one in both} == {
        ("group", "member", "成员"), ("office", "head", "主任"),
    }  # fmt: skip


def test_rows_may_stand_in_any_order_and_in_chinese(city: House) -> None:
    words = {"group": "领导小组", "office": "办公室"}
    titles = {"group": ("组长", "副组长", "成员"), "office": ("主任", "副主任", "成员")}
    head, *rows = lines(LEADERS)
    roles = ("head", "deputy", "member")
    chinese = [[row[0], words[row[1]], titles[row[1]][roles.index(row[2])], *row[3:]] for row in rows[::-1]]
    load(city.seat, "load_leaders", written(city.folder / "l.csv", [head, *chinese]), **{"from": "2026-03-01"})
    (sheet,) = annex7.sheets(DAY)
    assert sheet.sections[0].rows[0][1] == "陈示例" and sheet.sections[1].rows[0][1] == "郑假名"


@pytest.mark.parametrize(
    ("row", "column", "value", "title"),
    [
        (2, 0, "长春县", "县（市、区）"),
        (3, 1, "committee", "机构"),
        (4, 2, "boss", "职务"),
        (4, 2, "主任", "职务"),
        (5, 3, "", "姓名"),
        (6, 4, "", "单位"),
        (7, 5, "", "单位职务"),
        (7, 5, "长" * 61, "单位职务"),
        (8, 6, "0" * 31, "联系电话"),
    ],
)
def test_a_bad_cell_is_refused_with_row_and_column(city: House, row: int, column: int, value: str, title: str) -> None:
    assert faults(city, with_cell(row, column, value))[0] == (row, title)


def test_each_body_has_exactly_one_head(city: House) -> None:
    assert faults(city, with_cell(3, 2, "head")) == [(3, "职务")]
    assert faults(city, with_cell(2, 2, "member")) == [(2, "职务")]
    rows = lines(LEADERS)
    assert faults(city, [row for row in rows if row[1] != "office"]) == [(2, "职务")]


def test_nobody_stands_twice_in_one_body(city: House) -> None:
    rows = lines(LEADERS)
    assert faults(city, [*rows, rows[-1]]) == [(19, "姓名")]


def test_an_empty_list_is_refused(city: House) -> None:
    assert faults(city, lines(LEADERS)[:1]) == [(None, None)]


def test_a_newer_list_replaces_the_countys_older_one_from_its_day_on(city: House) -> None:
    load(city.seat, "load_leaders", LEADERS, **{"from": "2026-03-01"})
    other = [[row[0].replace("永春县", "德化县"), *row[1:]] for row in lines(LEADERS)]
    load(city.seat, "load_leaders", written(city.folder / "o.csv", other), **{"from": "2026-03-01"})
    newer = written(city.folder / "n.csv", with_cell(2, 3, "李新任"))
    load(city.seat, "load_leaders", newer, **{"from": "2026-05-01"})

    def heads(day: date) -> list[tuple[str, str]]:
        return [(sheet.title[:3], str(sheet.sections[0].rows[0][1])) for sheet in annex7.sheets(day)]

    assert heads(date(2026, 4, 30)) == [("永春县", "陈示例"), ("德化县", "陈示例")]
    assert heads(date(2026, 5, 1)) == [("永春县", "李新任"), ("德化县", "陈示例")]
    assert heads(date(2026, 2, 28)) == [] and LeaderList.objects.count() == 3


def test_a_county_told_by_the_code_of_its_office_is_called_by_its_name(city: House) -> None:
    rows = [[row[0].replace("永春县", "350525"), *row[1:]] for row in lines(LEADERS)]
    load(city.seat, "load_leaders", written(city.folder / "l.csv", rows))
    assert LeaderList.objects.get().county == "永春县"


def test_the_audit_names_the_file_and_nobody_on_it(city: House) -> None:
    load(city.seat, "load_leaders", LEADERS, **{"from": "2026-03-01"})
    entry = AuditEntry.objects.get(what="load_leaders")
    assert entry.subject.startswith("leaders/2026-03-01/") and "陈示例" not in f"{entry.subject}{entry.why}"
