from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhika.card import cardnumber, digits, expiry, pan
from zhika.card.cardnumber import InvalidCardNumber
from zhika.card.pan import InvalidPan
from zhika.errors import ConfigurationError, Refused


def luhn_sum(number: str) -> int:
    """The definition: from the right, every second digit doubled, digit sums added."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled // 10 + doubled % 10
    return total


@pytest.mark.parametrize("number", ["4111111111111111", "5555555555554444", "6200000000000005", "4222222222222"])
def test_published_test_numbers_are_valid_pans(number: str) -> None:
    assert pan.validate(number) == number


@given(st.from_regex(r"[0-9]{9,18}", fullmatch=True))
def test_exactly_one_last_digit_makes_a_pan_valid(payload: str) -> None:
    valid = [digit for digit in "0123456789" if pan.is_valid(payload + digit)]
    assert valid == [pan.calc_check_digit(payload)]
    assert luhn_sum(payload + valid[0]) % 10 == 0


@given(st.lists(st.integers(0, 10**12 - 1), max_size=20), st.from_regex(r"[0-9]{1,6}", fullmatch=True))
def test_numbers_of_a_range_are_valid_distinct_and_hold_prefix_and_serial(serials: list[int], prefix: str) -> None:
    numbers = pan.numbers(prefix, np.array(serials, dtype=np.int64)).tolist()
    width = 18 - len(prefix)
    for number, serial in zip(numbers, serials, strict=True):
        assert pan.validate(number) == f"{prefix}{serial:0{width}}{number[-1]}"
    assert len(set(numbers)) == len(set(serials))


def test_the_width_of_a_pan_is_configuration() -> None:
    assert pan.numbers("411111", np.array([111111111]), width=16).tolist() == ["4111111111111111"]


@pytest.mark.parametrize("serial", [-1, 1000])
def test_a_serial_beyond_its_range_is_refused_with_its_row(serial: int) -> None:
    with pytest.raises(Refused) as caught:
        pan.numbers("622235000000000", np.array([999, serial]))
    assert [fault.row for fault in caught.value.faults] == [3]
    with pytest.raises(Refused):
        cardnumber.numbers("ABCDE", np.array([serial]))


@pytest.mark.parametrize("prefix", ["", "62x", "６２", "1" * 18])
def test_a_prefix_that_leaves_no_pan_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidPan):
        pan.numbers(prefix, np.array([0]))


@pytest.mark.parametrize(
    "number", ["", "622235000", "62223500000000000181", "622235000000000001x", "622235000000000001８"]
)
def test_a_pan_of_another_form_is_refused_without_being_quoted(number: str) -> None:
    with pytest.raises(InvalidPan) as caught:
        pan.validate(number)
    assert not number or number not in str(caught.value)


def test_a_masked_pan_shows_its_last_four() -> None:
    assert pan.mask("6222350000000000018") == "*" * 15 + "0018"
    assert pan.mask("1234") == "****"


def test_the_example_of_gb_11714_is_valid() -> None:
    assert cardnumber.validate("D2143569X") == "D2143569X"


@given(st.from_regex(r"[0-9A-Z]{8}", fullmatch=True))
def test_exactly_one_check_character_makes_a_card_number_valid(body: str) -> None:
    valid = [check for check in "0123456789X" if cardnumber.is_valid(body + check)]
    assert valid == [cardnumber.calc_check_digit(body)]


@given(st.lists(st.integers(0, 9_999_999), max_size=20), st.from_regex(r"[0-9A-Z]", fullmatch=True))
def test_card_numbers_of_a_range_are_valid_and_hold_prefix_and_serial(serials: list[int], prefix: str) -> None:
    for number, serial in zip(cardnumber.numbers(prefix, np.array(serials, dtype=np.int64)), serials, strict=True):
        assert cardnumber.validate(str(number))[:8] == f"{prefix}{serial:07}"


@pytest.mark.parametrize("number", ["", "A0000001", "a00000011", "A0000001Y", "A00000012", "A000000111"])
def test_a_card_number_of_another_form_or_check_is_refused(number: str) -> None:
    with pytest.raises(InvalidCardNumber):
        cardnumber.validate(number)


@given(st.dates(max_value=date(9999, 12, 31)), st.integers(1, 99))
def test_an_expiry_date_is_the_month_of_issue_years_later(issue: date, years: int) -> None:
    expires = expiry.after(issue, years)
    assert expires == f"{(issue.year + years) % 100:02}{issue.month:02}"
    assert expiry.printed(expires) == f"{expires[2:]}/{expires[:2]}"
    assert expiry.checked([expires]).tolist() == [expires]


@pytest.mark.parametrize("years", [0, -1, 100])
def test_a_term_that_two_digits_cannot_tell_is_refused(years: int) -> None:
    with pytest.raises(ConfigurationError):
        expiry.after(date(2026, 11, 23), years)


@pytest.mark.parametrize("text", ["3613", "3600", "361", "36111", "36x1", "３６１１", "3\x0011"])
def test_what_is_not_yymm_is_refused_with_its_row_and_without_its_value(text: str) -> None:
    with pytest.raises(Refused) as caught:
        expiry.checked(["3611", text])
    assert [fault.row for fault in caught.value.faults] == [3]
    assert text not in str(caught.value)


@given(st.lists(st.from_regex(r"[0-9]{1,19}", fullmatch=True)))
def test_texts_survive_becoming_code_points_and_back(texts: list[str]) -> None:
    array = digits.checked(texts, "", 1, 19)
    assert digits.joined(digits.code_points(array)).tolist() == texts
