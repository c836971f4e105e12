"""The page holds all of a rehearsal, needs nothing from elsewhere, and hides nothing that is wrong."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from zhika.card import tray
from zhika.card.face import URBAN
from zhika.flows import flow
from zhika.flows.drawing import State, StepState, swimlane
from zhika.paper import faces
from zhika.rehearsal import rehearsal, report
from zhika.rehearsal.findings import Findings, Matter
from zhika.rehearsal.portraits import portrait
from zhika.rehearsal.timing import spans

BATCH = "A1-02-261123-01"
CARD = {"name": "陈阿山", "id_no": "350502199001010018", "ssc_no": "Q0000001X", "issue_date": "20261123"}


def line(organisation: str, state: str, title: str, group: str, kind: str, n: int) -> dict[str, object]:
    return {
        "organisation": organisation, "name": organisation, "state": state, "state_title": title, "group": group,
        "group_title": group,
        "kind": kind, "n": n,
    }  # fmt: skip


@pytest.fixture
def findings(tmp_path: Path) -> Findings:
    proofs = tmp_path / "supplier" / "files" / "proofs"
    proofs.mkdir(parents=True)
    faces.proof({**CARD, "pan": "6222350000000000012"}, portrait("1", "1", 36), URBAN).save(proofs / f"{BATCH}-1.jpg")
    (tmp_path / "platform" / "files" / "lists").mkdir(parents=True)
    (tmp_path / "platform" / "files" / "lists" / f"{BATCH}.pdf").write_bytes(b"%PDF-")
    chart = tmp_path / "charts" / f"{BATCH}.svg"
    chart.parent.mkdir()
    steps = flow("urban-batch").steps
    state = State(BATCH, {step.key: StepState(done=True) for step in steps[:9]}, {"芯片无应答": 1})
    chart.write_text(swimlane(flow("urban-batch"), state), encoding="utf-8")
    return Findings(
        folder=tmp_path, seed=7, seconds=131.4, charts={BATCH: chart},
        batches=[{"code": BATCH, "process": "urban-batch", "size": 250}],
        steps={
            BATCH: [
                {
                    "number": step.number, "title": step.title, "lane": step.lane.value, "n_in": 250, "n_out": 249,
                    "happened_at": f"2026-11-23T10:00:{2 * n:02}.000+08:00",
                }
                for n, step in enumerate(steps)
            ]
        },
        books={
            "platform": [
                line("鲤城医疗保险分中心", "good", "成品", BATCH, "batch", 3),
                line("闽达小学", "issued", "已发放", f"{BATCH}.100000", "parcel", 100),
                line("晋城鞋业有限公司", "issued", "已发放", f"{BATCH}.100057", "parcel", 146),
                line("icbc", "destroyed", "已销毁", BATCH, "batch", 1),
            ],
            "icbc": [line("icbc", "destroyed", "已销毁", BATCH, "batch", 1)],
        },
        breaches={"platform": [], "icbc": []},
        exceptions=[
            {
                "batch": BATCH, "application": "A26112300000017", "serial": "QZ26000000017", "cause": "chip-dead",
                "cause_title": "芯片无应答", "step": "laminate", "source": "supplier",
                "ended": "等待重新发起; 废卡已销毁",
            }
        ],
        rejected=[{"lot": "L-urban-1", "line": 7, "name": "张*", "id_no": "350502********1234", "reasons": "<停保>"}],
        troubles={"platform": []},
        mishaps={"一枚芯片失效": [""]},
    )  # fmt: skip


class Page(HTMLParser):
    """What a browser would fetch, and the text that people read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.fetched += [told[name] or "" for name in ("src", "srcset", "data") if name in told]
        self.links += [told["href"] or ""] if "href" in told else []
        if tag not in ("meta", "img", "input", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_fetches_nothing_and_every_link_leads_to_a_file_beside_it(findings: Findings) -> None:
    text = report.page(findings)
    page = Page(text)
    assert page.fetched
    assert all(url.startswith("data:image/jpeg;base64,") for url in page.fetched)
    assert page.links
    assert all((findings.folder / link).is_file() for link in page.links)
    assert page.open == []
    assert not re.search(r"@import|url\(|<script|<link", text)


def test_the_page_shows_charts_faces_books_exceptions_times_and_the_rejected(findings: Findings) -> None:
    page = Page(report.page(findings))
    for words in (
        BATCH, "返回半成品卡", "芯片无应答", "QZ26000000017", "张*", "<停保>",
        "2.0 秒", "背面样张", "四个席位账平", "一枚芯片失效", "等待重新发起; 废卡已销毁", "没有差异。", "没有收费。",
    ):  # fmt: skip
        assert words in page.words
    assert report.summary(findings) == [
        ("进入批次", 250), ("已发给持卡人", 246), ("待领", 3), ("退出批次", 1), ("废卡已销毁", 1), ("未进入制卡", 1),
    ]  # fmt: skip


def test_a_year_shows_differences_what_people_wanted_and_a_settlement_that_adds_up(findings: Findings) -> None:
    def office(name: str, taken: int, refunded: int) -> dict[str, object]:
        return {
            "name": name, "period": "2026-12", "number": "J-02-2026-12", "replacements": 3, "payments": 2, "exempt": 1,
            "taken": taken, "refunded": refunded, "net": taken - refunded,
        }  # fmt: skip

    case = {
        "number": "D1", "title": "短少", "thing": "芯片模块", "n": 1, "holder_name": "易联众",
        "handover": "A1~material", "count": "", "closed_at": "2026-11-24", "closing": "核销",
    }  # fmt: skip
    year = replace(
        findings, settlements=[office("鲤城医疗保险分中心", 4000, 0), office("丰泽医疗保险分中心", 2000, 2000)],
        cases=[case], matters=[Matter("遗失补卡", "QZ26000000017", "A26120700000001", "新卡 QZ26000000099 已领")],
    )  # fmt: skip
    words = Page(report.page(year)).words
    for told in ("核销", "遗失补卡", "新卡 QZ26000000099 已领", "J-02-2026-12", "合计", "60.00", "20.00", "40.00"):
        assert told in words
    out = StringIO()
    report.show(year, Console(file=out, width=160))
    assert "遗失补卡" in out.getvalue() and "40.00" in out.getvalue()


def test_a_broken_law_and_a_step_set_aside_stand_at_the_head(findings: Findings) -> None:
    assert findings.sound
    broken = replace(findings, breaches={"icbc": ["守恒: A1: 差 1"]})
    aside = replace(findings, troubles={"supplier": ["A1 已搁置: 料盘"]})
    for wrong, words in ((broken, "工商银行: 守恒: A1: 差 1"), (aside, "卡片供应商: A1 已搁置: 料盘")):
        assert not wrong.sound
        page = Page(report.page(wrong))
        assert words in page.words
        assert "四个席位账平" not in page.words
        told = StringIO()
        report.show(wrong, Console(file=told, width=160))
        assert "账不平或有搁置" in told.getvalue()


def test_steps_of_a_batch_fill_its_time_without_gap_or_overlap(findings: Findings) -> None:
    timed = spans(findings.steps[BATCH])
    assert all(one[2] == other[1] for one, other in pairwise(timed))
    assert timed[-1][2] == 2 * (len(timed) - 1)


def test_cards_are_counted_and_not_the_trays_they_lie_in_and_every_folder_is_named(findings: Findings) -> None:
    hands = findings.folder / "world" / "people" / "A1.cards.tray"
    hands.parent.mkdir(parents=True)
    tray.create(hands, "people", "cards")
    with tray.open_for_work(hands, bytes(32)) as opened:
        for serial in ("QZ1", "QZ2", "QZ3"):
            opened.add(serial=serial)
    (findings.folder / "icbc" / "files" / "lists").mkdir(parents=True)
    (findings.folder / "icbc" / "files" / "lists" / "x.pdf").write_bytes(b"%PDF-")
    out = Console(width=200, record=True, file=StringIO())
    report.show(findings, out)
    said = out.export_text()
    (cards,) = [line.split() for line in said.splitlines() if "持卡人手中的卡" in line]
    assert "3" in cards
    (lists,) = [line for line in said.splitlines() if "(PDF)" in line]
    assert "platform/files/lists" in lists and "icbc/files/lists" in lists


def test_tables_that_were_typed_are_forgotten_and_the_commands_stay(tmp_path: Path) -> None:
    rehearsal._clear(tmp_path / "demo", 8, 1)
    typed = tmp_path / "demo" / "typed"
    assert typed.stat().st_mode & 0o777 == 0o700
    for name in ("a.csv", "commands.txt"):
        (typed / name).write_text("350502199001010018", encoding="utf-8")
    rehearsal.forget(tmp_path / "demo")
    assert [path.name for path in typed.iterdir()] == ["commands.txt"]
