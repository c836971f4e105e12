"""The supplier's two documents joined person by person: only who stands in both, with one number, is printed."""

import polars as pl
import pytest

from zhika.flows.documents import FACE_DATA, RURAL_FACE_DATA, SUPPLIER_ACCOUNTS
from zhika.lanes.supplier.ordering import join

NUMBERS = ("6222350000000000018", "6222350000000000026", "6222350000000000034")


def frames(*pans: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    faces = [FACE_DATA.example | {"app_no": f"A{n}", "pan": pan} for n, pan in enumerate(pans)]
    accounts = [SUPPLIER_ACCOUNTS.example | {"app_no": f"A{n}", "pan": pan} for n, pan in enumerate(pans)]
    return pl.DataFrame(faces), pl.DataFrame(accounts)


def changed(rows: pl.DataFrame, app: str, column: str, value: str) -> pl.DataFrame:
    return rows.with_columns(pl.when(pl.col("app_no") == app).then(pl.lit(value)).otherwise(column).alias(column))


def test_who_stands_in_both_with_one_number_is_ordered_with_the_banks_three_fields() -> None:
    joined = join(*frames(*NUMBERS), ["A0", "A1", "A2"])
    assert not joined.failed
    assert joined.orders["A1"].ink["pan"] == NUMBERS[1]
    assert joined.orders["A1"].ink["expiry"] == "11/36"
    assert "417" not in repr(joined)


def test_rows_in_another_order_join_the_same() -> None:
    faces, accounts = frames(*NUMBERS)
    people = ["A0", "A1", "A2"]
    assert join(faces, accounts.reverse(), people) == join(faces, accounts, people)


def test_who_stands_in_one_document_only_is_missing_from_the_other() -> None:
    faces, accounts = frames(*NUMBERS)
    joined = join(faces.filter(pl.col("app_no") != "A0"), accounts.filter(pl.col("app_no") != "A2"), ["A0", "A1", "A2"])
    assert joined.failed == {"A0": "row-missing", "A2": "row-missing"}
    assert list(joined.orders) == ["A1"]


def test_who_has_left_the_batch_is_not_ordered() -> None:
    assert list(join(*frames(*NUMBERS), ["A1"]).orders) == ["A1"]


def test_swapped_numbers_and_a_number_given_twice_are_second_numbers() -> None:
    faces, accounts = frames(*NUMBERS)
    swapped = changed(changed(accounts, "A0", "pan", NUMBERS[1]), "A1", "pan", NUMBERS[0])
    assert join(faces, swapped, ["A0", "A1", "A2"]).failed == {"A0": "second-number", "A1": "second-number"}
    twice = frames(NUMBERS[0], NUMBERS[0], NUMBERS[2])
    assert join(*twice, ["A0", "A1", "A2"]).failed == {"A0": "second-number", "A1": "second-number"}


@pytest.mark.parametrize(("column", "value"), [("expiry", "3613"), ("cvv2", "41"), ("cvv2", "４１７")])
def test_what_cannot_be_printed_on_a_card_is_a_bad_number(column: str, value: str) -> None:
    faces, accounts = frames(*NUMBERS)
    assert join(faces, changed(accounts, "A0", column, value), ["A0"]).failed == {"A0": "number-bad"}


def test_a_number_whose_check_digit_is_wrong_is_a_bad_number() -> None:
    assert join(*frames("6222350000000000019"), ["A0"]).failed == {"A0": "number-bad"}


def test_a_rural_card_is_ordered_without_a_number() -> None:
    ink = join(pl.DataFrame([RURAL_FACE_DATA.example]), None, [RURAL_FACE_DATA.example["app_no"]])
    (order,) = ink.orders.values()
    assert not order.ink.keys() & {"pan", "expiry", "cvv2"}
