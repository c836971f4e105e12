"""A platform's store of a whole city: 6,561,275 people with an application and a card each, written by set-based SQL.

Batches of 5,000 in bundles of 200, a unit each; one batch in six is urban, as in the document's annexes 3 and 6. Nine
cards in ten are in people's hands, the tenth lies at its unit. The last 20 batches stand at rows before.
Every batch has its rows, handovers, movements by day, balances, tallies, documents and events; a bank number each, in
the production database (the application database, which no question here reads, stays empty).
"""

import time
from pathlib import Path
from typing import Any

from stores.bank import without_indexes
from stores.platform_rows import FILL, FIRST_UNIT, MOVEMENT, PLACE, PLACES

BATCH, SIZE = 5_000, 200
OPEN = 20
AUDITED = 6
"""The batch whose documents lie on the desk, for the audit."""
KNOWN = {1: ("ylz", "易联众", "integrator"), 2: ("supplier", "卡片供应商", "supplier"), 3: ("icbc", "工商银行", "bank"),
         4: ("abc", "农业银行", "bank"), 5: ("outside", "系统外", "outside")}  # fmt: skip
CENTRES, COUNTIES = 12, 9
KINDS = ("module", "blank")


def fill(home: Path, cards: int) -> dict[str, float]:
    """Make the seat and its store. Returns seconds and megabytes."""
    seat = _make(home)
    from django.db import connection

    started = time.perf_counter()
    with connection.cursor() as cursor:
        for pragma in ("foreign_keys = OFF", "synchronous = OFF", "journal_mode = OFF", "cache_size = -400000"):
            cursor.execute(f"PRAGMA {pragma}")
        _known(cursor)
        with without_indexes(cursor):
            _numbers(cursor, cards)
            _rows(cursor)
            for into, select in FILL:
                cursor.execute(f"INSERT INTO {into} {select}".replace("%", "%%"), [])
        cursor.execute("ANALYZE")
        cursor.execute("PRAGMA journal_mode = WAL")
    _keyed(seat, cards)
    _documents(seat, AUDITED)
    size = (home / "zhika.db").stat().st_size / 1e6
    return {"seconds": time.perf_counter() - started, "megabytes": size}


def _make(home: Path) -> Any:
    """A platform's seat as `zhika init` makes it."""
    from zhika.seat.home import Kind, create
    from zhika.seat.start import start

    home.parent.mkdir()
    create(home, Kind.PLATFORM, "platform")
    seat = start(home)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return seat


def _known(cursor: Any) -> None:
    """Organisations, stock and its places."""
    offices = [(9, "00", "市医保中心", "city")]
    offices += [(11 + n, f"{n + 1:02}", f"医保中心{n + 1:02}", "centre") for n in range(CENTRES)]
    offices += [(11 + CENTRES + n, f"05{n + 1:02}", f"农合办{n + 1:02}", "centre") for n in range(COUNTIES)]
    told = [(pk, *facts, f"{pk}/") for pk, facts in KNOWN.items()] + [(*facts, f"9/{facts[0]}/") for facts in offices]
    cursor.executemany("INSERT INTO ledger_organisation (id, code, name, kind, path) VALUES (%s, %s, %s, %s, %s)", told)
    cursor.execute("INSERT INTO ledger_group (id, code, kind, ref) VALUES (1, 'S', 'stock', 'S')")
    places = [(1, 5, "outside"), (2, 1, "blank"), (3, 1, "used")]
    cursor.executemany(f"INSERT INTO {PLACE} VALUES (%s, %s, %s, 1)", places)
    cursor.executemany(
        f"INSERT INTO {MOVEMENT}"
        " VALUES (%s, '2022-12-01', '2022-12-01', 1, %s, 9000000, NULL, NULL, NULL, 'load', 'x')",
        [(1, 2), (2, 3)],
    )
    cursor.executemany(
        "INSERT INTO integrator_consignment (id, code, kind, tray, count, cos_version, cos_digest, loaded_at, by)"
        " VALUES (%s, %s, %s, %s, 500000, 'ZHIKA-COS 1.0', '', '2022-12-01', 'x')",
        [
            (2 + 2 * n + at, f"M-{n}", kind, f"M-{n}-{kind}s-1.tray")
            for n in range(140)
            for at, kind in enumerate(KINDS)
        ],
    )


def _numbers(cursor: Any, cards: int) -> None:
    """Temporary tables: numbers, batches, bundles, the spots of a batch and its parties."""
    cursor.execute("CREATE TEMP TABLE number (n INTEGER PRIMARY KEY)")
    cursor.execute(
        "INSERT INTO number WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5000)"
        " SELECT n FROM r"
    )
    cursor.execute(
        "CREATE TEMP TABLE batch (b INTEGER PRIMARY KEY, code, process, urban, office INT, bank INT, size INT,"
        " spoilt INT, stage INT, start INT, handed)"
    )
    cursor.executemany(
        f"INSERT INTO batch VALUES ({', '.join(['%s'] * 11)})", [_batch(b, cards) for b in range(1, _count(cards) + 1)]
    )
    cursor.execute(
        "CREATE TEMP TABLE bundle AS SELECT b, n - 1 AS u, min(200, size - (n-1)*200) AS size, code, process, urban,"
        f" office, bank, stage, start, {FIRST_UNIT} + (b-1)*25 + n - 1 AS unit FROM batch JOIN number"
        " ON n <= 25 AND (n-1)*200 < size"
    )
    cursor.execute("CREATE TEMP TABLE spots (spot INT, holder, state, within INT)")
    cursor.executemany(
        "INSERT INTO spots VALUES (%s, %s, %s, %s)",
        [(spot, holder, state, within) for spot, (holder, state, within) in enumerate(PLACES, 1)],
    )
    cursor.execute("CREATE TEMP TABLE party (lane, who INT)")
    lanes = [("integrator", 1), ("supplier", 2), ("bank", 0), ("centre", 0)]
    cursor.executemany("INSERT INTO party VALUES (%s, %s)", lanes)


