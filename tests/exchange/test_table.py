"""Rows as files: nothing is lost, nothing wrong comes through, no value shows in an error."""

from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhika.errors import ConfigurationError, Refused
from zhika.exchange import table
from zhika.exchange.checks import MOST_FAULTS
from zhika.exchange.layouts import CSV, Layout
from zhika.flows.documents import CATALOGUE, PASSING_ON, Document, Field, Key
from zhika.flows.lanes import Lane

HEADER = b"app_no,id_no,name,card_serial\n"
GOOD = "A26112300000017,350502199001010018,陈阿山,QZ26000000017\n".encode()
LOOSE = Document(
    "loose",
    "随意",
    {Lane.BANK},
    {Lane.BANK},
    (Field("first", "甲", 40, required=False), Field("second", "乙", 40, required=False)),
    Key.NONE,
)
BANK = Layout(
    "bank",
    "gb18030",
    (("app_no", 20), ("name", 40), ("id_no", 18), ("card_serial", 20)),
    "A26112300000017     陈阿山                                  350502199001010018QZ26000000017       ",
)
NASTY = st.text(
    st.sampled_from('·陈𠮷𰻞,"\n\r; \t=\u3000\ufeff\x00a') | st.characters(exclude_categories=["Cs"]), max_size=40
)


def frame(document: Document, *rows: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(document.columns, pl.String), orient="row")


def faults(data: bytes, document: Document = PASSING_ON, layout: Layout = CSV) -> list[tuple[int | None, str | None]]:
    with pytest.raises(Refused) as refused:
        table.decode(document, BytesIO(data), layout, "rows.csv")
    assert {fault.where for fault in refused.value.faults} == {"rows.csv"}
    return [(fault.row, fault.column) for fault in refused.value.faults]


@given(st.lists(st.tuples(NASTY, NASTY), max_size=6))
def test_any_text_comes_back_from_csv_as_it_was(rows: list[tuple[str, str]]) -> None:
    given_rows = frame(LOOSE, *rows)
    assert table.decode(LOOSE, BytesIO(table.encode(LOOSE, given_rows))).equals(given_rows)


NAMES = st.text(
    st.sampled_from("·陈𠮷𰻞买买提") | st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=10
)


@given(st.lists(NAMES, max_size=6))
def test_rare_characters_come_back_from_a_fixed_gb18030_file(names: list[str]) -> None:
    rows = frame(PASSING_ON, *(("A1", "350502199001010018", name, "QZ1") for name in names))
    data = table.encode(PASSING_ON, rows, BANK)
    assert all(len(line) == BANK.length for line in data.split(b"\n")[:-1])
    assert table.decode(PASSING_ON, BytesIO(data), BANK).equals(rows)


@pytest.mark.parametrize("document", CATALOGUE, ids=lambda document: document.code)
def test_the_example_of_every_document_passes_through_a_file(document: Document, tmp_path: Path) -> None:
    rows = pl.DataFrame([document.example])
    assert table.write(document, rows, tmp_path / "rows.csv") == 1
    assert table.read(document, tmp_path / "rows.csv").equals(rows)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_numbers_stay_text_and_nothing_becomes_empty_text() -> None:
    rows = frame(LOOSE, ("0042", ""), ("6222350000000000012", "1e5"))
    null = rows.with_columns(second=pl.Series([None, "1e5"], dtype=pl.String))
    assert table.decode(LOOSE, BytesIO(table.encode(LOOSE, null))).equals(rows)
    with pytest.raises(Refused, match="文本"):
        table.encode(LOOSE, rows.with_columns(first=pl.Series([1, 2])))


