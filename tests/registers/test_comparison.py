"""Each rule is broken by one line of one made-up register; the example registers show that the counts are right."""

import time

import polars as pl
import pytest

from zhika.flows.documents import CHECK_LIST
from zhika.registers.comparison import CHECKED, compare
from zhika.registers.rules import RULES, SEVERITY, proposal

ONE = {
    "person_no": "P1", "name": "陈阿山", "id_no": "350502199001010018", "sex": "男", "birth": "19900101",
    "status": "正常", "photo": "p1",
}  # fmt: skip
TWO = {**ONE, "person_no": "P2", "name": "林小梅", "id_no": "350502198502030020", "sex": "女", "birth": "19850203"}
UNKNOWN = "11010519491231002X"
"""The example of GB 11643: valid, in none of these registers."""

BROKEN: dict[str, dict[str, str]] = {
    "no-name": {"name": ""},
    "no-id": {"id_no": ""},
    "id-length": {"id_no": "35050219900101001"},
    "id-old-15": {"id_no": "350502900101001"},
    "id-characters": {"id_no": "3505021990O1010018"},
    "id-birth": {"id_no": "350502199002300018"},
    "id-check": {"id_no": "350502199001010011"},
    "id-of-other": {"id_no": TWO["id_no"]},
    "id-differs": {"id_no": UNKNOWN},
    "name-differs": {"name": "陈阿珊"},
    "person-no-differs": {"person_no": "P9"},
    "sex-contradicts-id": {"sex": "女"},
    "birth-contradicts-id": {"birth": "19900102"},
    "not-in-insurance": {"person_no": "P9", "id_no": UNKNOWN},
    "not-insured": {"status": "停保"},
    "no-photo": {"photo": ""},
    "name-repaired": {"name": "陈 阿山"},
    "id-repaired": {"id_no": "３５０５０２199001010018"},
}


def frame(*people: dict[str, str]) -> pl.DataFrame:
    rows = pl.DataFrame(people)
    return rows.with_columns(lot=pl.lit("L"), line=pl.int_range(2, pl.len() + 2))


def codes(
    *people: dict[str, str], register: tuple[dict[str, str], ...] = (ONE, TWO), **given: pl.DataFrame | pl.Series
) -> list[list[str]]:
    checked = compare(frame(*people), pl.DataFrame(register), **given)  # type: ignore[arg-type]
    return [reasons.split(";") if reasons else [] for reasons in checked["reasons"]]


@pytest.mark.parametrize("code", BROKEN)
def test_a_line_that_breaks_one_rule_is_told_so(code: str) -> None:
    found = codes({**ONE, **BROKEN[code]})[0]
    assert code in found
    assert codes(ONE) == [[]]


def test_every_rule_is_broken_somewhere_in_these_tests() -> None:
    others = {
        "id-shared", "sex-differs", "birth-differs", "duplicate-line", "line-conflicts", "not-in-household",
        "insured-in-both", "has-card", "deceased",
    }  # fmt: skip
    assert {rule.code for rule in RULES} == set(BROKEN) | others


def test_one_number_for_two_people_is_found_on_both_lines() -> None:
    assert codes(ONE, {**TWO, "id_no": ONE["id_no"]})[0] == ["id-shared"]
    assert codes(ONE, {**TWO, "id_no": ONE["id_no"]})[1][:2] == ["id-shared", "id-of-other"]


def test_of_equal_lines_the_first_stands_and_of_unequal_ones_none_is_accepted() -> None:
    assert codes(ONE, ONE) == [[], ["duplicate-line"]]
    assert codes(ONE, {**ONE, "photo": "p2"}) == [["line-conflicts"], ["line-conflicts"]]


def test_a_register_that_is_itself_wrong_is_shown_as_a_difference() -> None:
    wrong = {**ONE, "sex": "女", "birth": "19910101"}
    assert codes(ONE, register=(wrong,)) == [["sex-differs", "birth-differs"]]


def test_only_rural_lines_are_held_against_a_household_register() -> None:
    household = pl.DataFrame([{key: TWO[key] for key in ("name", "id_no", "sex", "birth")}])
    assert codes(ONE, TWO) == [[], []]
    assert codes(ONE, TWO, household=household) == [["not-in-household"], []]
    renamed = household.with_columns(name=pl.lit("林晓梅"))
    assert codes(TWO, household=renamed) == [["name-differs"]]


def test_no_one_gets_a_card_from_both_schemes_or_twice() -> None:
    assert codes(ONE, TWO, other_scheme=pl.DataFrame([TWO])) == [[], ["insured-in-both"]]
    assert codes(ONE, TWO, other_scheme=pl.DataFrame([{**TWO, "status": "终止"}])) == [[], []]
    assert codes(ONE, TWO, taken=pl.Series([ONE["id_no"]])) == [["has-card"], []]
    assert codes(ONE, TWO, dead=pl.Series([TWO["id_no"]])) == [[], ["deceased"]]


def test_who_is_not_insured_now_gets_no_card_whatever_the_unit_wrote() -> None:
    for status in ("停保", "退保", "死亡", "未参合", "暂停", "终止", ""):
        assert codes(ONE, register=({**ONE, "status": status},)) == [["not-insured"]]


