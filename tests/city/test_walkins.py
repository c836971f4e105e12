"""People who come by themselves: from the form at their own office to the activated card, and later to the next one.

Everything is typed as `zhika todo` lists it but what nobody can list: a form, a rate, a loss, a request.
"""

import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.city.city import LEFT, REPOSITORY, SEATS, WALK_INS, City, copied, once, working
from tests.city.counting import booked, in_hand, lying, opened
from zhika.card import tray
from zhika.flows import FLOWS
from zhika.flows.chart import Grain
from zhika.rehearsal.courier import Courier
from zhika.rehearsal.world import PEOPLE, cards_at

BANKS = {"urban": "icbc", "rural": "abc"}
LOTS_WAIT = LEFT | {"confirm"}
"""Nobody confirms what was collected, so that no batch of lots is made here."""
RATES = REPOSITORY / "examples" / "fees" / "rates.csv"
ADDRESS = "东街1号"

Told = dict[str, dict[str, Any]]


class Held(NamedTuple):
    """One application's card."""

    serial: str
    id_no: str
    live: bool


@pytest.fixture(scope="session")
def walked(shared: Path, founded: Path) -> Path:
    """The city after everybody who came has a card; only to be read or copied."""
    with once(shared, "walked") as folder:
        if folder:
            copied(founded, folder)
            with working(folder, leaves=LOTS_WAIT) as city:
                come(city)
                city.to_the_end()
    return shared / "walked"


@pytest.fixture(scope="session")
def replaced(shared: Path, walked: Path) -> Path:
    """The same city later: of each scheme one card was lost, all others were given back for new ones."""
    with once(shared, "replaced") as folder:
        if folder:
            copied(walked, folder)
            lost = {card.serial for card in map(first, (cards(folder, f"{scheme}-new") for scheme in BANKS))}
            with working(folder, leaves=LOTS_WAIT, meddle=lambda courier: bring_back(courier, lost)) as city:
                ask_again(city, lost)
                city.to_the_end()
    return shared / "replaced"


@pytest.fixture(scope="module")
def told(walked: Path) -> Told:
    return said_of(walked)


@pytest.fixture(scope="module")
def later(replaced: Path) -> Told:
    return said_of(replaced)


def come(city: City) -> None:
    """Everybody fills in a form."""
    registers = city.folder / "registers"
    for scheme in BANKS:
        facts = ("--fact", f"process={scheme}-new", "--fact", f"photos={registers}")
        form = str(registers / scheme / "forms.csv")
        city.desks["platform"].zhika("do", "fill_form", form, *facts, "--by", "陈明")


def ask_again(city: City, lost: set[str]) -> None:
    """Every holder asks for a new card: because the old one is lost, or to have the new address in it."""
    desk = city.desks["platform"]
    desk.zhika("do", "load_rates", str(RATES), "--by", "周敏")
    for scheme in BANKS:
        for card in cards(city.folder, f"{scheme}-new").values():
            why = ("kind=face", "reason=搬家", f"address={ADDRESS}")
            if card.serial in lost:
                formal = ("--fact", "kind=formal", "--evidence", "挂失书 1")
                desk.zhika("do", "block", card.serial, *formal, "--by", "王芳")
                why = ("kind=lost", "reason=遗失")
            facts = [word for fact in why for word in ("--fact", fact)]
            desk.zhika("do", "apply_replacement", card.serial, *facts, "--by", "陈明")


def bring_back(courier: Courier, lost: set[str]) -> None:
    """Whoever has a new card lying at the office comes with the old one and lays it on the counter."""
    world = courier.world
    at_home = {
        face["id_no"]: (name, serial)
        for name, serial, face in cards_at(world.folder / PEOPLE, world.secret)
        if serial not in lost
    }
    for bench in sorted(world.folder.glob("*/bench/?3-*.good.tray")):
        counter = bench.parents[1] / "in" / "back.tray"
        with opened(bench, courier.folder) as new:
            waiting = [new.camera(piece, hidden=set())["id_no"] for piece in new]
        if not counter.exists():
            tray.create(counter, "back", "cards")
        for name, serial in (at_home[number] for number in waiting if number in at_home):
            with opened(world.folder / PEOPLE / name, courier.folder) as hand, opened(counter, courier.folder) as there:
                piece = hand.find(serial)
                assert piece is not None
                hand.move(piece, there)


def said_of(folder: Path) -> Told:
    """What each seat says of itself."""
    with working(folder) as city:
        told = {
            name: {word: desk.asked(word) for word in ("todo", "batches", "steps", "exceptions")}
            | {"books": desk.asked("books", "--prove", fine=(0, 1))}
            for name, desk in city.desks.items()
        }
        told["platform"]["requests"] = city.desks["platform"].asked("requests")
        return told