def test_every_fault_of_a_file_is_named_by_row_and_column_at_once() -> None:
    data = HEADER + GOOD + b"A1,,B,QZ1\n" + GOOD + b"A1,1,B\n" + b"A1,1,B,QZ1,more\n" + b"A1,1,\xff\xfe,QZ1\n"
    data += b"A1,1,B," + b"Q" * 21 + b"\n"
    assert faults(data) == [(3, "公民身份号码"), (5, None), (6, None), (7, None), (8, "卡序列号")]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"app_no,id_no,name\n", [(1, "卡序列号")]),
        (b"app_no,id_no,name,card_serial,cvv2\n", [(1, None)]),
        (b"app_no,name,id_no,card_serial\n", [(1, None)]),
        (b"app_no,app_no,id_no,name,card_serial\n", [(1, None)]),
        (b'"app_no,id_no\n', [(1, None)]),
        (b"app_no,id_no,\xff,card_serial\n", [(1, None)]),
    ],
)
def test_columns_other_than_the_declared_are_refused(header: bytes, expected: list[object]) -> None:
    assert faults(header + GOOD) == expected


def test_a_file_without_a_header_is_refused_and_its_first_person_not_shown() -> None:
    with pytest.raises(Refused) as refused:
        table.decode(PASSING_ON, BytesIO(GOOD))
    assert not any(value in str(refused.value) for value in GOOD.decode().strip().split(","))


def test_an_empty_file_lacks_every_column() -> None:
    assert faults(b"") == [(1, field.title) for field in PASSING_ON.fields]


@pytest.mark.parametrize("line", [b'A1,1,"B"x,QZ1\n', b'A1,1,"B,QZ1\n', b"A1,1,B\rC,QZ1\n"])
def test_broken_quoting_is_refused_where_it_stands(line: bytes) -> None:
    assert faults(HEADER + GOOD + line) == [(3, None)]


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert table.decode(PASSING_ON, BytesIO(b"\xef\xbb\xbf" + HEADER + GOOD)).height == 1


def test_a_wholly_wrong_file_names_a_thousand_faults_and_stops() -> None:
    assert len(faults(HEADER + b"A1\n" * 3_000)) == MOST_FAULTS
    assert len(faults(HEADER + b"A1,,B,QZ1\n" * 3_000)) == MOST_FAULTS


def test_row_numbers_stay_right_over_many_rows() -> None:
    data = HEADER + GOOD * 45_000 + b"short\n" + b"A1,,B,QZ1\n"
    assert faults(data) == [(45_002, None), (45_003, "公民身份号码")]


def test_what_is_refused_coming_in_is_refused_going_out() -> None:
    with pytest.raises(Refused) as refused:
        table.encode(PASSING_ON, frame(PASSING_ON, ("A1", "1", "名" * 51, "QZ1"), ("A1", " ", "B", "QZ1")))
    assert [(f.row, f.column) for f in refused.value.faults] == [(2, "姓名"), (3, "公民身份号码")]


@pytest.mark.parametrize("name", ["名" * 21, "A\nB", "A "])
def test_what_a_fixed_line_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        table.encode(PASSING_ON, frame(PASSING_ON, ("A1", "1", "B", "QZ1"), ("A1", "1", name, "QZ1")), BANK)
    assert [(f.row, f.column) for f in refused.value.faults] == [(2, "姓名")]


def test_a_name_that_the_encoding_lacks_is_refused_without_showing_it() -> None:
    layout = Layout("old", "gbk", BANK.widths, BANK.sample)
    with pytest.raises(Refused, match="第 1 行「姓名」列: 有 gbk 不能表示的字") as refused:
        table.encode(PASSING_ON, frame(PASSING_ON, ("A1", "1", "陈𠮷", "QZ1")), layout)
    assert "𠮷" not in str(refused.value)


def test_a_fixed_line_of_another_length_or_encoding_is_refused() -> None:
    line = BANK.sample.encode("gb18030") + b"\r\n"
    assert table.decode(PASSING_ON, BytesIO(line * 2), BANK)["name"].to_list() == ["陈阿山"] * 2
    assert faults(line + line[1:], layout=BANK) == [(2, None)]
    assert faults(line[:21] + b"\xff" + line[22:], layout=BANK) == [(1, "姓名")]


def test_a_layout_must_hold_the_columns_of_its_document() -> None:
    with pytest.raises(ConfigurationError, match="does not hold the columns"):
        table.encode(PASSING_ON, frame(PASSING_ON), Layout("few", "gb18030", (("app_no", 2),), "A1"))
