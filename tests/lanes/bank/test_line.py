"""The bank's rows of B1 on real cards: numbers, finishing, opening, card list, activation, destruction."""

from collections.abc import Callable

import pytest
from pypdf import PdfReader

from tests.lanes.workshop import CODE, Killed, Workshop, person
from zhika.card import pan, stripe
from zhika.card.chip import financial
from zhika.card.chip.public import public_area
from zhika.card.tray import Tray
from zhika.engine import desk, errands, plastic
from zhika.engine.acts import act, run_awaiting
from zhika.engine.each import do_cards
from zhika.engine.todo import todo
from zhika.engine.work import ActWork
from zhika.errors import CardError, NotAllowed, NotReady, Refused
from zhika.flows.acts import BY_NAME
from zhika.flows.documents import (
    ACCOUNT_OPENING,
    ACTIVATION,
    CARD_LIST,
    COLLECTION,
    DESTRUCTION,
    EXCEPTIONS,
    NUMBER_MAPPING,
)  # fmt: skip
from zhika.flows.lanes import Lane
from zhika.lanes.bank import acts, security
from zhika.lanes.bank.laws import one_number
from zhika.lanes.bank.models import Account
from zhika.ledger.audit import AuditEntry
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.laws import Books
from zhika.ledger.places import Balance, State
from zhika.ledger.steps import Paper, Trouble

MADE = ("print_faces", "laminate", "return_semi_finished")
ROWS = ("generate_numbers", "finish", "open_accounts", "return_mapping", "deliver")


@pytest.fixture
def arrived(workshop: Workshop) -> Workshop:
    """Six semi-finished cards on the bank's bench."""
    workshop.do(*MADE)
    workshop.personalise()
    return workshop


def sent(workshop: Workshop, code: str) -> list[dict[str, str]]:
    return list(desk.read(workshop.seat, Paper.objects.get(type=code)).iter_rows(named=True))


def piece_state(tray: Tray) -> dict[str, tuple[object, ...]]:
    """All that a card shows and holds, by serial."""
    found = {}
    for piece in tray:
        with tray.chip(piece) as chip:
            held, area = financial.read_pan(chip), public_area(chip)
        face = tuple(sorted(tray.camera(piece, hidden=set()).items()))
        found[str(piece.serial)] = (piece.condition, held, area, tray.read_stripe(piece), face)
    return found


def test_a_good_card_bears_its_accounts_number_on_face_stripe_and_chip_and_nobody_in_its_public_area(
    arrived: Workshop,
) -> None:
    arrived.do(*ROWS)
    accounts = {a.application_ref: a for a in Account.objects.all()}
    values = security.derive(arrived.seat, accounts.values())
    with arrived.tray(Lane.BANK, "good") as tray:
        state = piece_state(tray)
        faces = {str(p.serial): tray.camera(p, hidden=set()) for p in tray}
    assert len(state) == 6
    for app, serial in Card.objects.values_list("application_ref", "serial"):
        account = accounts[app]
        assert pan.is_valid(account.pan) and account.pan.startswith("622848")
        assert (account.status, account.closed_for_payment) == ("opened", True)
        condition, held, area, tracks, _ = state[str(serial)]
        assert (condition, held, area) == ("", account.pan, None)
        assert stripe.read(tracks[1])[stripe.Part.EXPIRY] == account.expiry  # type: ignore[index]
        expires = f"{account.expiry[2:]}/{account.expiry[:2]}"
        assert (faces[str(serial)]["pan"], faces[str(serial)]["expiry"]) == (account.pan, expires)
        assert faces[str(serial)]["cvv2"] == values[app].cvv2
    assert list(one_number(Books())) == []


