"""The six tables against the document's charts: `charts.json` and `rows.json` are transcribed from them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from zhika.errors import ConfigurationError
from zhika.flows import FLOWS, flow
from zhika.flows.chart import Cards, Flow, Step
from zhika.flows.documents import (
    ACCOUNT_FILE,
    CATALOGUE,
    CHECK_LIST,
    CONFIRMATION,
    CVV2,
    EXPIRY,
    PRODUCTION_DATA,
    SEMI_FINISHED,
    Document,
)
from zhika.flows.lanes import Lane

HERE = Path(__file__).parent
CHARTS: dict[str, list[dict[str, Any]]] = json.loads((HERE / "charts.json").read_text(encoding="utf-8"))
ROWS: dict[str, list[dict[str, Any]]] = json.loads((HERE / "rows.json").read_text(encoding="utf-8"))
NAMES = tuple(CHARTS)
URBAN = FLOWS["urban-batch"]


def test_the_six_charts_have_as_many_numbers_as_the_document() -> None:
    assert {name: len(chart.numbers) for name, chart in FLOWS.items()} == {
        "urban-batch": 15, "urban-new": 14, "urban-replacement": 13,
        "rural-batch": 14, "rural-new": 15, "rural-replacement": 14,
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_box_has_the_charts_own_number_lane_title_and_kind(name: str) -> None:
    boxes = [
        {"number": s.number, "lane": s.lane.value, "title": s.title, "kind": s.kind.value}
        for s in flow(name).steps
        if s.box
    ]
    assert boxes == CHARTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_row_sends_and_awaits_what_the_trial_of_the_charts_found(name: str) -> None:
    rows = [
        {
            "number": s.number, "box": s.box, "lane": s.lane.value, "kind": s.kind.value, "grain": s.grain.value,
            "awaits": [d.code for d in s.awaits], "sends": [d.code for d in s.sends],
            "cards": s.cards and s.cards.value,
        }
        for s in flow(name).steps
    ]  # fmt: skip
    assert rows == ROWS[name]


def test_the_trial_has_94_rows() -> None:
    assert sum(map(len, ROWS.values())) == 94


def test_an_unknown_chart_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"urban-btach.*urban-batch"):
        flow("urban-btach")


def changed(work: str, **new: Any) -> tuple[Step, ...]:
    assert any(step.work == work for step in URBAN.steps)
    return tuple(replace(step, **new) if step.work == work else step for step in URBAN.steps)


def refusal(steps: tuple[Step, ...]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Flow("broken", "坏图", "附件", steps, URBAN.own)
    return str(caught.value)


def test_the_unchanged_rows_are_accepted() -> None:
    assert Flow("copy", "抄本", "附件", URBAN.steps, URBAN.own).numbers == URBAN.numbers


def test_a_chart_with_a_gap_is_refused() -> None:
    assert "have a gap" in refusal(tuple(step for step in URBAN.steps if step.number != 8))


def test_a_row_that_stands_twice_is_refused() -> None:
    assert "row 15 activate stands twice" in refusal((*URBAN.steps, URBAN.steps[-1]))


def test_a_row_awaiting_a_document_that_nobody_sends_before_is_refused_by_name() -> None:
    message = refusal(changed("return_accounts", sends=()))
    assert "row 5 个人信息数据库对比 awaits account-file (账号资料), which no earlier row sends" in message


def test_a_document_sent_only_later_does_not_count_as_sent() -> None:
    message = refusal(changed("generate_accounts", awaits=(PRODUCTION_DATA, SEMI_FINISHED)))
    assert "row 3 根据制卡数据生成账号资料 awaits semi-finished" in message


def test_a_document_sent_by_a_lane_not_its_own_is_refused() -> None:
    message = refusal(changed("submit_production_data", sends=(PRODUCTION_DATA, ACCOUNT_FILE)))
    assert "row 2 提交制卡数据 sends account-file (账号资料), which lane integrator may not send" in message


def test_a_document_awaited_in_a_lane_not_its_own_is_refused() -> None:
    message = refusal(changed("laminate", awaits=(ACCOUNT_FILE,)))
    assert "row 8 卡面覆膜 awaits account-file (账号资料), which lane supplier may not receive" in message


def test_a_field_used_before_the_lane_has_it_is_refused() -> None:
    message = refusal(changed("match", needs=frozenset({"card_serial"})))
    assert (
        "row 5 个人信息数据库对比 (match) needs card_serial, which lane integrator has neither received nor made"
        in message
    )


def test_a_document_whose_fields_the_sender_lacks_is_refused() -> None:
    message = refusal(changed("hand_out", makes=frozenset({"date"})))
    assert "row 14 社保卡交接手续 sends collection (领卡回执) without having by" in message


def test_things_that_are_sent_without_being_given_are_refused() -> None:
    assert "sends semi-finished (半成品清单), with which things travel, but gives none" in refusal(
        changed("return_semi_finished", cards=None)
    )


def test_rows_that_wait_for_each_other_are_refused_since_neither_could_be_reached() -> None:
    ring = (
        Step(1, Lane.INTEGRATOR, "甲", "a", awaits=(CONFIRMATION,), sends=(CHECK_LIST,)),
        Step(2, Lane.CENTRE, "乙", "b", awaits=(CHECK_LIST,), sends=(CONFIRMATION,)),
    )
    assert "row 1 甲 awaits confirmation (数据确认), which no earlier row sends" in refusal(ring)


# The catalogue -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [EXPIRY, CVV2], ids=lambda f: f.name)
def test_a_document_that_sends_what_is_the_banks_to_the_integrator_is_refused_with_why(field: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Document("leak", "泄露", {Lane.BANK}, {Lane.INTEGRATOR}, (field,))
    message = str(caught.value)
    assert (
        f"document leak (泄露) carries {field.name} ({field.title}) to or from integrator, who may not see it"
        in message
    )
    assert "seen by bank, supplier only" in message


@pytest.mark.parametrize("document", CATALOGUE, ids=lambda d: d.code)
def test_each_documents_example_fits_its_own_widths(document: Document) -> None:
    for field in document.fields:
        value = document.example[field.name]
        assert len(value) <= field.width, field.name
        assert value or not field.required, field.name


def test_codes_in_the_catalogue_are_unique() -> None:
    codes = [document.code for document in CATALOGUE]
    assert len(set(codes)) == len(codes)


def test_a_batch_is_formed_by_its_first_row_about_a_batch_and_closed_by_the_banks_delivery() -> None:
    assert [(FLOWS[n].forming.number, FLOWS[n].closing.number) for n in NAMES] == [
        (2, 13), (4, 13), (3, 12), (2, 13), (4, 14), (3, 13),
    ]  # fmt: skip
    assert all(chart.closing.cards is Cards.GIVE and chart.closing.lane is Lane.BANK for chart in FLOWS.values())
