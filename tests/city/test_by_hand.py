"""A batch of each scheme taken to its end by typing only what `zhika todo` lists."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.city.city import ID_SHOWN, LEFT, SEATS, said, working
from zhika.flows import FLOWS

DESTROYED = "SELECT c.serial FROM ledger_movement m JOIN ledger_card c ON c.id = m.card_id WHERE m.cause = 'destroy'"


@pytest.fixture(scope="module")
def told(ended: Path) -> dict[str, dict[str, Any]]:
    """What each seat says of itself at the end."""
    with working(ended) as city:
        return {
            name: {word: desk.asked(word) for word in ("todo", "batches", "steps", "exceptions")}
            for name, desk in city.desks.items()
        }


def test_every_command_that_was_typed_had_been_listed(ended: Path) -> None:
    typed = json.loads((ended / "typed.json").read_text(encoding="utf-8"))
    assert {entry["words"][1] for entry in typed} >= {
        "confirm", "load_material", "form", "accept", "pass_on", "hand_out", "found", "destroy", "activate",
    }  # fmt: skip
    for entry in typed:
        subjects = {listed[2] for listed in entry["listed"]}
        fixed = [word for word in entry["words"] if word not in subjects]
        for listed in entry["listed"]:
            assert len(fixed) == len(listed) - 1
            for word, meant in zip(fixed, [*listed[:2], *listed[3:]], strict=True):
                assert word == said(meant, listed[1]) or ID_SHOWN in meant, listed[:2]


def test_at_the_end_only_those_who_failed_wait_for_a_new_start(told: dict[str, dict[str, Any]]) -> None:
    waiting = {name: [item for item in told[name]["todo"] if item["work"] not in LEFT] for name in SEATS}
    assert waiting == {name: [] for name in SEATS}
    again = sum(item["n"] for item in told["platform"]["todo"])
    assert again == len({row["application"] for row in told["platform"]["exceptions"]})


def test_each_scheme_had_two_batches_and_all_were_closed_on_every_seat(told: dict[str, dict[str, Any]]) -> None:
    processes = [batch["process"] for batch in told["platform"]["batches"]]
    assert sorted(processes) == ["rural-batch"] * 2 + ["urban-batch"] * 2
    assert all(batch["closed_at"] for name in SEATS for batch in told[name]["batches"])


@pytest.mark.parametrize("process", ["urban-batch", "rural-batch"])
def test_every_box_of_the_chart_was_done_for_each_batch(process: str, told: dict[str, dict[str, Any]]) -> None:
    """The platform knows its own rows and, by notices of progress, all others."""
    steps = told["platform"]["steps"]
    wanted = {(s.number, s.work) for s in FLOWS[process].steps}
    early = {(s.number, s.work) for s in FLOWS[process].steps if s.grain.before_batch}
    done = {(row["number"], row["work"]) for row in steps if row["process"] == process}
    assert early <= done
    for batch in told["platform"]["batches"]:
        if batch["process"] == process:
            own = {(row["number"], row["work"]) for row in steps if row["batch"] == batch["code"]}
            assert wanted - early <= own


def test_every_card_that_was_collected_is_activated_and_its_account_open_for_payment(ended: Path) -> None:
    events = "SELECT c.application_ref FROM ledger_cardevent e JOIN ledger_card c ON c.id = e.card_id WHERE e.kind "
    found = 0
    for bank in ("icbc", "abc"):
        with sqlite3.connect(ended / bank / "zhika.db") as store:
            collected = {app for (app,) in store.execute(events + "= 'collected'")}
            activated = {app for (app,) in store.execute(events + "= 'activate'")}
            open_ = store.execute("SELECT application_ref FROM bank_account WHERE closed_for_payment = 0").fetchall()
        assert collected == activated == {app for (app,) in open_}
        found += len(collected)
    with sqlite3.connect(ended / "platform" / "zhika.db") as store:
        ((issued,),) = store.execute("SELECT count(*) FROM ledger_cardevent WHERE kind = 'hand_out'").fetchall()
        ((known,),) = store.execute("SELECT count(*) FROM ledger_cardevent WHERE kind = 'activated'").fetchall()
    assert found == issued == known > 20


def test_every_card_that_left_its_batch_was_destroyed_or_never_made(
    told: dict[str, dict[str, Any]], ended: Path
) -> None:
    left = {row["application"] for row in told["platform"]["exceptions"]}
    causes = {row["cause"] for row in told["platform"]["exceptions"]}
    assert {"chip-dead", "misprint", "area-differs", "name-differs", "account-refused"} <= causes
    with sqlite3.connect(ended / "platform" / "zhika.db") as store:
        serials = dict(store.execute("SELECT application_ref, serial FROM ledger_card WHERE serial IS NOT NULL"))
    made = [serial for app, serial in serials.items() if app in left]
    destroyed = set()
    for bank in ("icbc", "abc"):
        with sqlite3.connect(ended / bank / "zhika.db") as store:
            destroyed |= {serial for (serial,) in store.execute(DESTROYED)}
    assert set(made) == destroyed
