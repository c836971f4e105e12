"""What a bank's seat does and says on a store, whichever it is: run as a process, `on_a_store.py HOME scenario|race|…`.

The answer is JSON that names no key of the store, so the same is expected of SQLite and of PostgreSQL.
"""

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zhika.flows.lanes import PLATFORM, Lane
from zhika.seat.config import Seat
from zhika.seat.start import start

PARTIES = {Lane.INTEGRATOR: ("ylz", "platform"), Lane.CENTRE: ("02", "platform"), Lane.BANK: ("icbc", "icbc"),
           Lane.SUPPLIER: ("supplier", "supplier")}  # fmt: skip
NAMES = ("陈阿山", "林小燕", "黄大海", "买买提·艾力", "吴阿妹", "郑海生")
RACES = [f"A1-02-261123-{n:02}" for n in range(1, 9)]
WORKS = ("generate_accounts", "return_accounts")


def people(code: str) -> list[tuple[str, str, str, str]]:
    """Six synthetic people of two units."""
    batch = int(code[-2:])
    return [
        (f"A{batch:06d}{n:08d}", f"35050219{batch + 10}0101{n:03d}X", name, f"u{n % 2}") for n, name in enumerate(NAMES)
    ]


def trust_peers(home: Path) -> None:
    """A platform and a supplier to send to."""
    from zhika.exchange.keys import create_keys, load_identities, recipient
    from zhika.exchange.trust import Peer, add_peer

    for name, lanes in (("platform", PLATFORM), ("supplier", frozenset({Lane.SUPPLIER}))):
        signer = create_keys(home.parent / name, name)
        own = recipient(load_identities(home.parent / name)[0])
        add_peer(home / "trust", Peer(name, signer.certificate, own, lanes, {"ylz", "02"}, {"urban-batch"}))


def open_batch(seat: Seat, code: str) -> None:
    """A batch with its production data on the desk."""
    import polars as pl

    from zhika.engine import batches, desk
    from zhika.engine.work import Subject
    from zhika.flows.chart import Grain
    from zhika.flows.documents import PRODUCTION_DATA
    from zhika.ledger.batches import organisation

    batches.create(seat, code, "urban-batch", organisation("02", kind="centre"), people(code), PARTIES)
    rows = [
        PRODUCTION_DATA.example | {"app_no": app, "id_no": id_no, "name": name, "unit_no": unit}
        for app, id_no, name, unit in people(code)
    ]
    desk.file(
        seat, PRODUCTION_DATA, pl.DataFrame(rows), Subject(Grain.BATCH, code), process="urban-batch", batch_code=code,
        sender_lane=Lane.INTEGRATOR, sender="platform", receiver="icbc",
    )  # fmt: skip


def do_row(seat: Seat, code: str, work: str, **told: Any) -> bool:
    from zhika.engine.run import run
    from zhika.engine.work import Subject
    from zhika.flows import FLOWS
    from zhika.flows.chart import Grain

    flow = FLOWS["urban-batch"]
    return run(seat, Subject(Grain.BATCH, code), flow, flow.step(work), **told)


def scenario(seat: Seat) -> dict[str, Any]:
    """Rows of the bank, custody, what the store itself refuses, mail, books: all told without keys."""
    from zhika.ledger.laws import breaches

    code = RACES[0]
    open_batch(seat, code)
    done = [do_row(seat, code, work) for work in (*WORKS, *WORKS)]
    return {
        "done": done, "rows": rows_of_the_bank(), "custody": dict(custody(code)), "refused": dict(refused()),
        "audit": audit(seat), "breaches": [str(b) for b in breaches()], "tampered": tampered(),
    }  # fmt: skip


def rows_of_the_bank() -> list[Any]:
    from zhika.lanes.bank.models import Account
    from zhika.ledger.mail import Outbox
    from zhika.ledger.steps import Paper, StepRecord

    return [
        [list(r) for r in Account.objects.order_by("pan").values_list("application_ref", "pan", "expiry", "status")],
        [
            list(r)
            for r in StepRecord.objects.order_by("pk").values_list("subject", "number", "function", "n_in", "n_out")
        ],
        [list(r) for r in Paper.objects.order_by("pk").values_list("type", "state", "receiver", "number", "rows")],
        [list(r) for r in Outbox.objects.order_by("pk").values_list("peer", "number", "document", "published")],
    ]