def _count(cards: int) -> int:
    return -(-cards // BATCH)


def _batch(b: int, cards: int) -> tuple[Any, ...]:
    """Everything of one batch; the last ones of each scheme stand somewhere on their way."""
    last = _count(cards)
    urban = b % 6 == 0
    size = min(BATCH, cards - (b - 1) * BATCH)
    office = 11 + b % CENTRES if urban else 11 + CENTRES + b % COUNTIES
    stage = 1 + b % 4 if b > last - OPEN else 5
    process, handed = ("urban-batch", "production-handover") if urban else ("rural-batch", "rural-production-handover")
    code = f"{'A1' if urban else 'B1'}-{office}-{b:05}"
    return b, code, process, urban, office, 3 if urban else 4, size, -(-size // SIZE), stage, b // 2, handed


def _rows(cursor: Any) -> None:
    """The charts' rows: which stage a batch must have reached, on which day, with which document."""
    from zhika.flows import FLOWS
    from zhika.flows.chart import Grain
    from zhika.flows.documents import Key
    from zhika.flows.lanes import PLATFORM

    cursor.execute(
        "CREATE TEMP TABLE row (process, number INT, lane, work, before INT, needs INT, day INT, document, sender)"
    )
    rows = []
    for name in ("urban-batch", "rural-batch"):
        steps = [step for step in FLOWS[name].steps if not step.grain.after_batch]
        stages = {"personalise": 2, "hand_over": 3, "deliver": 4}
        for place, step in enumerate(steps):
            after = [works for works in stages if steps.index(FLOWS[name].step(works)) >= place]
            needed = stages[after[0]] if place > 5 else 1
            told = [d for d in step.sends if d.key is Key.PERSON and (d.receivers | {step.lane}) & PLATFORM]
            sent = told[0].code if told else ""
            rows.append(
                (
                    name,
                    step.number,
                    step.lane,
                    step.work,
                    step.grain is Grain.LOT,
                    needed,
                    5 + place * 2,
                    sent,
                    step.lane,
                )
            )
    cursor.executemany(f"INSERT INTO row VALUES ({', '.join(['%s'] * 9)})", rows)


def sample(cards: int, n: int = 200) -> list[int]:
    """Cards (primary keys, those of person and application too) spread over the whole store."""
    return [1 + at * (cards // n) for at in range(n)]


def _keyed(seat: Any, cards: int) -> None:
    """Persons of the sample get the keyed hash of an ID number of their own."""
    from zhika.engine.check import id_key
    from zhika.people.models import Person

    for pk in sample(cards):
        Person.objects.filter(pk=pk).update(id_no=id_no(pk), id_key=id_key(seat.home, id_no(pk)))


def id_no(pk: int) -> str:
    """An ID number that nobody else in the store has."""
    from zhika.card.idnumber import calc_check_digit

    body = f"350502{18000101 + pk // 1_000 % 9_000 * 10_000}{pk % 1_000:03}"
    return body + calc_check_digit(body)


def _documents(seat: Any, batch: int) -> None:
    """The documents of one batch as files, every living card on each, and what its holders signed for."""
    import polars as pl

    from zhika.engine import desk
    from zhika.engine.work import Subject
    from zhika.flows.chart import Grain
    from zhika.flows.documents import BY_CODE, CARD_LIST, COLLECTION, PASSING_ON
    from zhika.flows.lanes import Lane
    from zhika.ledger.cards import Card
    from zhika.ledger.steps import Paper

    cards = Card.objects.filter(batch=batch).order_by("line").select_related("failure", "bundle__unit")
    people = [
        {"app_no": card.application_ref, "id_no": f"350502199001{card.pk % 1_000_000:06}", "name": "陈阿山",
         "card_serial": card.serial, "pan": f"6222350{card.pk:012}", "line": card.line, "unit": card.bundle.unit.code,
         "failed": hasattr(card, "failure")}
        for card in cards
    ]  # fmt: skip
    papers = Paper.objects.filter(batch_code=cards[0].batch.code)
    for paper in papers:
        document = BY_CODE[paper.type]
        of_unit = paper.subject.rpartition(".")[2]
        going = [one for one in people if paper.subject_kind == Grain.BATCH or one["unit"] == of_unit]
        if document in (CARD_LIST, PASSING_ON):
            going = [one for one in going if not one["failed"]]
        rows = [{name: one.get(name, text) for name, text in document.example.items()} for one in going]
        paper.sha256 = desk.freeze(seat, document, pl.DataFrame(rows))
        paper.save(update_fields=["sha256"])
    signed = [one for one in people if not one["failed"] and one["line"] % 10]
    rows = [{name: one.get(name, text) for name, text in COLLECTION.example.items()} for one in signed]
    desk.file(
        seat, COLLECTION, pl.DataFrame(rows), Subject(Grain.BATCH, papers[0].batch_code), process="urban-batch",
        batch_code=papers[0].batch_code, sender_lane=Lane.UNIT, sender="platform", receiver="platform", state="used",
    )  # fmt: skip
