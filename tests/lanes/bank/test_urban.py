"""The bank's rows of A1: numbers before the card, the printed number only checked, opening with finishing."""

import polars as pl
import pytest

from tests.lanes.workshop import PARTIES, SOCIAL, Workshop, chip, person
from zhika.card import tray
from zhika.card.chip import public, social
from zhika.card.chip.cos import COS_VERSION
from zhika.engine import batches, desk, plastic
from zhika.engine.each import do_cards
from zhika.engine.outgoing import Mailroom
from zhika.engine.run import run
from zhika.engine.work import ActWork, Bound, Subject
from zhika.errors import Refused
from zhika.flows import FLOWS
from zhika.flows.acts import BY_NAME
from zhika.flows.chart import Grain
from zhika.flows.documents import ACCOUNT_FILE, ACTIVATION, CARD_LIST, HANDOVER, PRODUCTION_DATA, Document
from zhika.flows.lanes import Lane
from zhika.lanes.bank import acts, finishing, security
from zhika.lanes.bank.models import Account
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import CardEvent, Failure
from zhika.ledger.mail import Outbox
from zhika.ledger.places import State, place, today
from zhika.ledger.steps import Paper
from zhika.seat import things
from zhika.seat.config import Seat

CODE, SIZE = "A1-02-261123-01", 3
CHART, SUBJECT = FLOWS["urban-batch"], Subject(Grain.BATCH, CODE)


@pytest.fixture
def seat(workshop: Workshop) -> Seat:
    """An urban batch of three at the bank: production data on the desk."""
    people = [(p["app_no"], p["id_no"], p["name"], "100000") for p in map(person, range(SIZE))]
    batches.create(workshop.seat, CODE, "urban-batch", organisation("centre"), people, PARTIES)
    file(workshop.seat, PRODUCTION_DATA, [PRODUCTION_DATA.example | person(n) for n in range(SIZE)])
    return workshop.seat


