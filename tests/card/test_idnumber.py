from datetime import date

import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhika.card import idnumber
from zhika.card.idnumber import InvalidIdNumber, Kind, Sex

PUBLISHED = ["11010519491231002X", "440524188001010014"]
"""The two examples of GB 11643."""


@st.composite
def valid(draw: st.DrawFn) -> str:
    area = draw(st.from_regex(r"[1-9][0-9]{5}", fullmatch=True))
    born = draw(st.dates(min_value=date(1, 1, 1)))
    body = f"{area}{born:%Y%m%d}".zfill(14) if born.year >= 1000 else f"{area}{born.year:04}{born:%m%d}"
    body += f"{draw(st.integers(0, 999)):03}"
    return body + idnumber.calc_check_digit(body)


near = st.one_of(
    valid(),
    valid().map(str.lower),
    valid().map(lambda number: f"\u3000{number[:6]} {number[6:]}\ufeff"),
    valid().map(lambda number: number.translate({ord(str(d)): 0xFF10 + d for d in range(10)})),
    st.from_regex(r"[0-9]{17}[0-9Xx]", fullmatch=True),
    st.from_regex(r"[0-9]{6}(19|20)[0-9]{2}(0[0-9]|1[0-3])([0-3][0-9])[0-9]{3}[0-9X]", fullmatch=True),
    st.from_regex(r"[0-9]{6}0000[0-9]{7}[0-9X]", fullmatch=True),
    st.from_regex(r"[0-9]{15}", fullmatch=True),
    st.text(alphabet="0123456789Xx١二\n\t ０ｘa\x00", max_size=20),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
)


def first_rule(number: str | None) -> str | None:
    if number is None:
        return "missing"
    try:
        idnumber.validate(number)
    except InvalidIdNumber as error:
        return error.code
    return None


@pytest.mark.parametrize("number", PUBLISHED)
def test_the_standards_examples_are_valid(number: str) -> None:
    assert idnumber.validate(number) == number


@given(st.lists(st.none() | near, max_size=30))
def test_a_column_breaks_the_same_rules_as_its_rows(numbers: list[str | None]) -> None:
    column = polars.Series("id_no", numbers, dtype=polars.String)
    found = idnumber.faults(column)
    assert found.to_list() == [first_rule(number) for number in numbers]
    assert found.name == "id_no"
    assert found.dtype == polars.String


@given(valid(), st.integers(0, 16), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(number: str, place: int, shift: int) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert first_rule(wrong) in {"birth", "check"}


@given(valid(), st.integers(0, 15))
def test_every_swap_of_neighbours_is_found(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert first_rule(swapped) in ({None} if swapped == number else {"birth", "check"})


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "missing"),
        (" \u3000", "missing"),
        ("350502900101001", "old-15"),
        ("35050219900101001", "length"),
        ("3505021990010100180", "length"),
        ("X50502199001010018", "characters"),
        ("3505021990010100１二", "characters"),
        ("350502199002300015", "birth"),
        ("350502190002290015", "birth"),
        ("350502000001010015", "birth"),
        ("11010519491231002１", "check"),
        ("350502200002290011", "check"),
    ],
)
def test_the_first_broken_rule_is_named(number: str, code: str) -> None:
    assert first_rule(number) == code
    assert not idnumber.is_valid(number)


@given(near)
def test_an_error_never_quotes_the_number(number: str) -> None:
    code = first_rule(number)
    if code is not None:
        assert str(InvalidIdNumber(code)) == f"公民身份号码: {idnumber.RULES[code]}"
        with pytest.raises(InvalidIdNumber) as caught:
            idnumber.validate(number)
        assert str(caught.value) == str(InvalidIdNumber(code))


@given(valid())
def test_cleaning_twice_changes_nothing(number: str) -> None:
    once = idnumber.clean(f" {number.lower()}\t")
    assert once == number == idnumber.clean(once)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("35050219900101001", Kind.CITIZEN),
        ("81000019900101001", Kind.RESIDENCE_PERMIT),
        ("82000019900101002", Kind.RESIDENCE_PERMIT),
        ("83000019900101001", Kind.RESIDENCE_PERMIT),
        ("91184019900101002", Kind.FOREIGN_RESIDENT),
        ("99999919900101001", Kind.FOREIGN_RESIDENT),
        ("00000019900101001", Kind.CITIZEN),
    ],
)
def test_residence_permits_foreigners_and_unknown_areas_are_accepted(body: str, kind: Kind) -> None:
    found = idnumber.parts(body + idnumber.calc_check_digit(body))
    assert found.kind is kind
    assert found.area == body[:6]
    assert found.birth == date(1990, 1, 1)
    assert found.sex is (Sex.MALE if body.endswith("1") else Sex.FEMALE)


@given(valid())
def test_an_upgrade_proposal_is_the_number_without_century_and_check(number: str) -> None:
    old = number[:6] + number[8:17]
    try:
        proposal = idnumber.upgrade_proposal(old)
    except InvalidIdNumber as error:
        assert error.code == "birth"  # 29 February of another century
        return
    assert proposal[:6] + proposal[8:17] == old
    assert proposal[6:8] == ("18" if int(old[12:]) >= 996 else "19")
    assert first_rule(old) == "old-15"


def test_an_upgrade_of_anything_but_15_digits_is_refused() -> None:
    with pytest.raises(InvalidIdNumber) as caught:
        idnumber.upgrade_proposal(PUBLISHED[0])
    assert caught.value.code == "length"


@given(valid())
def test_a_masked_number_hides_birth_date(number: str) -> None:
    assert idnumber.mask(number) == number[:6] + "*" * 8 + number[-4:]


def test_masked_names_keep_their_length_and_hide_the_middle() -> None:
    names = ["", "张", "张三", "张小三", "欧阳小三", "买买提·吐尔逊", "𬭎𠅤𮣲"]
    masked = ["", "*", "张*", "张*三", "欧**三", "买*****逊", "𬭎*𮣲"]
    assert [idnumber.mask_name(name) for name in names] == masked
