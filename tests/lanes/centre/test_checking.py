"""数据确认: two signers, a decision on every line."""

from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from tests.lanes.house import House, person
from zhika.cli import checking as looking_at
from zhika.engine import desk
from zhika.engine.todo import todo
from zhika.errors import NotAllowed, NotReady, Refused
from zhika.flows.documents import CHECK_LIST, CONFIRMATION
from zhika.flows.lanes import Lane
from zhika.lanes.centre import checking
from zhika.ledger.steps import Paper

ASK = {"name": "林小艳"}


def checked(*changes: tuple[str, str]) -> pl.DataFrame:
    """A check list: proposal and reasons of each line, from line 2."""
    rows = [
        CHECK_LIST.example | {"lot": "L", "line": str(at), "proposal": proposal, "reasons": reasons}
        for at, (proposal, reasons) in enumerate(changes, 2)
    ]
    return pl.DataFrame(rows)


def confirmation(house: House) -> pl.DataFrame:
    return desk.read(house.seat, Paper.objects.get(type=CONFIRMATION.code))


def test_the_second_signer_is_another_person() -> None:
    for second in ("", "王芳", " 王芳 "):
        with pytest.raises(NotAllowed, match="另一人复核"):
            checking.confirmed(checked(("accept", "")), {}, signer="王芳", second=second)


def test_without_a_decision_the_proposal_holds_and_what_was_asked_goes_back() -> None:
    rows = checking.confirmed(
        checked(("accept", ""), ("ask", "name-differs"), ("reject", "no-photo")), {}, signer="王芳", second="李敏"
    )
    assert rows.select("decision", "reasons").rows() == [
        ("accept", ""), ("reject", "name-differs;not-decided"), ("reject", "no-photo"),
    ]  # fmt: skip


def test_a_line_that_must_be_mended_cannot_be_passed() -> None:
    with pytest.raises(Refused, match="行号 2"):
        checking.confirmed(checked(("reject", "id-check")), {"2": "accept"}, signer="王芳", second="李敏")


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_is_exported_and_filled_in_is_read_back(house: House, suffix: str) -> None:
    house.load_registers()
    lot = house.lot([person(0), person(1) | ASK, person(2) | {"sex": "女"}])
    path = house.folder / f"decide.{suffix}"
    assert checking.export(house.seat, lot, path) == 2
    fill(path, "按登记")
    house.row(lot, "confirm", Lane.CENTRE, second="李敏", decisions=str(path))
    assert confirmation(house)["decision"].to_list() == ["accept", "register", "register"]


def test_faults_of_the_filled_in_file_name_row_and_column(house: House) -> None:
    house.load_registers()
    lot = house.lot([person(1) | ASK, person(2) | {"sex": "女"}])
    path = house.folder / "decide.csv"
    checking.export(house.seat, lot, path)
    rows = pl.read_csv(path, infer_schema=False).with_columns(pl.Series("结论", ["也许", "通过"]))
    rows = rows.with_columns(pl.Series("姓名", [rows["姓名"][0], "陈大明"]))
    pl.concat([rows, rows[:1].with_columns(pl.lit("99").alias("行号"))]).write_csv(path)
    with pytest.raises(Refused) as caught:
        house.row(lot, "confirm", Lane.CENTRE, second="李敏", decisions=str(path))
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(2, "结论"), (3, "姓名"), (4, "行号")]


@pytest.mark.parametrize(("by", "second"), [("陈明", "李敏"), ("李敏", "陈明"), ("李敏", " 陈明 ")])
def test_who_collected_a_lot_signs_its_confirmation_in_no_place(house: House, by: str, second: str) -> None:
    house.load_registers()
    lot = house.lot()  # handed in by 陈明
    with pytest.raises(NotAllowed, match="同一人"):
        house.row(lot, "confirm", Lane.CENTRE, by=by, second=second)
    assert house.row(lot, "confirm", Lane.CENTRE, by="李敏", second="王芳")


def test_there_is_nothing_to_decide_before_the_comparison(house: House) -> None:
    with pytest.raises(NotReady):
        checking.export(house.seat, "L-urban-1-00000000", house.folder / "x.csv")


def fill(path: Path, word: str, only: str = "") -> None:
    """What the clerk does: the same word in every line's 结论; in a workbook, only where this is proposed."""
    if path.suffix == ".csv":
        pl.read_csv(path, infer_schema=False).with_columns(pl.lit(word).alias("结论")).write_csv(path)
        return
    header, *lines = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    with Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([header, *([*line[:-1], word if not only or only in line else ""] for line in lines)]):
            for place, value in enumerate(row):
                sheet.write_string(at, place, str(value))


def test_whoever_is_to_confirm_is_told_how_many_lines_are_doubtful_and_how_to_look(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house.load_registers()
    lot = house.lot([person(0), person(1) | ASK, person(2) | {"id_no": person(2)["id_no"][:17]}])
    (item,) = [item for item in todo(house.seat) if item.work == "confirm"]
    assert item.title == "数据确认 (1 存疑、1 建议退回)"
    assert f"zhika check {lot} --export" in item.hint and "decisions=" in item.hint
    monkeypatch.setattr(looking_at, "here", lambda: house.seat)
    looking_at.check(lot)
    path = house.folder / "decide.xlsx"
    looking_at.check(lot, path)
    said = capsys.readouterr().out
    assert "待确认" in said and "退回" in said and "decisions=" in said
    assert ASK["name"] not in said and person(1)["id_no"] not in said
    fill(path, "通过", only="待确认")
    assert house.row(lot, "confirm", Lane.CENTRE, second="李敏", decisions=str(path))
    assert confirmation(house)["decision"].to_list() == ["accept", "accept", "reject"]


def test_a_lot_without_doubt_has_no_note(house: House) -> None:
    house.load_registers()
    house.lot()
    (item,) = [item for item in todo(house.seat) if item.work == "confirm"]
    assert (item.title, item.hint) == ("数据确认", "")
