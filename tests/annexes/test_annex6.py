"""附件6: people by county and lot, recovered against the due days; the paper's own error is shown, nothing copied."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.annexes.store import EXAMPLES, lines, load, offices, written
from tests.lanes.house import House, person
from zhika.annexes import annex6, recovery
from zhika.errors import NotReady
from zhika.flows.lanes import Lane
from zhika.ledger.places import SHANGHAI, today
from zhika.ledger.steps import Paper, StepRecord
from zhika.paper.annex import Sheet
from zhika.people.lots import CollectedLot
from zhika.people.offices import found


@pytest.fixture
def city(village: House) -> House:
    """A platform of the rural scheme with the document's plan."""
    offices()
    assert load(village.seat, "load_plan", EXAMPLES / "annex6.csv", annex="6", **{"from": "2026-03-01"})
    return village


def on(day: str) -> Sheet:
    return annex6.sheet(date.fromisoformat(day), "XX市")


def row(sheet: Sheet, county: str) -> Mapping[str, Any]:
    main = sheet.sections[0]
    (line,) = (line for line in main.lines if str(line[0]).startswith(county))
    return dict(zip((heading.name for heading in main.headings), line, strict=True))


def handed_in(office: str, day: str, people: int, back: int = 0, back_on: str = "") -> None:
    """A lot of a village, and how many of its lines the office sent back."""
    code = f"L-rural-{office}-{CollectedLot.objects.count()}"
    CollectedLot.objects.create(code=code, process="rural-batch", office=office, rows=people, day=day)
    if back:
        at = datetime.fromisoformat(back_on or day).replace(tzinfo=SHANGHAI)
        StepRecord.objects.create(
            subject_kind="lot", subject=code, process="rural-batch", number=1, lane="centre", function="confirm",
            n_in=people, n_out=people - back, happened_at=at, booked_at=at, by="王芳",
        )  # fmt: skip


def test_lots_and_totals_are_computed_and_just_the_papers_two_errors_differ(city: House) -> None:
    sheet = on("2026-03-01")
    total = row(sheet, "合计")
    assert [total[f"lot{n}"] for n in range(1, 6)] == [1_407_583, 1_407_584, 885_902, 885_902, 885_918]
    assert total["insured"] == sum(total[f"lot{n}"] for n in range(1, 6)) == 5_472_889
    assert sheet.sections[2].rows == (
        ("第二批 合计", 1_407_584, 1_407_583, -1), ("各批印刷合计之和", 5_472_889, 5_472_888, -1),
    )  # fmt: skip


def test_a_lot_printed_wrong_differs_and_does_not_change_the_lots(city: House) -> None:
    rows = lines(EXAMPLES / "annex6.csv")
    rows[1][2] = "79064"
    load(city.seat, "load_plan", written(city.folder / "p.csv", rows), annex="6", **{"from": "2026-03-02"})
    sheet = on("2026-03-02")
    assert sheet.sections[2].rows[0] == ("洛江区 第一批", 79_063, 79_064, 1)
    assert row(sheet, "洛江区")["lot1"] == 79_063


def test_each_row_adds_up_to_its_people(city: House) -> None:
    for county in recovery.counties(date(2026, 4, 1)):
        assert sum(county.lots) == county.line.rural and len(county.lots) == 5


def test_before_a_lots_day_nothing_is_owed_and_nobody_is_behind(city: House) -> None:
    told = row(on("2026-04-24"), "洛江区")
    assert (told["owed"], told["behind"], told["recovered1"]) == (0, 0, None)


def test_what_is_recovered_at_the_end_of_a_lots_day_stands_beside_its_plan(city: House) -> None:
    handed_in("350504", "2026-04-20", 50_000)
    handed_in("350504", "2026-04-25", 29_000)
    handed_in("350504", "2026-05-01", 70_000)
    told = row(on("2026-05-10"), "洛江区")
    assert (told["recovered1"], told["recovered2"], told["recovered3"]) == (79_000, 149_000, None)
    assert (told["owed"], told["recovered"], told["behind"]) == (158_126, 149_000, 9_126)


