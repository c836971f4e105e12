"""附件3: plan, made and issued by centre and category; sums equal; nobody counted twice."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.annexes.store import (
    EXAMPLES,
    at_the_counter,
    cards,
    delivered,
    hand_out,
    lines,
    load,
    offices,
    told,
    written,
)  # fmt: skip
from tests.lanes.house import House
from zhika.annexes import annex3
from zhika.engine import batches, plastic
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Failure
from zhika.ledger.laws import breaches
from zhika.ledger.places import today
from zhika.ledger.steps import StepRecord
from zhika.paper.annex import Sheet

UNITS = {"E1": ("worker", 5), "N1": ("resident", 4), "S1": ("student", 3)}


@pytest.fixture
def city(house: House) -> House:
    """A platform with the document's plan."""
    offices()
    assert load(house.seat, "load_plan", EXAMPLES / "annex3.csv", annex="3", **{"from": "2026-03-01"})
    return house


def made() -> Sheet:
    return annex3.sheet(today(), "XX市")


def rows(sheet: Sheet) -> dict[str, Mapping[str, Any]]:
    """Each centre's figures by column, and the total's under 合计."""
    main = sheet.sections[0]
    names = [heading.name for heading in main.headings]
    return {str(line[0] or line[1]): dict(zip(names, line, strict=True)) for line in main.lines}


def figures(row: Mapping[str, Any], what: str) -> tuple[int, ...]:
    return tuple(row[f"{what}_{category}"] for category in ("worker", "resident", "student", "all"))


def fail(batch: Batch, unit: str, number: int) -> None:
    plastic.fail(batch, {cards(batch, unit)[number].application_ref: "chip-dead"}, step="finish", source="icbc")


def test_the_plan_is_the_papers_and_its_computed_totals_are_the_printed_ones(city: House) -> None:
    sheet = made()
    total = rows(sheet)["合计"]
    assert figures(total, "plan") == (692_882, 314_600, 80_904, 1_088_386)
    assert [int(cell) for cell in lines(EXAMPLES / "annex3.csv")[-1][2:]] == list(figures(total, "plan"))
    assert sheet.sections[1].rows == () and "16 个数与计算相符" in sheet.sections[1].empty


def test_a_wrong_printed_total_is_shown_as_a_difference_and_never_taken_over(city: House) -> None:
    changed = lines(EXAMPLES / "annex3.csv")
    changed[2][5], changed[13][2] = "131388", "692880"
    load(city.seat, "load_plan", written(city.folder / "p.csv", changed), annex="3", **{"from": "2026-03-02"})
    sheet = made()
    assert sheet.sections[1].rows == (
        ("鲤城医疗保险分中心 总计", 131_387, 131_388, 1), ("职工 合计", 692_882, 692_880, -2),
    )  # fmt: skip
    assert figures(rows(sheet)["合计"], "plan") == (692_882, 314_600, 80_904, 1_088_386)


def test_made_and_issued_are_summed_by_centre_and_category(city: House) -> None:
    first = delivered(city.seat, "A1-02-1", "02", UNITS)
    second = delivered(city.seat, "A1-03-1", "03", {"E2": ("worker", 2)})
    hand_out(first, "E1", cards(first, "E1")[:3])
    hand_out(first, "S1", cards(first, "S1"))
    hand_out(second, "E2", cards(second, "E2")[:1])
    found = rows(made())
    assert figures(found["02"], "made") == (5, 4, 3, 12) and figures(found["02"], "issued") == (3, 0, 3, 6)
    assert figures(found["03"], "made") == (2, 0, 0, 2) and figures(found["03"], "issued") == (1, 0, 0, 1)
    assert figures(found["合计"], "made") == (7, 4, 3, 14) and figures(found["合计"], "issued") == (4, 0, 3, 7)
    assert breaches() == []


def test_a_batch_that_the_bank_has_not_delivered_is_not_made(city: House) -> None:
    batch = delivered(city.seat, "A1-02-1", "02", UNITS)
    StepRecord.objects.filter(batch=batch).delete()
    assert figures(rows(made())["合计"], "made") == (0, 0, 0, 0)


def test_a_failed_card_is_neither_made_nor_issued_though_it_was_in_somebodys_hands(city: House) -> None:
    batch = delivered(city.seat, "A1-02-1", "02", UNITS)
    hand_out(batch, "E1", cards(batch, "E1"))
    fail(batch, "E1", 0)
    fail(batch, "N1", 0)
    found = rows(made())["02"]
    assert figures(found, "made") == (4, 3, 3, 10) and figures(found, "issued") == (4, 0, 0, 4)


