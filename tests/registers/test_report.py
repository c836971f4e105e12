from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from zhika.errors import Refused
from zhika.flows.documents import CORRECTION
from zhika.registers.report import TITLES, corrections, lines, summary, write


def test_the_summary_counts_every_reason_of_every_line(checked: dict[str, pl.DataFrame]) -> None:
    for rows in checked.values():
        reasons = ";".join(reason for reason in rows["reasons"] if reason).split(";")
        assert dict(summary(rows).select("code", "lines").iter_rows()) == {
            code: reasons.count(code) for code in reasons
        }


def test_the_gravest_lines_come_first_in_the_order_of_the_file(checked: dict[str, pl.DataFrame]) -> None:
    shown = lines(checked["rural"])
    assert shown["proposal"].unique(maintain_order=True).to_list() == ["退回", "待确认", "通过"]
    for _, part in shown.group_by("proposal"):
        numbers = part["line"].cast(pl.Int64).to_list()
        assert numbers == sorted(numbers)
    assert shown["explained"].str.len_chars().min() > 0  # type: ignore[operator]


def test_spreadsheet_and_csv_say_the_same_and_keep_every_digit(
    tmp_path: Path, checked: dict[str, pl.DataFrame]
) -> None:
    assert write(checked["urban"], tmp_path / "r.xlsx") == write(checked["urban"], tmp_path / "r.csv") == 82
    sheet = CalamineWorkbook.from_path(tmp_path / "r.xlsx").get_sheet_by_name("明细").to_python()
    table = pl.read_csv(tmp_path / "r.csv", infer_schema=False).fill_null("")
    assert sheet[0] == table.columns == list(TITLES.values())
    assert [tuple(row) for row in sheet[1:]] == table.rows()
    assert (tmp_path / "r.csv").read_bytes()[:3] == b"\xef\xbb\xbf"


def test_a_report_of_another_kind_is_refused(tmp_path: Path, checked: dict[str, pl.DataFrame]) -> None:
    with pytest.raises(Refused):
        write(checked["urban"], tmp_path / "r.doc")


def test_a_formula_in_a_name_stays_text(tmp_path: Path) -> None:
    line = {
        "lot": "L",
        "line": "2",
        "id_no": "",
        "name": "=1+1",
        "given": "",
        "found": "",
        "sources": "",
        "reasons": "no-id",
        "proposal": "reject",
    }
    write(pl.DataFrame([line]), tmp_path / "r.xlsx")
    assert CalamineWorkbook.from_path(tmp_path / "r.xlsx").get_sheet_by_name("明细").to_python()[1][3] == "=1+1"


def test_every_rejected_line_goes_back_as_a_correction_notice(checked: dict[str, pl.DataFrame]) -> None:
    rows = corrections(checked["rural"])
    assert tuple(rows.columns) == CORRECTION.columns
    rejected = checked["rural"].filter(proposal="reject")
    assert set(rows["line"]) == set(rejected["line"])