def test_a_lot_is_overdue_when_its_day_is_over_until_it_is_full(city: House) -> None:
    handed_in("350504", "2026-04-25", 79_062)
    assert not [x for x in on("2026-04-25").sections[1].rows if x[0] == "洛江区"]
    (late,) = (x for x in on("2026-04-26").sections[1].rows if x[0] == "洛江区")
    assert late == ("洛江区", "第一批", "2026-04-25", 79_063, 79_062, 1, 1)
    handed_in("350504", "2026-04-27", 1)
    assert not [x for x in on("2026-04-27").sections[1].rows if x[0] == "洛江区"]


def test_a_lot_that_was_late_stays_marked_though_it_is_full_now(city: House) -> None:
    handed_in("350504", "2026-04-27", 79_063)
    assert (0, 3) in on("2026-04-28").sections[0].marked
    handed_in("350505", "2026-04-25", 66_477)
    assert (1, 3) not in on("2026-04-28").sections[0].marked


def test_a_county_of_two_lots_has_no_third_to_be_late_with(city: House) -> None:
    handed_in("350504", "2026-04-01", 158_126)
    told = row(on("2026-12-31"), "洛江区")
    assert (told["recovered2"], told["recovered3"], told["owed"], told["behind"]) == (158_126, None, 158_126, 0)
    assert not [x for x in on("2026-12-31").sections[1].rows if x[0] == "洛江区"]


def test_a_county_ahead_does_not_make_up_for_one_behind(city: House) -> None:
    handed_in("350504", "2026-04-01", 158_126)
    total = row(on("2026-04-25"), "合计")
    assert total["behind"] == total["owed"] - 79_063


def test_who_was_sent_back_is_not_recovered_until_handed_in_again_and_counts_once(city: House) -> None:
    handed_in("350504", "2026-04-20", 79_063, back=100, back_on="2026-04-24")
    assert row(on("2026-04-23"), "洛江区")["recovered"] == 79_063
    told = row(on("2026-04-25"), "洛江区")
    assert (told["recovered"], told["returned"], told["behind"]) == (78_963, 100, 100)
    handed_in("350504", "2026-04-26", 100)
    assert row(on("2026-04-26"), "洛江区")["recovered"] == 79_063


def test_people_of_an_office_outside_the_plan_are_named(city: House) -> None:
    handed_in("350599", "2026-04-20", 7)
    assert any("7 人报送给计划中没有的" in remark for remark in on("2026-04-21").remarks)
    assert row(on("2026-04-21"), "合计")["recovered"] == 0


def test_without_a_plan_it_says_how_to_load_one(village: House) -> None:
    with pytest.raises(NotReady, match="load_plan"):
        on("2026-04-25")


def test_a_lot_that_a_village_hands_in_is_recovered_the_same_day_and_its_rejected_lines_go_back(city: House) -> None:
    """Through the lanes: six lines, of which the office passes five."""
    people = [person(n) | {"category": "参合", "centre": "350525", "status": "参合"} for n in range(6)]
    city.load_registers(people)
    code = city.lot([*people[:5], people[5] | {"name": ""}])
    lot = CollectedLot.objects.get()
    assert (lot.code, lot.office, lot.rows, lot.day) == (code, "350525", 6, today())
    assert lot.rows == Paper.objects.get(type="collected").rows and recovery.unread(today()) == 0
    (county,) = recovery.counties(today(), found("永春县"))
    assert county.recovered() == 6
    city.row(code, "confirm", Lane.CENTRE, second="李敏")
    (county,) = recovery.counties(today(), found("永春县"))
    assert (county.recovered(), county.sent_back()) == (5, 1)
    assert county.recovered(today() - timedelta(days=1)) == 0


def test_a_lot_whose_office_was_never_written_down_is_told_and_not_hidden(city: House) -> None:
    city.load_registers()
    city.lot()
    CollectedLot.objects.all().delete()
    assert recovery.unread(today()) == 6
    assert any("6 人的采集批" in remark for remark in annex6.sheet(today(), "XX市").remarks)
