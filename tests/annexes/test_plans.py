"""任务计划: read strictly, replaced from a day on, kept; the rule of the lots is the paper's own for every county."""

from datetime import date
from pathlib import Path

import pytest

from tests.annexes.store import EXAMPLES, lines, load, offices, written
from tests.lanes.house import House
from zhika.errors import ConfigurationError, Fault, Refused
from zhika.lanes.integrator.planning import due_days
from zhika.ledger.audit import AuditEntry
from zhika.people.plans import CARDS, FORMS, Plan, PlanLine, divided, in_force
from zhika.seat import config
from zhika.seat.config import AnnexOptions, Seat

ANNEX3, ANNEX6 = EXAMPLES / "annex3.csv", EXAMPLES / "annex6.csv"


@pytest.fixture
def city(house: House) -> House:
    """A platform that knows its offices."""
    offices()
    return house


def faults(city: House, rows: list[list[str]], **facts: str) -> list[tuple[int | None, str | None]]:
    """Row and column of every fault with which a plan is refused."""
    with pytest.raises(Refused) as refused:
        load(city.seat, "load_plan", written(city.folder / "plan.csv", rows), **facts)
    assert not Plan.objects.exists() and not PlanLine.objects.exists()
    return [(fault.row, fault.column) for fault in refused.value.faults]


def with_cell(path: Path, row: int, column: int, value: str) -> list[list[str]]:
    """The file's rows with another value; the header is row 1."""
    rows = lines(path)
    rows[row - 1][column] = value
    return rows


def test_the_rule_of_the_lots_gives_the_printed_lots_of_all_nine_counties(city: House) -> None:
    assert load(city.seat, "load_plan", ANNEX6, annex="6")
    printed = {row[0]: [int(cell) for cell in row[2:]] for row in lines(ANNEX6)[1:-1]}
    made = {x.name: divided(x.rural, x.lots) + [0] * (5 - x.lots) for x in PlanLine.objects.all()}
    assert made == printed and len(made) == 9
    assert {x.name: x.lots for x in PlanLine.objects.all()} == {
        name: 2 if name[:2] in ("洛江", "惠安") else 5 for name in made
    }


def test_no_person_is_lost_or_doubled_by_the_rule() -> None:
    for people in (0, 1, 4, 5, 6, 1_212_004):
        for lots in range(1, 8):
            parts = divided(people, lots)
            assert sum(parts) == people and len(parts) == lots and min(parts) >= 0
            assert all(part == parts[0] for part in parts[:-1]) and 0 <= parts[-1] - parts[0] < lots


def test_a_county_is_found_by_its_name_without_the_remark_in_brackets(city: House) -> None:
    load(city.seat, "load_plan", ANNEX6, annex="6")
    assert PlanLine.objects.get(name="惠安县(含XX台商投资区)").office.code == "350521"


def test_a_newer_plan_replaces_the_older_from_its_day_on_and_history_is_kept(city: House) -> None:
    load(city.seat, "load_plan", ANNEX3, annex="3", **{"from": "2026-03-01"})
    newer = written(city.folder / "newer.csv", with_cell(ANNEX3, 2, 2, "151561"))
    load(city.seat, "load_plan", newer, annex="3", **{"from": "2026-06-01"})

    def workers(day: str) -> int:
        plan = in_force(CARDS, date.fromisoformat(day))
        assert plan is not None
        return plan.lines.get(office__code="01").worker

    assert [workers(day) for day in ("2026-03-01", "2026-05-31", "2026-06-01")] == [151560, 151560, 151561]
    assert in_force(CARDS, date(2026, 2, 28)) is None and in_force(FORMS, date(2026, 6, 1)) is None


def test_of_two_plans_from_one_day_the_last_loaded_holds(city: House) -> None:
    load(city.seat, "load_plan", ANNEX3, annex="3", **{"from": "2026-03-01"})
    newer = written(city.folder / "newer.csv", with_cell(ANNEX3, 2, 2, "151561"))
    load(city.seat, "load_plan", newer, annex="3", **{"from": "2026-03-01"})
    plan = in_force(CARDS, date(2026, 3, 1))
    assert plan is not None and plan.lines.get(office__code="01").worker == 151561


def test_loading_is_audited_and_the_same_file_from_the_same_day_is_loaded_once(city: House) -> None:
    assert load(city.seat, "load_plan", ANNEX3, annex="3", **{"from": "2026-03-01"})
    assert not load(city.seat, "load_plan", ANNEX3, annex="3", **{"from": "2026-03-01"})
    assert load(city.seat, "load_plan", ANNEX3, annex="3", **{"from": "2026-04-01"})
    entries = AuditEntry.objects.filter(what="load_plan").values_list("who", "subject")
    assert [(who, subject[:18]) for who, subject in entries] == [
        ("周", "annex3/2026-03-01/"), ("周", "annex3/2026-04-01/"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "column", "value", "title"),
    [
        (2, 0, "99", "编号"),
        (3, 0, "01", "编号"),
        (4, 1, "", "医保中心"),
        (5, 2, "20,308", "职工"),
        (6, 3, "-1", "居民"),
        (7, 4, "", "大学生"),
        (8, 5, "many", "总计"),
    ],
)
def test_a_bad_cell_of_annex_3_is_refused_with_row_and_column(
    city: House, row: int, column: int, value: str, title: str
) -> None:
    assert faults(city, with_cell(ANNEX3, row, column, value), annex="3") == [(row, title)]