def rows(home: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(home / "zhika.db") as store:
        return store.execute(query, values).fetchall()


def cards(folder: Path, process: str) -> dict[str, Held]:
    """Application → its card, of one chart, as the platform knows them."""
    known = rows(
        folder / "platform",
        "SELECT a.ref, c.serial, p.id_no, a.live FROM people_application a JOIN people_person p ON p.id = a.person_id "
        "JOIN ledger_card c ON c.application_ref = a.ref WHERE a.process = ? ORDER BY a.ref",
        process,
    )
    return {ref: Held(serial, id_no, bool(live)) for ref, serial, id_no, live in known}


def first(cards: dict[str, Held]) -> Held:
    return cards[min(cards)]


def check_chart(process: str, told: Told) -> None:
    """Every request of the process went through every row of its chart, and each lane did its own in their order."""
    chart = FLOWS[process].steps
    early = [step.key for step in chart if step.grain is Grain.APPLICATION]
    late = [step for step in chart if step.grain is not Grain.APPLICATION]
    steps = [row for row in told["platform"]["steps"] if row["process"] == process]
    asked = [row["ref"] for row in told["platform"]["requests"] if row["process"] == process]
    batches = [batch for batch in told["platform"]["batches"] if batch["process"] == process]
    assert len(asked) == sum(batch["size"] for batch in batches) == WALK_INS
    for ref in asked:
        assert in_order(row for row in steps if row["subject"] == ref) == early
    for batch in batches:
        own = [row for row in steps if row["batch"] == batch["code"]]
        for lane in FLOWS[process].lanes:
            mine = in_order(row for row in own if row["lane"] == lane)
            assert mine == [step.key for step in late if step.lane == lane], lane
        assert {row["lane"] for row in own} <= set(FLOWS[process].lanes)


def in_order(steps: Any) -> list[tuple[int, str]]:
    """Number and function of each row, as they happened; a row that is done card by card once."""
    return list(
        dict.fromkeys((row["number"], row["work"]) for row in sorted(steps, key=lambda row: str(row["happened_at"])))
    )


def check_books(folder: Path, told: Told) -> None:
    """On every seat the books balance, nothing failed, and the things lie where the platform has them."""
    for name in SEATS:
        assert told[name]["books"]["breaches"] == [], name
        assert told[name]["exceptions"] == [], name
        assert {item["work"] for item in told[name]["todo"]} <= LOTS_WAIT, name
    assert lying(folder) == booked(told["platform"]["books"]["lines"])


def check_hands(folder: Path, scheme: str, process: str) -> None:
    """Each card of the process is in its holder's hand, live, activated, and open for payment."""
    held = {card.face["serial"]: card.face for card in in_hand(folder)}
    accounts = rows(folder / BANKS[scheme], "SELECT application_ref, pan, status, closed_for_payment FROM bank_account")
    known = {app: rest for app, *rest in accounts}
    made = cards(folder, process)
    assert len(made) == WALK_INS
    for ref, card in made.items():
        assert card.live
        assert held[card.serial]["id_no"] == card.id_no
        assert known[ref] == [held[card.serial]["pan"], "activated", 0]


@pytest.mark.parametrize("scheme", BANKS)
def test_each_request_went_through_the_rows_of_its_chart(scheme: str, told: Told) -> None:
    check_chart(f"{scheme}-new", told)


def test_the_books_balance_on_every_seat_and_nobody_failed(walked: Path, told: Told) -> None:
    check_books(walked, told)


@pytest.mark.parametrize("scheme", BANKS)
def test_everybody_who_came_holds_an_activated_card(scheme: str, walked: Path) -> None:
    check_hands(walked, scheme, f"{scheme}-new")


@pytest.mark.parametrize("scheme", BANKS)
def test_each_replacement_went_through_the_rows_of_its_chart(scheme: str, later: Told) -> None:
    check_chart(f"{scheme}-replacement", later)


def test_the_books_balance_after_the_old_cards_have_come_back(replaced: Path, later: Told) -> None:
    check_books(replaced, later)


@pytest.mark.parametrize("scheme", BANKS)
def test_the_new_card_takes_the_old_ones_place_and_the_old_number_is_closed(scheme: str, replaced: Path) -> None:
    check_hands(replaced, scheme, f"{scheme}-replacement")
    olds, news = cards(replaced, f"{scheme}-new"), cards(replaced, f"{scheme}-replacement")
    assert {card.id_no for card in olds.values()} == {card.id_no for card in news.values()}
    assert not any(card.live for card in olds.values())
    accounts = rows(replaced / BANKS[scheme], "SELECT application_ref, status, closed_for_payment FROM bank_account")
    assert [rest for app, *rest in accounts if app in olds] == [["closed", 1]] * WALK_INS
    for home in ("platform", BANKS[scheme]):
        blocks = rows(
            replaced / home,
            "SELECT c.application_ref, b.state FROM ledger_block b JOIN ledger_card c ON c.id = b.card_id",
        )
        assert {app for app, state in blocks if state == "cancelled"} >= set(olds), home
        assert not {app for app, _ in blocks} & set(news), home


@pytest.mark.parametrize("scheme", BANKS)
def test_of_the_old_cards_only_the_lost_one_was_not_destroyed(scheme: str, replaced: Path) -> None:
    olds = cards(replaced, f"{scheme}-new")
    held = {card.face["serial"] for card in in_hand(replaced)}
    assert {card.serial for card in olds.values()} & held == {first(olds).serial}


def test_a_corrected_address_is_the_persons_from_then_on(replaced: Path) -> None:
    lines = rows(replaced / "platform", "SELECT address FROM people_person")
    assert sum(address == ADDRESS for (address,) in lines) == len(BANKS) * (WALK_INS - 1)