def custody(code: str) -> Iterator[tuple[str, Any]]:
    """Cards are born at the supplier's tray, one becomes void, the rest is given, one is missing, the rest accepted."""
    from zhika.engine import plastic
    from zhika.engine.work import Bound
    from zhika.ledger.batches import Batch, organisation
    from zhika.ledger.books import balances
    from zhika.ledger.cards import Card
    from zhika.ledger.custody import WHOLE, Cards, close, give, move
    from zhika.ledger.places import Place, State, place, today
    from zhika.ledger.where import by_bundle, where

    batch = Batch.objects.get(code=code)
    bank, centre, within = organisation("icbc"), organisation("02"), plastic.batch_group(batch)
    bound = {app: Bound(f"QZ26{n:09d}", f"{n:016X}") for n, (app, *_) in enumerate(people(code))}
    plastic.bind(batch, bank, bound, place(organisation("ylz"), State.OUTSIDE, within), by="test", step=None)
    failed = plastic.fail(batch, {people(code)[0][0]: "stripe-bad"}, step="finish", source="icbc")
    yield "void", plastic.void_failed(batch, by="test", among=failed) + plastic.void_failed(batch, by="test")
    source, given = plastic.good(bank, batch), place(bank, State.GIVEN, within)
    handover = give(
        f"{code}~card-list", [(source, given, WHOLE)], giver=bank, taker=centre, within=within, batch=batch,
        document="card-list", subject_kind="batch", subject=code, by="test", step=None, trays=["good.tray"],
    )  # fmt: skip
    lost = Card.objects.get(application_ref=people(code)[1][0])
    move(given, place(bank, State.MISSING, within), Cards([lost.pk]), cause="missing", by="test", handover=handover)
    move(given, place(centre, State.GOOD, within), WHOLE, cause="accepted", by="test", handover=handover)
    close(handover, accepted=4, missing=[lost])
    yield "trays", handover.trays
    yield "bundles", sorted(by_bundle(place(centre, State.GOOD, within)).values())
    yield "now", [line.n for line in balances()] + [line.state.value for line in balances(batch=batch)]
    yield "today", [line.n for line in balances(on=today())]
    cards = dict(Card.objects.filter(batch=batch).values_list("pk", "application_ref"))
    names = {p.pk: f"{p.organisation.code} {p.state}" for p in Place.objects.select_related("organisation")}
    yield "where", sorted((cards[card], names[at]) for card, at in where(cards).items())


def refused() -> Iterator[tuple[str, str]]:
    """What the store itself forbids, by its own error's kind and the rule's name in its text."""
    from django.db import DatabaseError, connection, transaction

    from zhika.ledger.audit import AuditEntry
    from zhika.ledger.places import Balance, Movement
    from zhika.ledger.steps import StepRecord

    step = StepRecord.objects.order_by("pk").first()
    assert step is not None
    step.pk = None
    tries = {
        "append-only": [
            lambda: Movement.objects.update(n=7), lambda: AuditEntry.objects.update(who="x"),
            lambda: connection.cursor().execute("DELETE FROM ledger_movement"),
            lambda: connection.cursor().execute("DELETE FROM ledger_auditentry"),
        ],
        "nothing_negative": [lambda: Balance.objects.filter(outside=False, n__gt=0).update(n=-1)],
        "step": [lambda: step.save(force_insert=True)],
    }  # fmt: skip
    for rule, attempts in tries.items():
        for n, attempt in enumerate(attempts):
            try:
                with transaction.atomic():
                    attempt()
            except DatabaseError as error:
                yield f"{rule} {n}", f"{type(error).__name__} {rule in str(error)}"
            else:
                yield f"{rule} {n}", "let through"


def audit(seat: Seat) -> list[Any]:
    from zhika.exchange.keys import load_signer
    from zhika.exchange.signature import is_signed, sign
    from zhika.ledger import audit

    signer = load_signer(seat.home / "keys")
    when = datetime(2026, 11, 23, 8, 30, 0, 123456, tzinfo=UTC)
    audit.note("test", "look", "B1", "", at=when)
    closed = audit.seal(lambda content: sign(content, signer))
    assert closed is not None
    faults = list(audit.faults(lambda content, signature: is_signed(content, signature, signer.certificate)))
    at = audit.AuditEntry.objects.get(pk=closed.last_id).at
    return [closed.last_id, at == when, len(faults)]


def tampered() -> list[str]:
    """Laws that `books --prove` finds broken once somebody with the store in hand has changed a sealed entry."""
    from django.db import connection

    from zhika.ledger.audit import AuditEntry
    from zhika.ledger.laws import breaches

    on = "" if connection.vendor == "sqlite" else " ON ledger_auditentry"
    connection.cursor().execute(f"DROP TRIGGER ledger_auditentry_no_update{on}")
    AuditEntry.objects.filter(what="look").update(who="nobody")
    return [breach.law for breach in breaches()]


def race(seat: Seat) -> list[str]:
    """Do every row of every batch that another worker has not done yet, from the moment the gate opens.

    Each worker goes its own way round, so that they are at different batches, and at the same mail, at once.
    """
    from zhika.engine import turns

    turns.turn = lambda *_, **__: nullcontext()  # nothing rests on whose turn it is: the store alone decides
    order = random.Random(os.getpid()).sample(RACES, len(RACES))
    gate = seat.home.parent / "gate"
    while not gate.exists():
        time.sleep(0.01)
    return [f"{code} {work}" for code in order for work in WORKS if do_row(seat, code, work)]


def prepare(seat: Seat) -> None:
    for code in RACES:
        open_batch(seat, code)


def result(seat: Seat) -> list[Any]:
    return rows_of_the_bank()


def stirred(seat: Seat) -> dict[str, bool]:
    """What makes a resting worker look again."""
    import subprocess

    from zhika.engine.rest import signs

    seen, told = [signs(seat)], {}

    def after(what: str) -> None:
        seen.append(signs(seat))
        told[what] = seen[-1] != seen[-2]

    after("nothing")
    subprocess.run([sys.executable, __file__, str(seat.home), "prepare"], check=True, stdout=subprocess.DEVNULL)
    after("somebody else has written")
    after("nothing since")
    (seat.home / "mail" / "in" / "platform-000001-production-data.json").touch()
    after("mail has come")
    return told


if __name__ == "__main__":
    here = start(Path(sys.argv[1]))
    actions = {"scenario": scenario, "prepare": prepare, "race": race, "result": result, "stirred": stirred}
    print(json.dumps(actions[sys.argv[2]](here), ensure_ascii=False))
