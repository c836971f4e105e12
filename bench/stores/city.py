"""A platform's store with the whole city in it, as far as the annexes look: written by set-based SQL.

Batches of 5,000 in 25 bundles of 200, a unit each: one sixth urban at 12 centres, every twentieth of them walk-ins; the
rest rural at 9 counties. Every card is in its holder's hands but one a bundle that failed; of every twentieth bundle
another failed afterwards. The store has no statistics of its tables, as a seat's own has none.
"""

import time
from pathlib import Path
from typing import Any

from stores.bank import HEX, without_indexes

BATCH, CENTRES, COUNTIES = 5_000, 12, 9
AT = "'2026-06-01 08:00:00'"
BUNDLES = "SELECT b, n AS u, (b - 1)*25 + n AS k FROM batch, number WHERE n <= 25"
URBAN = "b <= {batches} / 6"
OFFICE = f"CASE WHEN {URBAN} THEN 1 + b % 12 ELSE 13 + b % 9 END"
CODE = "printf('%s-%05d', CASE WHEN " + URBAN + " THEN 'A1' ELSE 'B1' END, b)"

FILL: tuple[tuple[str, str], ...] = (
    ("ledger_organisation (id, code, name, kind, path)",
     "SELECT n, printf('O%02d', n), printf('O%02d', n), 'centre', n || '/' FROM number WHERE n <= 21"),
    ("ledger_organisation (id, code, name, kind, parent_id, path)",
     "SELECT 100 + k, 'u' || k, 'u' || k, 'unit', {office}, '' FROM ({bundles})"),
    ("ledger_unit (organisation_id, office_id, category)",
     "SELECT 100 + k, {office}, CASE WHEN {urban} THEN CASE u % 3 WHEN 0 THEN 'worker' WHEN 1 THEN 'resident'"
     " ELSE 'student' END ELSE 'rural' END FROM ({bundles})"),
    ("ledger_batch (id, code, process, office_id, size, attempt, formed_at, closed_at)",
     "SELECT b, {code}, CASE WHEN NOT ({urban}) THEN 'rural-batch' WHEN b % 20 = 0 THEN 'urban-new'"
     " ELSE 'urban-batch' END, {office}, 5000, 1, {at}, {at} FROM batch"),
    ("ledger_group (id, code, kind, ref)", "SELECT k, {code} || '.u' || k, 'parcel', {code} FROM ({bundles})"),
    ("ledger_place (id, organisation_id, state, group_id)", "SELECT k*2, 100 + k, 'good', k FROM ({bundles})"),
    ("ledger_place (id, organisation_id, state, group_id)", "SELECT k*2 + 1, 100 + k, 'issued', k FROM ({bundles})"),
    ("ledger_tally (booked_day, from_place_id, to_place_id, n)",
     "SELECT date('2026-06-01', '+' || (n + b/9) || ' days'), k*2, k*2 + 1, CASE n WHEN 1 THEN 49 ELSE 50 END"
     " FROM ({bundles}), (SELECT n FROM number WHERE n <= 4)"),
    ("ledger_bundle (id, batch_id, unit_id, size)", "SELECT k, b, 100 + k, 200 FROM ({bundles})"),
    ("ledger_card (id, batch_id, bundle_id, line, application_ref, person_key, attempt, serial)",
     "SELECT (b - 1)*5000 + n, b, (b - 1)*25 + 1 + (n - 1)/200, n, printf('A%014d', (b - 1)*5000 + n), {hex}, 1,"
     " printf('QZ26%09d', (b - 1)*5000 + n) FROM batch, number"),
    ("ledger_failure (card_id, cause, step, document, source, happened_at)",
     "SELECT (k - 1)*200 + 8, 'stripe-bad', 'finish', '', 'icbc', {at} FROM ({bundles})"),
    ("ledger_failure (card_id, cause, step, document, source, happened_at)",
     "SELECT (k - 1)*200 + 9, 'misprint', 'hand_out', '', 'platform', {at} FROM ({bundles}) WHERE k % 20 = 0"),
    ("ledger_cardevent (card_id, kind, happened_at, booked_day, by, cause)",
     "SELECT (b - 1)*5000 + n, 'hand_out', {at}, date('2026-06-01', '+' || (1 + b/9) || ' days'), 'x', ''"
     " FROM batch, number WHERE n % 200 <> 8"),
    ("ledger_steprecord (subject_kind, subject, batch_id, process, number, lane, function, n_in, n_out, happened_at,"
     " booked_at, by, evidence, source)",
     "SELECT 'batch', {code}, b, '', n, 'bank', CASE n WHEN 13 THEN 'deliver' ELSE 'row' || n END, 5000, 4975, {at},"
     " {at}, 'icbc', '', 'notice' FROM batch, number WHERE n <= 18"),
    ("ledger_steprecord (subject_kind, subject, process, number, lane, function, n_in, n_out, happened_at, booked_at,"
     " by, evidence, source)",
     "SELECT 'lot', 'L-rural-u' || k, 'rural-batch', 1, 'centre', 'confirm', 205, 200, {at}, {at}, 'x', '', 'own'"
     " FROM ({bundles}) WHERE NOT ({urban})"),
    ("people_collectedlot (code, process, office, rows, day)",
     "SELECT 'L-rural-u' || k, 'rural-batch', printf('O%02d', {office}), 205,"
     " date('2026-04-01', '+' || (k % 80) || ' days') FROM ({bundles}) WHERE NOT ({urban})"),
)  # fmt: skip