def file(seat: Seat, document: Document, rows: list[dict[str, str]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(document.columns, pl.String))
    desk.file(
        seat, document, frame, SUBJECT, process="urban-batch", batch_code=CODE, sender_lane=Lane.INTEGRATOR,
        sender="works", receiver="works",
    )  # fmt: skip


def do(seat: Seat, *works: str) -> None:
    for work in works:
        assert run(seat, SUBJECT, CHART, CHART.step(work))


def sent(seat: Seat, code: str) -> list[dict[str, str]]:
    return list(desk.read(seat, Paper.objects.get(type=code, batch_code=CODE)).iter_rows(named=True))


def semi_finished(seat: Seat, **wrong: str) -> None:
    """Printed, initialised cards on the bank's bench; `wrong`: what the second one shows instead."""
    accounts = {a.application_ref: a for a in Account.objects.filter(batch_code=CODE)}
    values = security.derive(seat, accounts.values())
    path = seat.bench("bank", "bench") / f"{CODE}.cards.tray"
    tray.create(path, path.stem, "cards")
    bound = {}
    with things.on_bench(seat.world, path) as cards:
        for n in range(SIZE):
            who = person(n)
            module = chip(100 + n)
            module.embed()
            piece = cards.add(serial=f"QZ26{900 + n:09}", chip=module)
            order = finishing.Order.of(accounts[who["app_no"]], values[who["app_no"]])
            cards.print(piece, order.ink | (wrong if n == 1 else {}))
            with cards.chip(piece) as connection:
                social.initialise(connection, SOCIAL, cos_version=COS_VERSION)
                public.write_public_area(connection, public.Identity(who["id_no"], who["name"]), SOCIAL)
            bound[who["app_no"]] = Bound(str(piece.serial), "")
    batch, bank = Batch.objects.get(code=CODE), organisation("bank")
    outside = place(organisation("integrator"), State.OUTSIDE, plastic.batch_group(batch))
    plastic.bind(batch, bank, bound, outside, by="test", step=None)
    file(
        seat,
        HANDOVER,
        [HANDOVER.example | person(n) | {"card_serial": f"QZ26{900 + n:09}", "cause": ""} for n in range(SIZE)],
    )


def test_the_account_file_holds_the_number_and_nothing_else_and_the_suppliers_what_is_printed(seat: Seat) -> None:
    do(seat, "generate_accounts", "return_accounts", "submit_accounts")
    rows = sent(seat, ACCOUNT_FILE.code)
    assert {tuple(row) for row in rows} == {("app_no", "id_no", "name", "pan")}
    assert len({row["pan"] for row in rows}) == SIZE
    frozen = b"".join(path.read_bytes() for path in (seat.home / "files" / "documents").rglob("*.csv"))
    assert rows[0]["pan"].encode() in frozen and b"expiry" not in frozen and b"cvv2" not in frozen


@pytest.mark.parametrize("field", ["pan", "expiry", "cvv2"])
def test_a_printed_number_that_is_not_the_accounts_makes_the_card_void(seat: Seat, field: str) -> None:
    do(seat, "generate_accounts", "return_accounts", "submit_accounts")
    semi_finished(seat, **{field: "000"})
    do(seat, "finish", "deliver")
    failed = Failure.objects.filter(card__batch__code=CODE)
    assert [(f.card.application_ref, f.cause) for f in failed] == [(person(1)["app_no"], "number-misprint")]
    assert {row["app_no"] for row in sent(seat, CARD_LIST.code)} == {person(0)["app_no"], person(2)["app_no"]}
    statuses = dict(Account.objects.filter(batch_code=CODE).values_list("application_ref", "status"))
    assert statuses == {person(0)["app_no"]: "opened", person(1)["app_no"]: "closed", person(2)["app_no"]: "opened"}


def test_the_counter_activates_collected_cards_of_those_who_show_their_own_id_or_none(seat: Seat) -> None:
    do(seat, "generate_accounts", "return_accounts", "submit_accounts")
    semi_finished(seat)
    do(seat, "finish", "deliver")
    cards = list(Batch.objects.get(code=CODE).cards.order_by("line"))
    told = {str(card.serial): {"id_no": person(n)["id_no"]} for n, card in enumerate(cards)}
    for card in cards[:2]:
        CardEvent.objects.create(
            card=card, kind="collected", happened_at="2026-11-23T00:00Z", booked_day=today(), by="t"
        )
    with pytest.raises(Refused, match="领卡回执未到"):
        do_cards(seat, "activate", told, by="柜员")
    assert not Account.objects.filter(status="activated").exists()
    del told[str(cards[2].serial)]
    assert do_cards(seat, "activate", told, by="柜员") == 2
    assert Account.objects.filter(status="activated", closed_for_payment=False).count() == 2
    assert {row["card_serial"] for row in sent(seat, ACTIVATION.code)} == set(told)


def test_the_banks_sealed_copy_goes_wherever_it_lies(seat: Seat) -> None:
    do(seat, "generate_accounts")
    mail = seat.home / "mail"
    Outbox.objects.create(
        peer="supplier", number=4, document="supplier-accounts", payload_sha256="f" * 64, manifest=b"", signature=b""
    )
    Paper.objects.create(
        type="supplier-accounts", subject_kind="batch", subject=CODE, batch_code=CODE, process="urban-batch",
        sender_lane="bank", sender="works", receiver="supplier", sha256="", rows=3, state=Paper.SENT, number=4,
        made_at="2026-11-23T00:00Z",
    )  # fmt: skip
    copies = [mail / "staging" / ("f" * 64)]
    for folder in ("sent", "out"):
        (mail / folder / "supplier").mkdir(parents=True)
        copies += [mail / folder / "supplier" / f"works-000004-supplier-accounts{s}" for s in (".age", ".json", ".p7s")]
    other = mail / "sent" / "supplier" / "works-000005-supplier-accounts.age"
    for path in (*copies, other):
        path.write_bytes(b"x")
    work = ActWork(seat, BY_NAME["delete_sealed_copy"], "paper", Batch.objects.get(code=CODE))
    for _ in range(2):
        acts.delete_sealed_copy(work)
    assert [path for path in copies if path.exists()] == [] and other.exists()
    assert Mailroom(seat).signer  # the mailbox is as it was
