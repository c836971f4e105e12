from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from zhika.errors import Refused
from zhika.registers.columns import COLLECTED, HOUSEHOLD
from zhika.registers.intake import read
from zhika.registers.tidy import tidy

HEADER = ["姓名", "公民身份号码", "性别", "出生日期"]
LINE = ["𬭎㛃·热巴", "35050219900101001X", "女", "19900101"]
NAMES = ("name", "id_no", "sex", "birth")


def workbook(path: Path, *lines: list[object]) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for number, line in enumerate(lines):
        for place, value in enumerate(line):
            if isinstance(value, str):
                sheet.write_string(number, place, value)
            elif isinstance(value, date):
                sheet.write_datetime(number, place, value, book.add_format({"num_format": "yyyy-mm-dd"}))
            else:
                sheet.write(number, place, value)
    book.close()
    return path


def text(path: Path, *lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_text("\r\n".join(",".join(line) for line in lines) + "\r\n", encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_each_encoding_that_offices_use(tmp_path: Path, encoding: str) -> None:
    intake = read(text(tmp_path / "f.csv", HEADER, LINE, encoding=encoding), HOUSEHOLD)
    assert intake.rows.columns == ["row", *NAMES]
    assert intake.rows.row(0) == (2, *LINE)
    assert intake.repairs.height == 0


def test_a_spreadsheet_gives_the_same_rows_as_the_csv(tmp_path: Path) -> None:
    sheet = read(
        workbook(tmp_path / "f.xlsx", [*HEADER], [*LINE], [""] * 4, ["陈阿山", "", "男", date(1990, 1, 1)]), HOUSEHOLD
    )
    assert sheet.rows.rows() == [(2, *LINE), (4, "陈阿山", "", "男", "19900101")]


def test_english_and_chinese_titles_are_the_same_column(tmp_path: Path) -> None:
    for number, header in enumerate((HEADER, [*NAMES], ["姓名", "身份证号", "sex", "birth"])):
        assert read(text(tmp_path / f"{number}.csv", header, LINE), HOUSEHOLD).rows.columns == ["row", *NAMES]


def test_an_id_number_that_a_spreadsheet_made_a_number_is_refused_with_its_place(tmp_path: Path) -> None:
    path = workbook(tmp_path / "f.xlsx", [*HEADER], [*LINE], ["陈阿山", 350502199001010018, "男", "19900101"])
    with pytest.raises(Refused) as refusal:
        read(path, HOUSEHOLD)
    (fault,) = refusal.value.faults
    assert (fault.where, fault.row, fault.column) == ("f.xlsx", 3, "公民身份号码")
    assert "350502" not in str(refusal.value)


def test_a_short_number_cell_keeps_all_its_digits(tmp_path: Path) -> None:
    path = workbook(tmp_path / "f.xlsx", [*HEADER], ["陈阿山", 350502900101001, "男", 19900101])
    assert read(path, HOUSEHOLD).rows.row(0) == (2, "陈阿山", "350502900101001", "男", "19900101")


def test_unknown_missing_and_repeated_columns_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        read(text(tmp_path / "f.csv", ["姓名", "name", "血型", "性别"], LINE), HOUSEHOLD)
    assert {fault.column for fault in refusal.value.faults} == {"姓名", "血型", "公民身份号码", "出生日期"}


def test_every_line_of_another_length_is_named_and_quoted_line_ends_do_not_shift_rows(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text('姓名,公民身份号码,性别,出生日期,地址\na,b,c,d,"一\n二"\n\na,b,c\na,b,c,d,e,f\n', "utf-8")
    with pytest.raises(Refused) as refusal:
        read(path, HOUSEHOLD)
    assert [fault.row for fault in refusal.value.faults] == [4, 5]


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff", b"\0\0\0\0", b'"\xe5', '姓名,"未完'.encode()])
@pytest.mark.parametrize("name", ["f.csv", "f.xlsx"])
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused) as refusal:
        read(tmp_path / name, HOUSEHOLD)
    assert all(fault.where == name for fault in refusal.value.faults)


def test_a_header_alone_gives_no_rows(tmp_path: Path) -> None:
    assert read(text(tmp_path / "f.csv", HEADER), HOUSEHOLD).rows.height == 0


def test_each_look_alike_dot_becomes_the_middle_dot_and_is_reported(tmp_path: Path) -> None:
    dots = "•・．.‧"
    path = text(tmp_path / "f.csv", HEADER, *([f"阿依{dot}古丽", *LINE[1:]] for dot in dots))
    intake = read(path, HOUSEHOLD)
    assert set(intake.rows["name"]) == {"阿依·古丽"}
    assert intake.repairs.rows() == [(row, "name", "dot") for row in range(2, 2 + len(dots))]


def test_a_latin_name_keeps_its_blanks_and_full_stops(tmp_path: Path) -> None:
    intake = read(text(tmp_path / "f.csv", HEADER, ["MARIA J. LOPEZ", *LINE[1:]]), HOUSEHOLD)
    assert intake.rows["name"].to_list() == ["MARIA J. LOPEZ"]
    assert intake.repairs.height == 0


CELL = st.text(st.sampled_from("阿山 　·•.．０１x９Xab\t"), max_size=12)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8))
def test_tidying_twice_is_tidying_once_and_every_change_is_reported(cells: list[tuple[str, str, str]]) -> None:
    names = ["name", "id_no", "birth"]
    rows = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row").with_row_index("row", 2)
    once, repairs = tidy(rows, COLLECTED)
    again, none = tidy(once, COLLECTED)
    assert again.equals(once)
    assert none.height == 0
    for name in names:
        changed = set(rows.filter(rows[name] != once[name])["row"])
        assert changed == set(repairs.filter(column=name)["row"])
