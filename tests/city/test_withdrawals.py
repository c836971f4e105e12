"""People who change their mind: a request withdrawn while its card is under way between the seats."""

from pathlib import Path
from typing import Any

import pytest

from tests.city.city import copied, once, working
from tests.city.test_walkins import BANKS, LOTS_WAIT, cards, come, rows
from zhika.registers import intake
from zhika.registers.columns import FORM


@pytest.fixture(scope="session")
def withdrawn(shared: Path, founded: Path) -> Path:
    """One of two in the urban batch, whose number the bank has told; and who is alone in the rural one."""
    with once(shared, "withdrawn") as folder:
        if folder:
            copied(founded, folder)
            unhurried(folder / "registers" / "urban" / "forms.csv")
            with working(folder, leaves=LOTS_WAIT | {"load_material"}) as city:
                come(city)
                city.to_the_end()
                for ref in leaving(folder):
                    city.desks["platform"].zhika("do", "withdraw", ref, "--by", "王芳", "--reason", "本人不办了")
                city.leaves = LOTS_WAIT
                city.to_the_end()
    return shared / "withdrawn"


def unhurried(path: Path) -> None:
    """Nobody's form is in a hurry, so that all stand in one batch."""
    text = path.read_text(encoding="utf-8")
    assert sum(bool(row["rush"]) for row in intake.read(path, FORM).rows.iter_rows(named=True)) == 1
    path.write_text(text.replace(",是\n", ",\n"), encoding="utf-8")


def leaving(folder: Path) -> list[str]:
    """The first request of each scheme."""
    asked = rows(folder / "platform", "SELECT process, min(ref) FROM people_request GROUP BY process ORDER BY process")
    return [ref for _, ref in asked]


def told(folder: Path, *words: str) -> dict[str, Any]:
    with working(folder) as city:
        return {name: desk.asked(*words, fine=(0, 1)) for name, desk in city.desks.items()}


def test_the_number_is_closed_on_the_banks_seat_and_the_others_card_is_made(withdrawn: Path) -> None:
    rural, urban = leaving(withdrawn)
    accounts = dict(rows(withdrawn / "icbc", "SELECT application_ref, status FROM bank_account"))
    assert accounts.pop(urban) == "closed" and set(accounts.values()) == {"activated"} and len(accounts) == 1
    assert rows(withdrawn / "icbc", "SELECT cause, step, source FROM ledger_failure") == [
        ("withdrawn", "withdraw", "platform")
    ]  # fmt: skip
    made = {scheme: cards(withdrawn, f"{scheme}-new") for scheme in BANKS}
    assert [ref for scheme in BANKS for ref, card in made[scheme].items() if card.serial is None] == [urban, rural]
    assert not made["urban"][urban].live and not made["rural"][rural].live
    assert rows(withdrawn / "abc", "SELECT application_ref FROM bank_account WHERE application_ref = ?", rural) == []


def test_every_batch_ends_on_every_seat_and_the_books_balance(withdrawn: Path) -> None:
    for name, batches in told(withdrawn, "batches").items():
        assert all(batch["closed_at"] for batch in batches), name
    for name, books in told(withdrawn, "books", "--prove").items():
        assert books["breaches"] == [], name
    for name, todo in told(withdrawn, "todo").items():
        assert {item["work"] for item in todo} <= LOTS_WAIT, name
    with working(withdrawn) as city:
        assert all(one["agrees"] for one in city.desks["platform"].asked("audit", fine=(0, 1)))


def test_the_request_and_the_person_are_told_so(withdrawn: Path) -> None:
    with working(withdrawn) as city:
        desk = city.desks["platform"]
        states = {row["ref"]: (row["state"], row["cause"]) for row in desk.asked("requests")}
        assert {states[ref] for ref in leaving(withdrawn)} == {("withdrawn", "本人不办了")}
        for ref in leaving(withdrawn):
            assert "已撤回" in desk.zhika("where", ref)
            desk.zhika("do", "withdraw", ref, "--by", "李敏", "--reason", "再撤一次", fine=(2,))