def test_a_person_without_personal_number_is_found_by_id_number() -> None:
    assert codes({**ONE, "person_no": ""}) == [[]]


def test_a_mistyped_number_is_not_matched_and_the_register_s_own_is_shown() -> None:
    checked = compare(frame({**ONE, "id_no": "350502199001010011"}), pl.DataFrame([ONE, TWO]))
    assert checked["given"].to_list() == ["公民身份号码=350502199001010011"]
    assert checked["found"].to_list() == ["公民身份号码=350502199001010018"]
    assert checked["id_no"].to_list() == ["350502199001010011"]


def test_values_come_back_as_given_and_in_the_order_given() -> None:
    people = [{**TWO, "name": " 林小梅"}, ONE]
    checked = compare(frame(*people), pl.DataFrame([ONE, TWO]))
    assert checked["name"].to_list() == [" 林小梅", "陈阿山"]
    assert checked["line"].to_list() == ["2", "3"]


def test_a_null_is_an_empty_value() -> None:
    columns = ("name", "id_no", "photo")
    emptied = frame(ONE).with_columns(pl.lit(None, pl.String).alias(name) for name in columns)
    assert compare(emptied, pl.DataFrame([ONE]))["reasons"].to_list() == ["no-name;no-id;no-photo"]


def test_an_empty_lot_gives_an_empty_check_list() -> None:
    assert compare(frame(ONE).clear(), pl.DataFrame([ONE])).height == 0


def test_the_most_severe_reason_decides() -> None:
    for rule in RULES:
        assert proposal(rule.code) == rule.proposal
        assert proposal(f"name-repaired;{rule.code};id-repaired") == rule.proposal
    assert [step.value for step in SEVERITY] == ["accept", "ask", "reject"]


def test_columns_and_widths_are_those_of_the_check_list(checked: dict[str, pl.DataFrame]) -> None:
    assert CHECK_LIST.columns == CHECKED
    for rows in checked.values():
        assert tuple(rows.columns) == CHECKED
        assert set(rows.dtypes) == {pl.String()}
        for field in CHECK_LIST.fields:
            assert rows[field.name].str.len_chars().max() <= field.width  # type: ignore[operator]
            assert rows[field.name].null_count() == 0


EXPECTED = {
    "urban": {
        "not-in-insurance": 14, "no-photo": 10, "not-insured": 10, "id-old-15": 10, "name-repaired": 9, "id-check": 8,
        "name-differs": 6, "birth-contradicts-id": 4, "id-birth": 3, "insured-in-both": 3, "id-shared": 2,
        "id-of-other": 2, "id-repaired": 1, "sex-contradicts-id": 1, "id-differs": 1, "duplicate-line": 1,
    },
    "rural": {
        "no-photo": 74, "not-in-insurance": 56, "not-in-household": 51, "not-insured": 45, "id-check": 41,
        "id-old-15": 35, "name-differs": 29, "birth-contradicts-id": 24, "id-repaired": 22, "id-shared": 18,
        "name-repaired": 16, "id-birth": 11, "id-of-other": 9, "duplicate-line": 8, "sex-contradicts-id": 7,
        "insured-in-both": 3, "id-differs": 3, "no-name": 2, "no-id": 1,
    },
}  # fmt: skip


@pytest.mark.parametrize("scheme", EXPECTED)
def test_the_planted_faults_of_the_example_registers_are_found(scheme: str, checked: dict[str, pl.DataFrame]) -> None:
    codes = checked[scheme].select(pl.col("reasons").str.split(";").explode()).filter(pl.col("reasons") != "")
    assert dict(codes.group_by("reasons").len().iter_rows()) == EXPECTED[scheme]


@pytest.mark.parametrize("scheme", EXPECTED)
def test_what_differs_from_the_register_is_never_accepted_and_what_equals_it_never_blamed(
    scheme: str,
    checked: dict[str, pl.DataFrame],
    collected: dict[str, pl.DataFrame],
    registers: dict[str, pl.DataFrame],
) -> None:
    """Told from the files alone, without the comparison's own matching or rules."""
    keys = ("person_no", "name", "id_no", "sex", "birth", "status")
    same = collected[scheme].join(registers[scheme].select(keys), on=keys, how="semi")["line"].cast(pl.String).implode()
    rows = checked[scheme].with_columns(same=pl.col("line").is_in(same))
    repaired = rows.filter(pl.col("reasons").is_in(["name-repaired", "id-repaired"]))
    unlike = rows.filter(~pl.col("same") & ~pl.col("line").is_in(repaired["line"].implode()))
    assert unlike.filter(proposal="accept").height == 0
    value_faults = "differs|contradicts|id-check|id-birth|id-old|id-length|id-characters|no-id|no-name|not-in-insurance"
    household = pl.col("found").str.contains("户籍")
    assert rows.filter(pl.col("same") & pl.col("reasons").str.contains(value_faults) & ~household).height == 0


def test_nine_thousand_lines_take_under_a_second(
    collected: dict[str, pl.DataFrame], registers: dict[str, pl.DataFrame]
) -> None:
    lines = pl.concat([collected["rural"], collected["urban"]])
    began = time.perf_counter()
    assert compare(lines, registers["rural"], registers["household"], registers["urban"]).height == lines.height
    assert time.perf_counter() - began < 1
