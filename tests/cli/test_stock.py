"""What people see of stock: lots that add up, open differences, the last counts."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.lanes.house import House, build
from typer.testing import CliRunner

from zhika.card import tray as trays
from zhika.cli import books, doing, main, recalling, stock
from zhika.engine import acts, plastic
from zhika.engine.work import Bound
from zhika.errors import ConfigurationError
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import material
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.custody import Quantity, move
from zhika.ledger.material import EMBEDDED, drawn, material_group
from zhika.ledger.places import State, place, today
from zhika.seat import things


@pytest.fixture
def house(tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> House:
    """Ten pieces of each kind bought; six modules and six blanks drawn for a batch, delivered, four cards made."""
    house = build(tmp_path)
    for command in (books, doing, recalling, stock):
        monkeypatch.setattr(command, "here", lambda: house.seat)
    house.stock(10, kinds=["modules", "blanks", "chip-blanks"])
    acts.act(house.seat, "load_material", "M-1", by="周")
    batch = house.batch()
    own, supplier = organisation(house.seat.organisation(Lane.INTEGRATOR)), organisation("supplier", name="卡厂")
    for kind in EMBEDDED:
        group = material_group(batch.code, kind, "M-1")
        move(place(own, State.BLANK, plastic.stock_group("M-1", kind)), place(supplier, State.BLANK, group),
             Quantity(6), cause="draw", by="test")  # fmt: skip
    plastic.consume(batch.code, supplier, 4, by="test", step=None)
    keys = [row["app_no"] for row in house.keys_of(batch)][:4]
    bound = {app: Bound(f"QZ{app}"[:20], "") for app in keys}
    plastic.bind(batch, own, bound, plastic.in_work(batch.code, supplier), by="test", step=None)
    with things.on_bench(house.seat.world, material.stock(house.seat) / "M-1-modules-1.tray") as tray:
        for piece in tray.pieces()[:6]:
            tray.remove(piece)
    with things.on_bench(house.seat.world, material.stock(house.seat) / "M-1-blanks-1.tray") as tray:
        for piece in tray.pieces()[:7]:
            tray.remove(piece)
    path = house.seat.bench(own.code, "bench") / f"{batch.code}.cards.tray"
    trays.create(path, path.stem, "cards")
    with things.on_bench(house.seat.world, path) as tray:
        for card in bound.values():
            tray.add(serial=card.serial)
    assert len(drawn(batch.code, supplier)) == 2
    return house


def run(*words: str) -> Any:
    result = CliRunner().invoke(main.app, list(words))
    assert result.exit_code == 0, result.output
    return result.output


def test_a_lot_adds_up_to_what_was_bought_kind_by_kind(house: House) -> None:
    told = {row["kind"]: row for row in json.loads(run("books", "--lot", "M-1", "--json"))}
    shown = ("bought", "stock", "drawn", "given", "used", "void", "missing", "written_off", "difference")
    assert {kind: tuple(row[name] for name in shown) for kind, row in told.items()} == {
        "module": (10, 4, 2, 0, 4, 0, 0, 0, 0), "blank": (10, 4, 2, 0, 4, 0, 0, 0, 0),
        "chip-blank": (10, 10, 0, 0, 0, 0, 0, 0, 0),
    }  # fmt: skip
    assert {(one["organisation"], one["where"], one["n"]) for one in told["blank"]["holdings"]} == {
        ("ylz", "stock", 4), ("supplier", "drawn", 2), ("supplier", "used", 4),
    }  # fmt: skip
    table = run("books", "--lot", "all")
    assert "芯片模块" in table and "带芯片空白卡" in table and "卡厂" in table
    assert [row["kind"] for row in json.loads(run("books", "--kind", "module", "--json"))] == ["module"]


def test_a_lot_is_shown_as_it_stood_at_the_end_of_a_day(house: House) -> None:
    yesterday = (today() - timedelta(days=1)).isoformat()
    assert json.loads(run("books", "--lot", "all", "--on", yesterday, "--json")) == []
    assert len(json.loads(run("books", "--lot", "all", "--on", today().isoformat(), "--json"))) == 3


def test_an_unknown_lot_or_kind_is_refused(house: House) -> None:
    for words in (("--lot", "M-9"), ("--kind", "hologram")):
        assert CliRunner().invoke(main.app, ["books", *words]).exit_code != 0


def test_counts_and_their_differences_are_listed(house: House) -> None:
    assert "没有未结的差异" in run("cases") and "还没有盘点过" in run("count")
    assert json.loads(run("count", "--json")) == json.loads(run("cases", "--json")) == []
    run("do", "count_stock", "ylz", "--by", "王芳", "--second", "李敏")
    (made,) = json.loads(run("count", "--json"))
    assert (made["organisation"], made["booked"], made["seen"], made["differences"]) == ("ylz", 22, 21, 1)
    assert Path(made["paper"]).exists() and Path(made["table"]).exists()
    (case,) = json.loads(run("cases", "--json"))
    keys = ("kind", "title", "what", "thing", "n", "batch", "lot", "holder", "handover", "count")
    assert {key: case[key] for key in keys} == {
        "kind": "missing", "title": "短少", "what": "blank", "thing": "空白卡", "n": 1, "batch": "", "lot": "M-1",
        "holder": "ylz",
        "handover": "", "count": made["code"],
    }  # fmt: skip
    assert case["number"] in run("cases") and made["code"] in run("count")
    run("do", "settle_difference", case["number"], "--by", "王芳", "--second", "李敏", "--reason", "料盒破损")
    assert json.loads(run("cases", "--json")) == []
    assert json.loads(run("cases", "--all", "--json"))[0]["closing"] == "核销: 料盒破损"


def test_a_recall_of_a_lot_names_what_is_no_card_yet(house: House) -> None:
    said = run("recall", "--consignment", "M-1").splitlines()
    assert [line.split(";")[0] for line in said if line.startswith("未用的")] == [
        "未用的芯片模块: 库存 4、领用 2", "未用的空白卡: 库存 4、领用 2", "未用的带芯片空白卡: 库存 10",
    ]  # fmt: skip


def test_a_past_day_is_no_verdict_and_what_does_not_go_together_is_refused(house: House) -> None:
    said = run("books", "--on", today().isoformat())
    assert "账平" not in said and "只对现在核对" in said
    for words, rule in (
        (("--on", today().isoformat(), "--prove"), "不能与 --on 同用"),
        (("--lot", "M-1", "--organisation", "02"), "不能与 --organisation"),
    ):
        result = CliRunner().invoke(main.app, ["books", *words])
        assert isinstance(result.exception, ConfigurationError) and rule in str(result.exception)


def test_one_organisations_books_are_its_own_lines_alone(house: House) -> None:
    lines = json.loads(run("books", "--organisation", "supplier", "--json"))["lines"]
    assert lines and {line["organisation"] for line in lines} == {"supplier"}
    whole = json.loads(run("books", "--json"))["lines"]
    assert [line for line in whole if line["organisation"] == "supplier"] == lines
    code = Batch.objects.get().code
    yesterday = (today() - timedelta(days=1)).isoformat()
    past = json.loads(run("books", "--batch", code, "--on", yesterday, "--json"))["lines"]
    now = json.loads(run("books", "--batch", code, "--on", today().isoformat(), "--json"))["lines"]
    assert past == [] and now == json.loads(run("books", "--batch", code, "--json"))["lines"] != []