def test_swapped_chips_are_found_by_the_public_area_and_both_cards_are_void(arrived: Workshop) -> None:
    with arrived.tray(Lane.BANK, "cards") as tray:
        one, two = tray.pieces()[1], tray.pieces()[4]
        first, second = tray.soft_card(one), tray.soft_card(two)
        tray.put_chip(one, second)
        tray.put_chip(two, first)
    arrived.do(*ROWS)
    assert arrived.causes() == {1: "area-differs", 4: "area-differs"}
    listed = {row["card_serial"] for row in sent(arrived, CARD_LIST.code)}
    assert listed == {arrived.serial(n) for n in (0, 2, 3, 5)}
    with arrived.tray(Lane.BANK, "cards") as tray:
        assert {piece.condition for piece in tray} == {"area-differs"} and len(tray) == 2
        assert all(tray.read_stripe(piece) is None for piece in tray)
    assert list(one_number(Books())) == []


def test_the_hosts_answers_close_numbers_and_leave_the_mapping(arrived: Workshop) -> None:
    (arrived.seat.home / "customers.csv").write_text(
        f"id_no,name,standing\n{person(0)['id_no']},陈阿珊,good\n{person(3)['id_no']},{person(3)['name']},refused\n",
        encoding="utf-8",
    )
    arrived.do(*ROWS)
    assert arrived.causes() == {0: "name-differs", 3: "account-refused"}
    assert {row["app_no"] for row in sent(arrived, NUMBER_MAPPING.code)} == {person(n)["app_no"] for n in (1, 2, 4, 5)}
    statuses = {row["app_no"]: row["status"] for row in sent(arrived, ACCOUNT_OPENING.code)}
    assert statuses[person(3)["app_no"]] == "account-refused" and person(0)["app_no"] not in statuses
    closed = set(Account.objects.filter(status="closed").values_list("application_ref", flat=True))
    assert closed == {person(0)["app_no"], person(3)["app_no"]}
    assert list(one_number(Books())) == []


def test_a_wrong_number_on_the_card_and_a_dead_chip_are_found(arrived: Workshop) -> None:
    with arrived.tray(Lane.BANK, "cards") as tray:
        wrong, dead = tray.pieces()[0], tray.pieces()[5]
        tray.misprint(wrong, "pan", "6228480000000000019")
        card = tray.soft_card(dead)
        card.memory.dead = True
        tray.put_chip(dead, card)
    arrived.do(*ROWS)
    assert arrived.causes() == {0: "number-misprint", 5: "chip-dead"}


def test_whoever_leaves_the_batch_after_delivery_has_no_open_account_any_more(arrived: Workshop) -> None:
    arrived.do(*ROWS)
    arrived.file(EXCEPTIONS, [EXCEPTIONS.example | person(2) | {"document": "", "row": "", "cause": "second-number"}])
    assert run_awaiting(arrived.seat, first=True)
    assert arrived.causes() == {2: "second-number"}
    account = Account.objects.get(application_ref=person(2)["app_no"])
    assert (account.status, account.closed_for_payment) == ("closed", True)
    assert list(one_number(Books())) == []
    Account.objects.filter(pk=account.pk).update(status="opened")
    assert [breach.law for breach in one_number(Books())] == ["one_number"]


@pytest.mark.parametrize("acts", [1, 2, 3, 5, 8, 11, 14])
def test_a_worker_killed_in_the_tray_leaves_the_same_cards(
    arrived: Workshop, killed_after: Callable[[int], None], acts: int
) -> None:
    arrived.do("generate_numbers")
    for work in ROWS[1:]:
        killed_after(acts)
        try:
            arrived.do(work)
        except Killed:
            killed_after(0)
            arrived.do(work)
    killed_after(0)
    with arrived.tray(Lane.BANK, "good") as tray:
        state = piece_state(tray)
    numbers = dict(Account.objects.values_list("application_ref", "pan"))
    assert {serial: one[1] for serial, one in state.items()} == {
        str(serial): numbers[app] for app, serial in Card.objects.values_list("application_ref", "serial")
    }
    assert {one[0] for one in state.values()} == {""} and {one[2] for one in state.values()} == {None}
    assert arrived.causes() == {}


def test_a_good_card_that_is_not_on_the_bench_stops_the_delivery(arrived: Workshop) -> None:
    arrived.do(*ROWS[:-1])
    with arrived.tray(Lane.BANK, "cards") as tray:
        tray.remove(tray.pieces()[2])
    with pytest.raises(CardError, match="缺 1 张"):
        arrived.do("deliver")


