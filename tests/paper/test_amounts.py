"""人民币大写 against the examples of its rules, and read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhika.paper.amounts import capitals, fen, yuan

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = {"拾": 10, "佰": 100, "仟": 1_000}


def read(text: str) -> int:
    """An amount in capitals, in fen."""
    total = section = digit = 0
    for character in text.removeprefix("人民币").removesuffix("整"):
        if character in DIGITS:
            digit = DIGITS.index(character)
        elif character in PLACES:
            section, digit = section + digit * PLACES[character], 0
        elif character in "万亿":
            total, section, digit = total + (section + digit) * (10**4 if character == "万" else 10**8), 0, 0
        elif character == "元":
            total, section, digit = (total + section + digit) * 100, 0, 0
        else:
            total, digit = total + digit * (10 if character == "角" else 1), 0
    return total


@pytest.mark.parametrize(
    ("amount", "written"),
    [  # 支付结算办法, annex 1, item 4
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("107000.53", "壹拾万零柒仟元伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
    ],
)
def test_the_examples_of_the_rules_are_written_as_they_stand_there(amount: str, written: str) -> None:
    assert capitals(fen(amount)) == f"人民币{written}"


@given(st.one_of(st.integers(0, 10**13), st.builds(lambda a, b: a * 10**b, st.integers(0, 999), st.integers(0, 10))))
def test_what_is_written_reads_back_to_the_fen(amount: int) -> None:
    text = capitals(amount)
    assert read(text) == amount
    assert "零零" not in text and text.endswith("整") == (amount % 10 == 0 and amount // 10 % 10 == 0)


@given(st.integers(-(10**11), 10**11))
def test_figures_are_exact(amount: int) -> None:
    assert fen(yuan(amount)) == amount


@pytest.mark.parametrize("text", ["", "20.", ".5", "1e3", "20.005", "２０", "1,000", "+5", " 5", "nan"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        fen(text)