@pytest.mark.parametrize(
    ("row", "column", "value", "title"),
    [
        (2, 0, "洛阳市", "县（市、区）"),
        (3, 0, "洛江区", "县（市、区）"),
        (4, 1, "八十八万", "参合总人数"),
        (5, 6, "x", "第五批"),
    ],
)
def test_a_bad_cell_of_annex_6_is_refused_with_row_and_column(
    city: House, row: int, column: int, value: str, title: str
) -> None:
    assert faults(city, with_cell(ANNEX6, row, column, value), annex="6") == [(row, title)]


def test_every_fault_of_a_file_is_told_at_once(city: House) -> None:
    rows = with_cell(ANNEX3, 2, 2, "x")
    rows[4][0] = "77"
    assert faults(city, rows, annex="3") == [(2, "职工"), (5, "编号")]


def test_lots_of_other_due_days_and_unknown_columns_are_refused(city: House) -> None:
    rows = lines(ANNEX6)
    rows[0][2] = "lot1_0426"
    assert faults(city, rows, annex="6") == [(1, "lot1_0426")]
    assert faults(city, lines(ANNEX3), annex="6")[0] == (1, "centre")


def test_a_second_row_of_totals_and_a_file_without_offices_are_refused(city: House) -> None:
    rows = lines(ANNEX3)
    assert faults(city, [*rows, rows[-1]], annex="3") == [(15, "编号")]
    assert faults(city, [rows[0], rows[-1]], annex="3") == [(None, None)]


def test_a_plan_may_name_the_number_of_lots_itself_but_no_more_than_there_are_days(city: House) -> None:
    head, rows = ["code", "county", "insured", "lots"], [["350504", "洛江区", "9", "4"]]
    assert faults(city, [head, ["350504", "洛江区", "9", "6"]], annex="6") == [(2, "批数")]
    assert load(city.seat, "load_plan", written(city.folder / "p.csv", [head, *rows]), annex="6")
    assert PlanLine.objects.get().lots == 4


@pytest.mark.parametrize("facts", [{}, {"annex": "7"}, {"annex": "3", "from": "1.3.2026"}, {"annex": "6", "year": "x"}])
def test_what_is_told_beside_the_file_is_checked_too(city: House, facts: dict[str, str]) -> None:
    with pytest.raises(Refused):
        load(city.seat, "load_plan", ANNEX6, **facts)


def test_the_year_of_the_due_days_is_told_or_configured_or_the_plans_own(city: House) -> None:
    seat = Seat(**{**vars(city.seat), "annex": AnnexOptions(year=2027)})
    load(city.seat, "load_plan", ANNEX6, annex="6", **{"from": "2026-03-01"})
    load(seat, "load_plan", ANNEX6, annex="6", **{"from": "2026-03-02"})
    load(seat, "load_plan", ANNEX6, annex="6", year="2028", **{"from": "2026-03-03"})
    assert [plan.days[0] for plan in Plan.objects.order_by("pk")] == [date(y, 4, 25) for y in (2026, 2027, 2028)]
    assert Plan.objects.first().due == ["2026-04-25", "2026-05-10", "2026-05-25", "2026-06-10", "2026-06-25"]


def test_due_days_that_could_not_be_are_refused() -> None:
    for options in (
        AnnexOptions(due=("04-31",), lots=1, lots_of={}), AnnexOptions(due=("05-01", "04-01"), lots=1, lots_of={}),
        AnnexOptions(due=("04-01",), lots=2, lots_of={}), AnnexOptions(due=(), lots=1, lots_of={}),
    ):  # fmt: skip
        with pytest.raises(ConfigurationError, match="due"):
            due_days(options, 2026)


def test_the_rule_of_the_lots_is_read_from_seat_toml_and_a_wrong_type_is_named(city: House) -> None:
    path = city.seat.home / "seat.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + '\n[annex]\nyear = 2026\ndue = ["03-01", "03-15"]\nlots = 2\nlots_of = {350504 = 1}\n')
    annex = config.read(city.seat.home).annex
    assert (annex.year, annex.due, annex.lots, dict(annex.lots_of)) == (2026, ("03-01", "03-15"), 2, {"350504": 1})
    for line, said in (
        ("due = [3]", "due 的每项应为文字"),
        ("due = 3", "due 应为列表"),
        ('lots_of = {a = "2"}', "lots_of 的 a 应为整数"),
        ("lots_of = 2", "lots_of 应为表"),
    ):
        path.write_text(f"{text}\n[annex]\n{line}\n", encoding="utf-8")
        with pytest.raises(ConfigurationError, match=said):
            config.read(city.seat.home)


def test_a_refusal_names_no_value_of_the_file(city: House) -> None:
    with pytest.raises(Refused) as refused:
        load(city.seat, "load_plan", written(city.folder / "p.csv", with_cell(ANNEX3, 2, 2, "secret")), annex="3")
    assert refused.value.faults[0] == Fault("p.csv", "应为人数 (非负整数, 不带千分号)", 2, "职工")
