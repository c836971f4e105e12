"""The unit's rows of the charts: every public function is one of them."""

import polars as pl

from zhika.engine import desk
from zhika.engine.work import Done, Work
from zhika.errors import Fault, Refused
from zhika.exchange import table
from zhika.flows.documents import COLLECTED, COLLECTION
from zhika.lanes.unit import handing
from zhika.lanes.unit.models import Receipt
from zhika.ledger.places import SHANGHAI
from zhika.seat import things


def collect(work: Work) -> Done:
    """采集: the lot's rows, kept by content when the file was read; fact `digest`."""
    told = {**work.facts.get("", {}), **work.facts.get(work.subject.code, {})}
    path = desk.file_of(work.seat, told.get("digest", ""))
    if not path.is_file():
        raise Refused([Fault(work.subject.code, "没有采集文件的内容: 用 zhika do collect 文件 送交")])
    rows = table.read(COLLECTED, path)
    if rows["lot"].unique().to_list() != [work.subject.code]:
        raise Refused([Fault(work.subject.code, "文件内容属于另一批次")])
    photos = dict(desk.photos_named(work.seat, COLLECTED, rows))
    return Done(documents={COLLECTED: rows}, photos=photos, n_in=rows.height, n_out=rows.height)


def hand_out(work: Work) -> Done:
    """社保卡交接手续: the person, or a proxy with both IDs and the relation, signs and has the card."""
    persons = handing.persons(work.people)
    said = {app: handing.shown(work.facts.get(app, {}), work.evidence) for app in work.people}
    found: list[Fault] = []
    with things.on_bench(work.seat.world, handing.parcel_tray(work.seat, work.subject.code)) as tray:
        for app, card in work.people.items():
            serial = card.serial or ""
            found += handing.faults(said[app], persons[app], serial)
            found += handing.card_faults(tray, serial, persons[app], work)
    if found:
        raise Refused(found)
    day = work.now.astimezone(SHANGHAI).date().isoformat()
    rows = [
        (app, persons[app].id_no, persons[app].name, card.serial or "", day, said[app].by)
        for app, card in work.people.items()
    ]

    def write() -> None:
        Receipt.objects.bulk_create(
            [
                Receipt(
                    card_serial=card.serial or "", parcel=work.subject.code, by=said[app].by,
                    proxy_name=said[app].proxy_name, proxy_id=said[app].proxy_id, relation=said[app].relation,
                    evidence=said[app].evidence[:200], handed_by=work.by, at=work.now,
                )
                for app, card in work.people.items()
            ],
            batch_size=100,
        )  # fmt: skip

    return Done(
        documents={COLLECTION: pl.DataFrame(rows, schema=dict.fromkeys(COLLECTION.columns, pl.String), orient="row")},
        write=write, after=work.subject.code,
    )  # fmt: skip