def activate(workshop: Workshop, n: int, id_no: str) -> None:
    do_cards(workshop.seat, "activate", {workshop.serial(n): {"id_no": id_no}}, by="柜员")


def test_activation_wants_the_collection_receipt_and_the_persons_own_id(arrived: Workshop) -> None:
    arrived.do(*ROWS)
    with pytest.raises(Refused, match="领卡回执未到"):
        activate(arrived, 0, person(0)["id_no"])
    collected = [person(0) | {"card_serial": arrived.serial(0), "date": "2026-11-23", "by": "self"}]
    arrived.file(COLLECTION, collected)
    paper = Paper.objects.get(type=COLLECTION.code)
    work = ActWork(
        arrived.seat,
        BY_NAME["take_collection"],
        "paper",
        arrived.batch,
        rows=desk.read(arrived.seat, paper),
        paper=paper,
    )
    for _ in range(2):
        done = acts.take_collection(work)
        assert done.write is not None
        done.write()
    assert CardEvent.objects.filter(kind="collected").count() == 1
    with pytest.raises(Refused, match="不是开户人") as refused:
        activate(arrived, 0, person(1)["id_no"])
    assert person(0)["id_no"] not in str(refused.value) and person(1)["id_no"] not in str(refused.value)
    activate(arrived, 0, person(0)["id_no"])
    account = Account.objects.get(application_ref=person(0)["app_no"])
    assert (account.status, account.closed_for_payment) == ("activated", False)
    assert [row["card_serial"] for row in sent(arrived, ACTIVATION.code)] == [arrived.serial(0)]


def test_whoever_collected_a_card_of_a_batch_is_expected_at_the_counter_in_one_entry(arrived: Workshop) -> None:
    arrived.do(*ROWS)
    rows = [person(n) | {"card_serial": arrived.serial(n), "date": "2026-11-23", "by": "self"} for n in (1, 3, 4)]
    arrived.file(COLLECTION, rows)
    run_awaiting(arrived.seat, first=False)
    activate(arrived, 3, person(3)["id_no"])
    Paper.objects.update(counted=True)
    (item,) = [item for item in todo(arrived.seat) if item.work == "activate"]
    assert (item.subject, item.n) == (CODE, 2) and set(item.serials) == {arrived.serial(1), arrived.serial(4)}
    assert item.command == ("do", "activate", "<serial>", "--by", "<by>", "--fact", "id_no=<id_no>")


def test_a_row_of_another_card_is_noted_and_the_others_of_its_collection_receipt_are_booked(arrived: Workshop) -> None:
    serials = {0: arrived.serial(1), 2: arrived.serial(2), 3: "QZ99000000000", 4: arrived.serial(4)}
    rows = [person(n) | {"card_serial": serial, "date": "2026-11-23", "by": "self"} for n, serial in serials.items()]
    arrived.file(COLLECTION, rows)
    run_awaiting(arrived.seat, first=False)
    booked = CardEvent.objects.filter(kind="collected").values_list("card__serial", flat=True)
    assert set(booked) == {arrived.serial(2), arrived.serial(4)}
    assert not Trouble.objects.exists() and Paper.objects.get(type=COLLECTION.code).acted
    noted = AuditEntry.objects.get(what="row-unknown")
    assert "第 2、4 行" in noted.why and not any(person(n)["id_no"] in noted.why for n in serials)


def destroy(workshop: Workshop, by: str, second: str) -> bool:
    return act(workshop.seat, "destroy", CODE, by=by, second=second, batch=workshop.batch, process="rural-batch")