def fill(home: Path, cards: int) -> dict[str, float]:
    """Make the seat and its store. Returns seconds and megabytes."""
    seat = _make(home)
    from django.db import connection

    started, batches = time.perf_counter(), cards // BATCH
    plain = {"batches": batches, "at": AT, "hex": HEX, "bundles": BUNDLES}
    names = plain | {name: text.format(**plain) for name, text in
                     (("urban", URBAN), ("office", OFFICE), ("code", CODE))}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute("PRAGMA synchronous = OFF")
        with without_indexes(cursor):
            for table, top in (("number", BATCH), ("batch", batches)):
                cursor.execute(f"CREATE TEMP TABLE {table} ({table[0]} INTEGER PRIMARY KEY)")
                cursor.execute(
                    f"INSERT INTO {table} WITH RECURSIVE r(n) AS"
                    f" (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {top}) SELECT n FROM r"
                )
            for into, select in FILL:
                cursor.execute(f"INSERT INTO {into} {select.format(**names)}".replace("%", "%%"), [])
    plans(seat, cards)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return {"seconds": time.perf_counter() - started, "megabytes": (home / "zhika.db").stat().st_size / 1e6}


def plans(seat: Any, cards: int) -> None:
    """A plan for each annex, of the city's size."""
    from datetime import date

    from django.utils import timezone

    from zhika.lanes.integrator.planning import due_days
    from zhika.people.plans import CARDS, FORMS, Plan, PlanLine

    days = [day.isoformat() for day in due_days(seat.annex, 2026)]
    common = {"valid_from": date(2026, 3, 1), "loaded_at": timezone.now(), "by": "x", "sha256": "0" * 64}
    three = Plan.objects.create(annex=CARDS, **common)
    six = Plan.objects.create(annex=FORMS, due=days, **common)
    PlanLine.objects.bulk_create(
        PlanLine(plan=three, place=n, office_id=n, name=f"O{n:02}", worker=cards // 200) for n in range(1, CENTRES + 1)
    )
    PlanLine.objects.bulk_create(
        PlanLine(plan=six, place=n, office_id=CENTRES + n, name=f"O{n:02}", rural=cards // COUNTIES, lots=5)
        for n in range(1, COUNTIES + 1)
    )


def _make(home: Path) -> Any:
    """A platform's seat as `zhika init` makes it."""
    from django.core.management import call_command

    from zhika.seat.home import Kind, create
    from zhika.seat.start import start

    home.parent.mkdir(exist_ok=True)
    create(home, Kind.PLATFORM, "platform")
    seat = start(home)
    call_command("migrate", verbosity=0)
    return seat
