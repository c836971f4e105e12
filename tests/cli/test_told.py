"""What is typed after `zhika do`: placeholders are never taken for an answer, and faults name the place they stand."""

from pathlib import Path

import pytest

from zhika.cli.told import told
from zhika.errors import Fault, Refused


def signed(folder: Path, text: str) -> Path:
    path = folder / "signed.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_placeholder_is_refused_in_every_option_fact_subject_and_cell_and_each_is_named(tmp_path: Path) -> None:
    file = signed(tmp_path, "subject,id_no\nQZ1,350502199001010018\nQZ2,<id_no>\n")
    options = {"--by": "王芳", "--second": "<second>", "--reason": " <reason> ", "--evidence": "<evidence>"}
    with pytest.raises(Refused) as caught:
        told(["<serial>"], ["id_no=<id_no>", "by=self"], file, options)
    places = [(fault.where, fault.row, fault.column) for fault in caught.value.faults]
    assert places == [
        ("--second", None, None), ("--reason", None, None), ("--evidence", None, None), ("--fact id_no", None, None),
        ("对象", None, None), ("signed.csv", 3, "id_no"),
    ]  # fmt: skip


def test_what_only_contains_angle_brackets_is_an_answer(tmp_path: Path) -> None:
    assert told(["QZ1"], ["note=a<b>c"], None, {"--reason": "温度 <5 度"}).facts == {"QZ1": {"note": "a<b>c"}}


def test_a_subject_twice_in_a_file_is_refused_with_both_rows(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="第 4 行「subject」列: 与第 2 行重复"):
        told([], [], signed(tmp_path, "subject\nQZ1\nQZ2\nQZ1\n"), {})


def test_a_fault_of_a_subject_is_placed_in_the_file_that_named_it_and_else_stays(tmp_path: Path) -> None:
    heard = told(["QZ9"], [], signed(tmp_path, "subject\nQZ1\nQZ2\n"), {})
    faults = [Fault("领卡回执 QZ2", "卡不在本单位的料盘中"), Fault("领卡回执 QZ9", "卡不在本单位的料盘中")]
    assert [str(fault) for fault in heard.placed(faults)] == [
        "signed.csv 第 3 行: 领卡回执 QZ2: 卡不在本单位的料盘中",
        "领卡回执 QZ9: 卡不在本单位的料盘中",
    ]