def test_a_person_who_was_started_again_is_counted_once(city: House) -> None:
    batch = delivered(city.seat, "A1-02-1", "02", {"E1": ("worker", 2)})
    hand_out(batch, "E1", cards(batch, "E1"))
    fail(batch, "E1", 1)
    again = delivered(city.seat, "A1-02-2", "02", {"E1": ("worker", 1)})
    hand_out(again, "E1", cards(again, "E1"))
    found = rows(made())["02"]
    assert figures(found, "made") == figures(found, "issued") == (2, 0, 0, 2)


def test_a_replacement_card_is_no_second_person(city: House) -> None:
    delivered(city.seat, "A1-02-1", "02", {"E1": ("worker", 2)})
    delivered(city.seat, "A3-02-1", "02", {"E1": ("worker", 1)}, "urban-replacement")
    assert figures(rows(made())["02"], "made") == (2, 0, 0, 2)


def test_cards_of_walk_ins_are_issued_at_the_centres_own_counter(city: House) -> None:
    batch = delivered(city.seat, "A2-02-1", "02", {"E1": ("worker", 3), "N1": ("resident", 2)}, "urban-new")
    at_the_counter(batch, [*cards(batch, "E1")[:2], cards(batch, "N1")[0]])
    fail(batch, "E1", 0)
    found = rows(made())["02"]
    assert figures(found, "made") == (2, 2, 0, 4) and figures(found, "issued") == (1, 1, 0, 2)


def test_cards_found_again_in_a_second_parcel_count_for_their_unit(city: House) -> None:
    batch = delivered(city.seat, "A1-02-1", "02", {"E1": ("worker", 3)})
    hand_out(batch, "E1", cards(batch, "E1")[:2])
    second = plastic.parcel_group(batch, "E1", 2).code.removeprefix(f"{batch.code}.")
    organisation(second, kind="unit")
    hand_out(batch, second, cards(batch, "E1")[2:])
    assert figures(rows(made())["02"], "issued") == (3, 0, 0, 3)


def test_a_past_day_is_shown_as_it_was(city: House) -> None:
    batch = delivered(city.seat, "A1-02-1", "02", UNITS)
    StepRecord.objects.filter(batch=batch).delete()
    told(batch, "deliver", days_ago=3)
    hand_out(batch, "E1", cards(batch, "E1"))
    fail(batch, "E1", 0)
    assert Failure.objects.count() == 1
    before = rows(annex3.sheet(today() - timedelta(days=1), "XX市"))["02"]
    assert figures(before, "made") == (5, 4, 3, 12) and figures(before, "issued") == (0, 0, 0, 0)
    assert figures(rows(annex3.sheet(today() - timedelta(days=4), "XX市"))["02"], "made") == (0, 0, 0, 0)


def test_a_centre_outside_the_plan_and_a_unit_without_category_are_named(city: House) -> None:
    delivered(city.seat, "A1-77-1", "77", {"E9": ("worker", 2)})
    delivered(city.seat, "A1-02-1", "02", {"X1": ("other", 1)})
    sheet = made()
    assert figures(rows(sheet)["77"], "plan") == (0, 0, 0, 0) and figures(rows(sheet)["77"], "made") == (2, 0, 0, 2)
    assert figures(rows(sheet)["02"], "made") == (0, 0, 0, 1)
    assert any("77" in remark for remark in sheet.remarks) and any(
        remark.startswith("1 张卡") for remark in sheet.remarks
    )


def test_without_a_plan_what_was_made_is_shown_all_the_same(house: House) -> None:
    delivered(house.seat, "A1-02-1", "02", UNITS)
    sheet = made()
    assert figures(rows(sheet)["02"], "made") == (5, 4, 3, 12)
    assert any("load_plan" in remark for remark in sheet.remarks)


def test_the_number_of_queries_does_not_grow_with_batches_or_cards(city: House) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            made()
        return len(queries)

    first = delivered(city.seat, "A1-02-1", "02", {"E1": ("worker", 9)})
    hand_out(first, "E1", cards(first, "E1"))
    once = asked()
    for n in range(2, 5):
        batch = delivered(city.seat, f"A1-02-{n}", "02", {f"E{n}": ("worker", 9)})
        hand_out(batch, f"E{n}", cards(batch, f"E{n}"))
    assert asked() == once


def test_real_production_in_the_house_is_counted_as_the_books_have_it(house: House) -> None:
    """The one batch of the test house, formed by the engine: its unit is a worker's."""
    batch = house.batch()
    told(batch, "deliver")
    assert len(batches.live(batch)) == 6
    assert figures(rows(made())["02"], "made") == (6, 0, 0, 6)