def test_void_cards_are_destroyed_by_two_people_once_and_stand_on_paper(
    arrived: Workshop, killed_after: Callable[[int], None]
) -> None:
    with arrived.tray(Lane.BANK, "cards") as tray:
        for at in (1, 4):
            tray.misprint(tray.pieces()[at], "pan", "1")
    arrived.do(*ROWS)
    with pytest.raises(NotAllowed):
        destroy(arrived, "王芳", "王芳")
    killed_after(1)
    with pytest.raises(Killed):
        destroy(arrived, "王芳", "李敏")
    killed_after(0)
    with pytest.raises(NotReady):
        destroy(arrived, "王芳", "李敏")
    assert errands.run_left(arrived.seat) == 1
    rows = sent(arrived, DESTRUCTION.code)
    assert [(r["card_serial"], r["witness"], r["second_witness"]) for r in rows] == [
        (arrived.serial(n), "王芳", "李敏") for n in (1, 4)
    ]
    with arrived.tray(Lane.BANK, "cards") as tray:
        assert len(tray) == 0
    held = Balance.objects.filter(place__organisation__code="bank", n__gt=0)
    assert {b.place.state: b.n for b in held} == {State.GIVEN: 4, State.DESTROYED: 2}
    assert (arrived.seat.home / "files" / "lists" / f"{CODE}~destruction-bank-1.pdf").exists()


def void(workshop: Workshop, *persons: int) -> None:
    """Good cards that lie at the bank become void."""
    left = {person(n)["app_no"]: "misprint" for n in persons}
    plastic.fail(workshop.batch, left, step="test", source="works")
    plastic.void_failed(workshop.batch, by="test")


def printed(workshop: Workshop, number: int) -> str:
    """What stands on a record of destruction."""
    path = workshop.seat.home / "files" / "lists" / f"{CODE}~destruction-bank-{number}.pdf"
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def test_each_destruction_of_a_batch_has_a_record_of_its_own(arrived: Workshop) -> None:
    void(arrived, 1)
    assert destroy(arrived, "王芳", "李敏")
    first = printed(arrived, 1)
    void(arrived, 4)
    assert destroy(arrived, "周强", "吴芬")
    assert printed(arrived, 1) == first
    assert f"D-{CODE}-bank-1" in first and arrived.serial(1) in first and arrived.serial(4) not in first
    second = printed(arrived, 2)
    assert f"D-{CODE}-bank-2" in second and arrived.serial(4) in second and arrived.serial(1) not in second


def test_what_is_shredded_after_a_crash_is_what_was_booked_and_names_who_was_there(
    arrived: Workshop, killed_after: Callable[[int], None]
) -> None:
    void(arrived, 1, 2)
    killed_after(1)
    with pytest.raises(Killed):
        destroy(arrived, "王芳", "李敏")
    killed_after(0)
    void(arrived, 4)
    assert errands.run_left(arrived.seat) == 1
    with arrived.tray(Lane.BANK, "cards") as tray:
        assert {piece.serial for piece in tray} == {arrived.serial(n) for n in (0, 3, 4, 5)}
    rows = sent(arrived, DESTRUCTION.code)
    assert [(r["card_serial"], r["witness"], r["second_witness"]) for r in rows] == [
        (arrived.serial(n), "王芳", "李敏") for n in (1, 2)
    ]
    assert "王芳" in printed(arrived, 1)
    assert destroy(arrived, "周强", "吴芬")
    second = printed(arrived, 2)
    assert "周强" in second and "王芳" not in second
    assert arrived.serial(4) in second and arrived.serial(2) not in second


def test_witnesses_whose_names_differ_by_a_blank_begin_nothing(arrived: Workshop) -> None:
    void(arrived, 1)
    with pytest.raises(NotAllowed):
        destroy(arrived, "王芳", " 王芳")
    assert not Paper.objects.filter(type=DESTRUCTION.code).exists()
    with arrived.tray(Lane.BANK, "cards") as tray:
        assert len(tray) == 6


def test_a_void_card_that_is_not_there_cannot_be_destroyed(arrived: Workshop) -> None:
    with pytest.raises(NotReady):
        destroy(arrived, "王芳", "李敏")
    with arrived.tray(Lane.BANK, "cards") as tray:
        tray.misprint(tray.pieces()[0], "pan", "1")
    arrived.do(*ROWS)
    with arrived.tray(Lane.BANK, "cards") as tray:
        tray.remove(tray.pieces()[0])
    with pytest.raises(CardError, match="缺 1 张废卡"):
        destroy(arrived, "王芳", "李敏")
    assert not Paper.objects.filter(type=DESTRUCTION.code).exists()
