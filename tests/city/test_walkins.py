"""People who come by themselves: from the form at their own office to the activated card, and later to the next one.

Everything is typed as `zhika todo` lists it but what nobody can list: a form, a rate, a loss, a request.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.city.city import LEFT, REPOSITORY, SEATS, WALK_INS, City, Desk, copied, once, working
from tests.city.counting import booked, in_hand, lying, opened
from zhika.card import tray
from zhika.flows import FLOWS
from zhika.flows.chart import Grain
from zhika.flows.documents import ACTIVATION
from zhika.rehearsal.world import PEOPLE, World, cards_at

BANKS = {"urban": "icbc", "rural": "abc"}
LOTS_WAIT = LEFT | {"confirm"}
"""Nobody confirms what was collected, so that no batch of lots is made here."""
RATES = REPOSITORY / "examples" / "fees" / "rates.csv"
ADDRESS = "东街1号"
REFUSED = 2
"""How a command ends that was refused."""

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
def made_again(shared: Path, walked: Path) -> Path:
    """The same city later: everybody asked for another card, and it lies at the office; only to be read or copied."""
    with once(shared, "made-again") as folder:
        if folder:
            copied(walked, folder)
            with working(folder, leaves=LOTS_WAIT | {"hand_out"}) as city:
                ask_again(city)
                city.to_the_end()
    return shared / "made-again"


@pytest.fixture(scope="session")
def replaced(shared: Path, made_again: Path) -> Path:
    """At the end: of each scheme one card was lost, all others were given back for new ones; only to be read."""
    with once(shared, "replaced") as folder:
        if folder:
            copied(made_again, folder)
            bring_back(folder)
            with working(folder, leaves=LOTS_WAIT) as city:
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


def ask_again(city: City) -> None:
    """Every holder asks for a new card: because the old one is lost, or to have the new address in it."""
    desk = city.desks["platform"]
    desk.zhika("do", "load_rates", str(RATES), "--by", "周敏")
    for scheme in BANKS:
        olds = cards(city.folder, f"{scheme}-new")
        for card in olds.values():
            why = ("kind=face", "reason=搬家", f"address={ADDRESS}")
            if card == first(olds):
                formal = ("--fact", "kind=formal", "--evidence", "挂失书 1")
                desk.zhika("do", "block", card.serial, *formal, "--by", "王芳")
                why = ("kind=lost", "reason=遗失")
            facts = [word for fact in why for word in ("--fact", fact)]
            desk.zhika("do", "apply_replacement", card.serial, *facts, "--by", "陈明")


def replacements(folder: Path) -> list[tuple[Held, Held]]:
    """Each old card with the new one of the same person."""
    pairs = []
    for scheme in BANKS:
        new = {card.id_no: card for card in cards(folder, f"{scheme}-replacement").values()}
        pairs += [(card, new[card.id_no]) for card in cards(folder, f"{scheme}-new").values()]
    return pairs


def bring_back(folder: Path) -> None:
    """Whoever has lost nothing comes to the office with the old card and lays it on the counter."""
    world = World(folder / "world")
    lost = {first(cards(folder, f"{scheme}-new")).serial for scheme in BANKS}
    office = {}
    for bench in world.folder.glob("*/bench/*.good.tray"):
        with opened(bench, folder) as lies:
            office |= {piece.serial: bench.parents[1] for piece in lies}
    held = {serial: world.folder / PEOPLE / name for name, serial, _ in cards_at(world.folder / PEOPLE, world.secret)}
    for old, new in replacements(folder):
        if old.serial in lost:
            continue
        counter = office[new.serial] / "in" / "back.tray"
        if not counter.exists():
            tray.create(counter, "back", "cards")
        with opened(held[old.serial], folder) as hand, opened(counter, folder) as there:
            piece = hand.find(old.serial)
            assert piece is not None
            hand.move(piece, there)


def hand_out(desk: Desk, serial: str, id_no: str = "", fine: int = 0) -> None:
    """One new card at the counter, to whoever shows this ID; AssertionError unless it ends as said."""
    shown = ("--fact", f"id_no={id_no}") if id_no else ()
    desk.zhika("do", "hand_out", serial, *shown, "--by", "吴芬", "--evidence", "签领表 1", fine=(fine,))


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


def check_documents(process: str, folder: Path) -> None:
    """What the seats' records hold of the charts' documents is what this one's rows send, and nothing that others send.

    The bank's receipt of activation is a row's in one chart only; here an act's.
    """
    sent = {name: {d.code for step in flow.steps for d in step.sends} for name, flow in FLOWS.items()}
    query = "SELECT DISTINCT type FROM ledger_paper WHERE process = ?"
    kept = {type_ for home in ("platform", *BANKS.values()) for (type_,) in rows(folder / home, query, process)}
    assert kept & set().union(*sent.values()) - {ACTIVATION.code} == sent[process]


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
def test_each_request_went_through_the_rows_of_its_chart(scheme: str, walked: Path, told: Told) -> None:
    check_chart(f"{scheme}-new", told)
    check_documents(f"{scheme}-new", walked)


def test_the_books_balance_on_every_seat_and_nobody_failed(walked: Path, told: Told) -> None:
    check_books(walked, told)


@pytest.mark.parametrize("scheme", BANKS)
def test_everybody_who_came_holds_an_activated_card(scheme: str, walked: Path) -> None:
    check_hands(walked, scheme, f"{scheme}-new")


def test_a_new_card_goes_out_only_to_its_holders_id_and_against_the_old_card(made_again: Path, tmp_path: Path) -> None:
    city = copied(made_again, tmp_path / "city")
    held = len(list(in_hand(city)))
    desk = Desk(city / "platform")
    (_, first_new), (second_old, second_new), *_ = replacements(city)
    hand_out(desk, first_new.serial, fine=REFUSED)
    hand_out(desk, first_new.serial, second_new.id_no, fine=REFUSED)
    (batch,) = {item["subject"] for item in desk.asked("todo") if first_new.serial in item["serials"]}
    hand_out(desk, batch, first_new.id_no, fine=REFUSED)
    hand_out(desk, second_new.serial, second_new.id_no, fine=REFUSED)
    assert len(list(in_hand(city))) == held
    bring_back(city)
    hand_out(desk, first_new.serial, first_new.id_no)
    hand_out(desk, second_new.serial, second_new.id_no)
    desk.close()
    in_hands = {card.face["serial"] for card in in_hand(city)}
    assert in_hands >= {first_new.serial, second_new.serial} and second_old.serial not in in_hands


def test_at_the_offices_counter_each_card_is_listed_and_went_out_by_its_serial_and_an_id(replaced: Path) -> None:
    handed = {}
    for walk in ("walked", "replaced"):
        for entry in json.loads((replaced.parent / walk / "typed.json").read_text(encoding="utf-8")):
            if entry["words"][1] == "hand_out":
                (listed,) = entry["listed"]
                assert listed[2] == entry["words"][2] and "id_no=<id_no>" in listed
                handed[entry["words"][2]] = next(word for word in entry["words"] if word.startswith("id_no="))
    made = [cards(replaced, f"{scheme}-{kind}") for scheme in BANKS for kind in ("new", "replacement")]
    assert handed == {card.serial: f"id_no={card.id_no}" for some in made for card in some.values()}
    seen = rows(replaced / "platform", "SELECT card_serial, id_seen FROM centre_receipt")
    assert dict(seen) == dict.fromkeys(handed, 1)


@pytest.mark.parametrize("scheme", BANKS)
def test_each_replacement_went_through_the_rows_of_its_chart(scheme: str, replaced: Path, later: Told) -> None:
    check_chart(f"{scheme}-replacement", later)
    check_documents(f"{scheme}-replacement", replaced)


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
