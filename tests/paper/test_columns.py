"""Widths, broken lines and pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhika.paper.columns import LONG_EDGE, MARGIN, PAD, SHORT_EDGE, SIZE, broken, em, fit, heading, pages

TEXTS = st.text("陈阿山·鲤城区（）号，。 ABiW1234567890-", max_size=60)


@given(TEXTS, st.floats(1.1, 40))
def test_breaking_loses_nothing_and_no_line_is_too_long(text: str, room: float) -> None:
    lines = broken(text, room)
    assert "".join(lines) == text
    assert all(em(line) <= room for line in lines)


@given(st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), max_size=90))
def test_every_row_stands_once_whole_and_in_order(rows: list[tuple[str, str, bool]]) -> None:
    columns = [[str(n) for n in range(len(rows))], [row[0] for row in rows], [row[1] for row in rows]]
    marked = [row[2] for row in rows]
    table = fit(["序号", "姓名", "地址"], columns)
    made = pages(table, columns, marked)
    numbers = [line for page in made for line in page.columns[0].split("\n") if line]
    assert numbers == columns[0]
    for at in (1, 2):
        assert "".join(page.columns[at].replace("\n", "") for page in made) == "".join(columns[at])
    assert sum(len(page.marked) for page in made) == sum(marked)
    for page in made:
        assert all(page.lines in (0, column.count("\n") + 1) for column in page.columns)
        assert page.rules == sorted(set(page.rules))


def test_few_columns_stand_upright_and_many_across_the_page() -> None:
    few = fit(["序号", "姓名"], [["1"], ["陈阿山"]])
    many = fit(["身份号码"] * 9, [["350502199001010018"]] * 9)
    assert (few.landscape, many.landscape) == (False, True)
    assert sum(few.widths) == pytest.approx(SHORT_EDGE - 2 * MARGIN)
    assert sum(many.widths) <= LONG_EDGE - 2 * MARGIN + 1e-9


def test_numbers_keep_their_line_while_chinese_text_gives_way() -> None:
    numbers, address = ["350502199001010018"], ["鲤城区涂门街一号金色花园小区三期十二幢一八零二室" * 3]
    table = fit(["号码"] * 6 + ["地址"], [numbers] * 6 + [address])
    (page,) = pages(table, [numbers] * 6 + [address], [False])
    assert table.size == SIZE
    assert all(column.split("\n")[0] == numbers[0] for column in page.columns[:6])
    assert page.lines > 1
    assert all(em(numbers[0]) * table.em <= width - 2 * PAD for width in table.widths[:6])


@pytest.mark.parametrize(
    "title", ["单位（村）编号", "社会保障卡卡号", "公民身份号码", "差异卡序列号", "成品/作废", "姓名"]
)
@pytest.mark.parametrize("value", ["", "350583", "350583000001", "350502199001010018"])
def test_every_line_of_a_heading_fits_its_column_and_none_is_one_character(title: str, value: str) -> None:
    lines = heading(title, [value]).split("\n")
    assert "".join(lines) == title and all(len(line) > 1 for line in lines)
    table = fit([heading(title, [value]), *["地址"] * 3], [[value], *[["鲤城区涂门街" * 9]] * 3])
    assert all(em(line) * table.em <= table.widths[0] - 2 * PAD for line in lines)
