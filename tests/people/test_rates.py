"""Fee rates as a table is handed in: what holds when, and what no table may say."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from zhika.errors import NotReady, Refused
from zhika.flows.requests import KINDS, OldCard
from zhika.ledger.batches import organisation
from zhika.people import fees, rate_table
from zhika.people.rates import FeeRate, due, valid

pytestmark = pytest.mark.django_db
HEAD = "kind,amount,valid_from,valid_to,legal,exempt"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "examples" / "fees" / "rates.csv"


def read(folder: Path, *lines: str, head: str = HEAD) -> rate_table.Table:
    path = folder / "rates.csv"
    path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    return rate_table.read(path, by="周", at=NOW)


def faults(folder: Path, *lines: str) -> list[tuple[int | None, str | None]]:
    with pytest.raises(Refused) as refused:
        read(folder, *lines)
    return [(fault.row, fault.column) for fault in refused.value.faults]


def test_the_example_holds_on_its_days_and_says_whose_fee_is_not_taken() -> None:
    rate_table.read(EXAMPLE, by="周", at=NOW).write()
    assert [due("lost", date(*day)).amount for day in ((2020, 12, 31), (2021, 1, 1), (2026, 11, 25))] == [
        1600, 2000, 2000,
    ]  # fmt: skip
    now = due("lost", date(2026, 11, 25))
    assert now.legal == "XX省发展改革委 X发改价格〔2020〕88号"
    assert set(now.exemptions) == {"low-income", "five-guarantee", "disabled", "special-care"}
    assert due("expired", date(2026, 11, 25)).amount == 0
    assert {rate.kind for rate in valid(date(2026, 11, 25))} == {k.code for k in KINDS.values() if not k.free}


def test_where_no_rate_holds_it_is_said_what_to_load() -> None:
    with pytest.raises(NotReady, match=r"「遗失」没有 2009-06-30 有效的收费标准.*load_rates"):
        rate_table.read(EXAMPLE, by="周", at=NOW).write()
        due("lost", date(2009, 6, 30))


def test_what_is_free_by_its_nature_needs_no_rate_and_gets_none(tmp_path: Path) -> None:
    assert due("warranty", date(2026, 1, 1)).amount == due("correction", date(2026, 1, 1)).amount == 0
    assert faults(tmp_path, "warranty,20,2026-01-01,,L,", "new,20,2026-01-01,,L,") == [(2, "业务类型"), (3, "业务类型")]


def test_only_a_lost_card_is_blocked_with_the_request() -> None:
    assert [k.code for k in KINDS.values() if k.old_card is OldCard.BLOCKED] == ["lost"]
    assert [k.code for k in KINDS.values() if not k.replaces] == ["new"]
    assert KINDS["correction"].notice == "勘误换卡通知单"


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("stolen,20,2026-01-01,,L,", "业务类型"),
        ("lost,-1,2026-01-01,,L,", "金额"),
        ("lost,20.005,2026-01-01,,L,", "金额"),
        ("lost,二十,2026-01-01,,L,", "金额"),
        ("lost,,2026-01-01,,L,", "金额"),
        ("lost,1e3,2026-01-01,,L,", "金额"),
        ("lost,20,2026-02-30,,L,", "生效日期"),
        ("lost,20,,,L,", "生效日期"),
        ("lost,20,2026-01-01,soon,L,", "失效日期"),
        ("lost,20,2026-01-02,2026-01-01,L,", "失效日期"),
        ("lost,20,2026-01-01,,,", "收费依据"),
        (f"lost,20,2026-01-01,,{'L' * 201},", "收费依据"),
        ("lost,20,2026-01-01,,L,low-income;rich", "免收事由"),
        ("lost,20,2026-01-01,,L,by-nature", "免收事由"),
    ],
)
def test_a_bad_row_is_refused_with_its_row_and_column(tmp_path: Path, line: str, column: str) -> None:
    assert faults(tmp_path, "damaged,20,2026-01-01,,L,", line) == [(3, column)]
    assert not FeeRate.objects.exists()


def test_every_fault_is_told_at_once_and_an_empty_table_is_one(tmp_path: Path) -> None:
    assert faults(tmp_path, "stolen,x,soon,,,") == [(2, "业务类型"), (2, "金额"), (2, "生效日期"), (2, "收费依据")]
    with pytest.raises(Refused, match="没有收费标准"):
        read(tmp_path)
    with pytest.raises(Refused, match="缺少此列"):
        read(tmp_path, "lost,20", head="kind,amount")


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ("lost,20,2026-01-01,,L,", "lost,16,2027-01-01,,L,", True),
        ("lost,20,2026-01-01,2026-12-31,L,", "lost,16,2026-12-31,,L,", True),
        ("lost,20,2026-01-01,2026-12-31,L,", "lost,16,2025-01-01,2026-01-01,L,", True),
        ("lost,20,2026-01-01,2026-12-31,L,", "lost,16,2026-06-01,2026-07-01,L,", True),
        ("lost,20,2026-01-01,,L,", "lost,20,2026-01-01,,L,", True),
        ("lost,20,2026-01-01,2026-12-31,L,", "lost,16,2027-01-01,,L,", False),
        ("lost,20,2026-01-01,,L,", "damaged,16,2026-01-01,,L,", False),
    ],
)
def test_two_rates_of_a_kind_never_hold_on_one_day(tmp_path: Path, first: str, second: str, clash: bool) -> None:
    if not clash:
        read(tmp_path, first, second).write()
        assert FeeRate.objects.count() == 2
        return
    assert faults(tmp_path, first, second) == [(3, "生效日期")]
    assert faults(tmp_path, second, first) == [(3, "生效日期")]
    read(tmp_path, first).write()
    if first != second:  # the same row once more is the same table loaded again
        assert faults(tmp_path, second) == [(2, "生效日期")]


def test_a_table_loaded_again_adds_nothing_and_may_end_what_had_no_end(tmp_path: Path) -> None:
    read(tmp_path, "lost,20,2026-01-01,,L,低保").write()
    assert read(tmp_path, "遗失,20.00,20260101,,L,low-income") == rate_table.Table()
    table = read(tmp_path, "lost,20,2026-01-01,2026-11-30,L,低保", "lost,16,2026-12-01,,M,")
    assert (len(table.added), len(table.ended)) == (1, 1)
    table.write()
    assert [due("lost", date(2026, month, 1)).amount for month in (11, 12)] == [2000, 1600]


@pytest.mark.parametrize("told", ["16,2026-01-01,2026-06-30,L,", "20,2026-01-01,,M,", "20,2026-01-01,,L,低保"])
def test_a_loaded_rate_is_never_told_otherwise(tmp_path: Path, told: str) -> None:
    read(tmp_path, "lost,20,2026-01-01,2026-06-30,L,").write()
    assert faults(tmp_path, f"lost,{told}") == [(2, "生效日期")]


def test_a_rate_does_not_end_before_a_day_on_which_it_was_charged(tmp_path: Path) -> None:
    read(tmp_path, "lost,20,2026-01-01,,L,").write()
    fees.charge("A1", organisation("02", kind="centre"), "lost", on=date(2026, 3, 5), by="王芳")
    assert faults(tmp_path, "lost,20,2026-01-01,2026-03-04,L,") == [(2, "失效日期")]
    read(tmp_path, "lost,20,2026-01-01,2026-03-05,L,").write()
