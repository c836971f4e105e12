"""Tables handed to commands: any usual file is read, and what can't be is refused with file, row and column."""

from pathlib import Path

import pytest
import xlsxwriter

from zhika.cli import tables
from zhika.errors import Refused

ROWS = [{"subject": "QZ1", "id_no": "350502199001010018"}, {"subject": "QZ2", "id_no": ""}]
TEXT = "subject,id_no\nQZ1, 350502199001010018\nQZ2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_separated_values_are_read_in_the_usual_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes((TEXT + "陈,\n").encode(encoding))
    assert tables.rows(path, ("subject",)) == [*ROWS, {"subject": "陈", "id_no": ""}]


def workbook(path: Path, number: object) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([["subject", "id_no"], ["QZ1", number]]):
            sheet.write_row(place, 0, row)
    return path


def test_a_workbook_is_read_as_text(tmp_path: Path) -> None:
    assert tables.rows(workbook(tmp_path / "t.xlsx", "350502199001010018"), ("subject",)) == ROWS[:1]
    assert tables.rows(workbook(tmp_path / "u.xlsx", 17), ())[0]["id_no"] == "17"


def test_a_number_that_a_spreadsheet_has_rounded_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="第 2 行"):
        tables.rows(workbook(tmp_path / "t.xlsx", 350502199001010018), ("subject",))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a,b\n1,2\n", "subject"),
        (b"subject\nQZ1,2\n", "第 2 行"),
        (b'subject\n"QZ1\n', "CSV"),
        (b"\xff\xfe\x80\x00", "CSV"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(Refused, match=said):
        tables.rows(path, ("subject",))


def test_a_missing_file_and_a_broken_workbook_are_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"none\.csv: 文件不存在"):
        tables.rows(tmp_path / "none.csv", ())
    (tmp_path / "t.xlsx").write_bytes(b"no workbook")
    with pytest.raises(Refused, match=r"t\.xlsx: 不是可读的工作簿"):
        tables.rows(tmp_path / "t.xlsx", ())
