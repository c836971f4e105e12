"""A bank's store with as many cards as wanted, written by set-based SQL with explicit keys, in batches of 5,000.

Everything but the last two batches has gone all the way into people's hands; those two lie finished at the bank.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BATCH, UNITS = 5_000, 25
DAY = (11, 23)
SPAN = 6_000
"""Movement keys that a batch has for itself."""
OPEN = 2
PARTIES = {"integrator": ("ylz", "platform"), "centre": ("02", "platform"), "bank": ("icbc", "icbc"),
           "supplier": ("supplier", "supplier")}  # fmt: skip
AT = "'2025-06-01 08:00:00'"
HEX = "lower(hex(randomblob(32)))"

# Places of batch b have the keys b*100 + 1 outside, 2 good, 3 given, 4 void, 5 centre; unit u three more from 10 on.
PARCEL, HELD, ISSUED = (f"b*100 + {10 + at} + u*3" for at in range(3))
BUNDLES = "SELECT b, n - 1 AS u FROM batch, number WHERE n <= 25"
GONE = "b <= {last}"
LINE_OF = "u*200 + 8"
"""The one card of each bundle that became void."""

FILL: tuple[tuple[str, str], ...] = (
    ("ledger_batch (id, code, process, office_id, size, attempt, formed_at, closed_at)",
     "SELECT b, printf('A1-02-%05d', b), 'urban-batch', 2, 5000, 1, {at}, CASE WHEN {gone} THEN {at} END FROM batch"),
    ("ledger_group (id, code, kind, ref)",
     "SELECT b*100, printf('A1-02-%05d', b), 'batch', printf('A1-02-%05d', b) FROM batch"),
    ("ledger_group (id, code, kind, ref)",
     "SELECT b*100 + 10 + u, printf('A1-02-%05d.%d', b, u), 'parcel', printf('A1-02-%05d', b) FROM ({bundles})"
     " WHERE {gone}"),
    ("{place}", "SELECT b*100 + 1, 4, 'outside', b*100 FROM batch"),
    ("{place}", "SELECT b*100 + 2, 3, 'good', b*100 FROM batch"),
    ("{place}", "SELECT b*100 + 3, 3, 'given', b*100 FROM batch"),
    ("{place}", "SELECT b*100 + 4, 3, 'void', b*100 FROM batch"),
    ("{place}", "SELECT b*100 + 5, 2, 'good', b*100 FROM batch WHERE {gone}"),
    ("{place}",
     "SELECT {parcel}, 2, 'given', b*100 + 10 + u FROM ({bundles}) WHERE {gone}"),
    ("{place}",
     "SELECT {held}, 10 + u, 'good', b*100 + 10 + u FROM ({bundles}) WHERE {gone}"),
    ("{place}",
     "SELECT {issued}, 10 + u, 'issued', b*100 + 10 + u FROM ({bundles}) WHERE {gone}"),
    # One movement sequence: births, voids, to the centre, to the units, into people's hands.
    ("{movement}",
     "SELECT b*6000 + u, {day}, {at}, b*100 + 1, b*100 + 2, 200, b*25 + u, NULL, 'born', 'x' FROM ({bundles})"),
    ("{movement}",
     "SELECT b*6000 + 30 + u, {day}, {at}, b*100 + 2, b*100 + 4, 1, NULL, (b-1)*5000 + {spoilt}, 'void', 'x'"
     " FROM ({bundles})"),
    ("{movement}",
     "SELECT b*6000 + 60, {day}, {at}, b*100 + 2, b*100 + 3, 4975, NULL, NULL, 'give', 'x' FROM batch"
     " WHERE {gone}"),
    ("{movement}",
     "SELECT b*6000 + 61, {day}, {at}, b*100 + 3, b*100 + 5, 4975, NULL, NULL, 'accepted', 'x' FROM batch"
     " WHERE {gone}"),
    ("{movement}",
     "SELECT b*6000 + 100 + u, {day}, {at}, b*100 + 5, {parcel}, 199, b*25 + u, NULL, 'give', 'x'"
     " FROM ({bundles}) WHERE {gone}"),
    ("{movement}",
     "SELECT b*6000 + 150 + u, {day}, {at}, {parcel}, {held}, 199, NULL, NULL, 'accepted', 'x'"
     " FROM ({bundles}) WHERE {gone}"),
    ("{movement}",
     "SELECT b*6000 + 200 + n, {day}, {at}, {held}, {issued}, 1, NULL, (b-1)*5000 + n, 'issue', 'x'"
     " FROM (SELECT b, n, (n-1)/200 AS u FROM batch, number WHERE n <> (n-1)/200*200 + 8) WHERE {gone}"),
    ("ledger_tally (booked_day, from_place_id, to_place_id, n)",
     "SELECT booked_day, from_place_id, to_place_id, sum(n) FROM ledger_movement GROUP BY from_place_id, to_place_id"),
    ("ledger_balance (place_id, n, outside)",
     "SELECT id, coalesce(came, 0) - coalesce(went, 0), state = 'outside' FROM ledger_place"
     " LEFT JOIN (SELECT to_place_id, sum(n) AS came FROM ledger_tally GROUP BY 1) ON to_place_id = id"
     " LEFT JOIN (SELECT from_place_id, sum(n) AS went FROM ledger_tally GROUP BY 1) ON from_place_id = id"),
    ("ledger_bundle (id, batch_id, unit_id, size, birth_place_id, birth_movement_id)",
     "SELECT b*25 + u, b, 10 + u, 200, b*100 + 2, b*6000 + u FROM ({bundles})"),
    ("ledger_card (id, batch_id, bundle_id, line, application_ref, person_key, attempt, serial, chip_serial)",
     "SELECT (b-1)*5000 + n, b, b*25 + (n-1)/200, n, printf('A%014d', (b-1)*5000 + n), {hex}, 1,"
     " printf('QZ26%09d', (b-1)*5000 + n), printf('%016X', (b-1)*5000 + n) FROM batch, number"),
    ("ledger_failure (card_id, cause, step, document, source, happened_at)",
     "SELECT (b-1)*5000 + {spoilt}, 'stripe-bad', 'finish', '', 'icbc', {at} FROM ({bundles})"),
    ("ledger_steprecord (subject_kind, subject, batch_id, process, number, lane, function, n_in, n_out, happened_at,"
     " booked_at, by, evidence, source)",
     "SELECT 'batch', printf('A1-02-%05d', b), b, 'urban-batch', number, 'bank', work, 5000, 4975, {at}, {at}, 'zhika',"
     " '', 'own' FROM batch, row WHERE {gone} OR number < 12"),
    ("ledger_paper (type, subject_kind, subject, batch_code, process, sender_lane, sender, receiver, sha256, rows,"
     " state, number, handover_code, counted, acted, sealed, made_at)",
     "SELECT 'progress', 'batch', printf('A1-02-%05d', b), printf('A1-02-%05d', b), 'urban-batch', 'bank', 'icbc',"
     " 'platform', {hex}, 1, 'sent', (b-1)*10 + n, '', 1, 0, 0, {at} FROM batch, number WHERE n <= 10"),
    ("ledger_outbox (peer, number, document, payload_sha256, manifest, signature, published, published_at, receipt,"
     " receipt_text, again)",
     "SELECT 'platform', (b-1)*10 + n, 'progress', {hex}, randomblob(1200), randomblob(700), 1, {at}, 'taken', '', 0"
     " FROM batch, number WHERE n <= 10"),
    ("ledger_inbox (peer, number, manifest_sha256, verdict, text, answered)",
     "SELECT 'platform', (b-1)*5 + n, {hex}, 'taken', '', 1 FROM batch, number WHERE n <= 5"),
    ("ledger_auditentry (at, who, what, subject, why)",
     "SELECT {at}, 'zhika', 'deliver', printf('A1-02-%05d', b), '' FROM batch, number WHERE n <= 40"),
)  # fmt: skip

NAMES = {
    "at": AT, "hex": HEX, "bundles": BUNDLES, "parcel": PARCEL, "held": HELD, "issued": ISSUED, "spoilt": LINE_OF,
    "day": "date('2024-06-01', '+' || (b/2) || ' days')",
    "place": "ledger_place (id, organisation_id, state, group_id)",
    "movement": "ledger_movement (id, booked_day, happened_at, from_place_id, to_place_id, n, bundle_id, card_id,"
    " cause, by)",
}  # fmt: skip


def codes(cards: int) -> list[str]:
    """The codes of a store's batches."""
    return [f"A1-02-{b:05d}" for b in range(1, cards // BATCH + 1)]


def fill(home: Path, cards: int) -> dict[str, float]:
    """Make the seat and its store. Returns seconds and megabytes."""
    seat = _make(home)
    from django.db import connection

    started = time.perf_counter()
    last = cards // BATCH - OPEN
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute("PRAGMA synchronous = OFF")
        with without_indexes(cursor):
            cursor.execute("CREATE TEMP TABLE number (n INTEGER PRIMARY KEY)")
            cursor.execute("CREATE TEMP TABLE batch (b INTEGER PRIMARY KEY)")
            cursor.execute("CREATE TEMP TABLE row (number INTEGER, work TEXT)")
            for table, top in (("number", BATCH), ("batch", cards // BATCH)):
                cursor.execute(
                    f"INSERT INTO {table} WITH RECURSIVE r(n) AS"
                    f" (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {top}) SELECT n FROM r"
                )
            cursor.executemany("INSERT INTO row VALUES (%s, %s)", _own_rows())
            for table, rows in FILL:
                names = NAMES | {"gone": GONE.format(last=last)}
                into, select = table.format(**names), rows.format(**names)
                cursor.execute(f"INSERT INTO {into} {select}".replace("%", "%%"), [])
        cursor.execute("ANALYZE")
    _parties_and_papers(seat, cards)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = (home / "zhika.db").stat().st_size / 1e6
    return {"seconds": time.perf_counter() - started, "megabytes": size}


def open_batch(seat: Any, code: str, size: int) -> None:
    """A new batch of synthetic people, opened by the engine's own hand, with its production data on the desk."""
    import polars as pl

    from zhika.engine import batches, desk
    from zhika.engine.work import Subject
    from zhika.flows.chart import Grain
    from zhika.flows.documents import PRODUCTION_DATA
    from zhika.flows.lanes import Lane
    from zhika.ledger.batches import organisation

    people = [(f"B{n:014d}", f"350502199001{n:06d}"[:18], "陈阿山", f"u{n % UNITS}") for n in range(size)]
    parties = {Lane(lane): who for lane, who in PARTIES.items()}
    batches.create(seat, code, "urban-batch", organisation("02"), people, parties)
    rows = pl.DataFrame(
        [PRODUCTION_DATA.example | {"app_no": a, "id_no": i, "name": n, "unit_no": u} for a, i, n, u in people]
    )
    desk.file(
        seat, PRODUCTION_DATA, rows, Subject(Grain.BATCH, code), process="urban-batch", batch_code=code,
        sender_lane=Lane.INTEGRATOR, sender="platform", receiver="icbc",
    )  # fmt: skip


def _make(home: Path) -> Any:
    """A bank's seat as `zhika init` makes it, and two peers that it trusts."""
    from zhika.exchange.keys import create_keys, load_identities, recipient
    from zhika.exchange.trust import Peer, add_peer
    from zhika.flows.lanes import PLATFORM, Lane
    from zhika.seat.home import Kind, create
    from zhika.seat.start import start

    home.parent.mkdir()
    create(home, Kind.BANK, "icbc", settings={"bank.prefix": "622235"})
    (home / "customers.csv").write_text("id_no,name,standing\n", encoding="utf-8")
    for name, lanes in (("platform", PLATFORM), ("supplier", frozenset({Lane.SUPPLIER}))):
        signer = create_keys(home.parent / name, name)
        own = recipient(load_identities(home.parent / name)[0])
        add_peer(home / "trust", Peer(name, signer.certificate, own, lanes, {"ylz", "02"}, {"urban-batch"}))
    seat = start(home)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from zhika.ledger.batches import Organisation

    known = [(1, "ylz", "integrator"), (2, "02", "centre"), (3, "icbc", "bank"), (4, "supplier", "supplier")]
    known += [(10 + u, f"u{u}", "unit") for u in range(UNITS)]
    Organisation.objects.bulk_create(
        Organisation(id=pk, code=code, name=code, kind=kind, path=f"{pk}/") for pk, code, kind in known
    )
    return seat


def _own_rows() -> list[tuple[int, str]]:
    from zhika.flows import FLOWS

    return [step.key for step in FLOWS["urban-batch"].steps if step.lane == "bank"]


def _parties_and_papers(seat: Any, cards: int) -> None:
    """Who stands on which lane; and who the people of the open batches are, for their exception lists."""
    import polars as pl

    from zhika.engine import desk
    from zhika.engine.work import Subject
    from zhika.flows.chart import Grain
    from zhika.flows.documents import PRODUCTION_DATA
    from zhika.flows.lanes import Lane
    from zhika.ledger.batches import Batch, Party, organisation
    from zhika.ledger.cards import Card

    holders = {lane: organisation(code) for lane, (code, _) in PARTIES.items()}
    Party.objects.bulk_create(
        (
            Party(batch_id=pk, lane=lane, organisation=holders[lane], seat=seat_name)
            for pk in Batch.objects.values_list("pk", flat=True)
            for lane, (_, seat_name) in PARTIES.items()
        ),
        batch_size=1_000,
    )
    for code in codes(cards)[-OPEN:]:
        refs = Card.objects.filter(batch__code=code).values_list("application_ref", flat=True)
        rows = pl.DataFrame([PRODUCTION_DATA.example | {"app_no": ref} for ref in refs])
        desk.file(
            seat, PRODUCTION_DATA, rows, Subject(Grain.BATCH, code), process="urban-batch", batch_code=code,
            sender_lane=Lane.INTEGRATOR, sender="platform", receiver="icbc", state="used",
        )  # fmt: skip


@contextmanager
def without_indexes(cursor: Any) -> Iterator[None]:
    """Indexes and triggers off while millions of rows go in, and built anew after: sorted, once each."""
    cursor.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL")
    found = cursor.fetchall()
    for kind, name, _ in found:
        cursor.execute(f"DROP {kind} {name}")
    yield
    for _, _, sql in found:
        cursor.execute(sql)
