"""A platform seat by itself: register files, photos, stock and books; the far lanes' things are made by hand."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from zhika.card import idnumber, pan, tray
from zhika.card.chip import social, softcard
from zhika.card.chip.keys import SocialKeys
from zhika.card.tray import Tray
from zhika.engine import desk, plastic
from zhika.engine.acts import act
from zhika.engine.run import run
from zhika.engine.work import Bound, Subject
from zhika.flows import FLOWS
from zhika.flows.chart import Grain
from zhika.flows.documents import ACCOUNT_FILE, SEMI_FINISHED, Document
from zhika.flows.lanes import Lane
from zhika.lanes.integrator.models import Production
from zhika.lanes.unit import collecting
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Card
from zhika.ledger.places import State, place
from zhika.people.models import Application
from zhika.rehearsal.portraits import portrait
from zhika.seat import home as homes
from zhika.seat import keys, things
from zhika.seat.config import Seat, read

NAME = "house"
OFFICE, UNIT = "02", "100000"
NAMES = ("陈阿山", "林小燕", "黄大海", "买买提·艾力", "吴阿妹", "郑海生")
MAKER = SocialKeys(bytes(16), bytes(range(16, 32)))
HEADER = (
    "person_no",
    "name",
    "id_no",
    "sex",
    "nation",
    "birth",
    "category",
    "centre",
    "unit_no",
    "unit_name",
    "status",
)


def person(n: int) -> dict[str, str]:
    """A synthetic person as the insurance knows them, from 0."""
    body = f"35050219900101{2 * n + 1:03}"
    values = (
        f"P{n:06}", NAMES[n % len(NAMES)], body + idnumber.calc_check_digit(body), "男", "汉族", "19900101", "职工",
        OFFICE, UNIT, "闽达小学", "正常",
    )  # fmt: skip
    return dict(zip(HEADER, values, strict=True))


@dataclass
class House:
    """The seat, and what a test does with it."""

    seat: Seat
    folder: Path
    process: str = "urban-batch"
    people: list[dict[str, str]] = field(default_factory=lambda: [person(n) for n in range(6)])

    @property
    def scheme(self) -> str:
        return self.process.split("-")[0]

    def write(self, name: str, rows: list[dict[str, str]]) -> Path:
        path = self.folder / name
        pl.DataFrame(rows).write_csv(path)
        return path

    def row(self, subject: str, work: str, lane: Lane, *, by: str = "王芳", **facts: str) -> bool:
        chart = FLOWS[self.process]
        step = next(s for s in chart.steps if s.work == work and s.lane is lane)
        return run(self.seat, Subject(step.grain, subject), chart, step, by=by, facts={"": facts})

    def load_registers(self, insurance: list[dict[str, str]] | None = None) -> None:
        kinds = {"insurance": insurance or self.people}
        if self.scheme == "rural":
            names = ("name", "id_no", "sex", "nation", "birth")
            kinds["household"] = [{name: row[name] for name in names} for row in self.people]
        for kind, rows in kinds.items():
            path = str(self.write(f"{self.scheme}-{kind}.csv", rows))
            facts = {"scheme": self.scheme, "kind": kind, "path": path}
            assert act(self.seat, "load_register", f"{self.scheme}/{kind}", by="周", facts=facts)

    def collected(self, rows: list[dict[str, str]] | None = None) -> Path:
        """A collected file with a photo a person."""
        lines = []
        for row in rows or self.people:
            name = f"photo/{row['person_no']}.jpg"
            (self.folder / "photo").mkdir(exist_ok=True)
            (self.folder / name).write_bytes(portrait(row["person_no"], "1", 30))
            lines.append({**row, "photo": name})
        return self.write("collected.csv", lines)

    def lot(self, rows: list[dict[str, str]] | None = None) -> str:
        """A lot handed in and compared."""
        told = {"process": self.process, "photos": str(self.folder)}
        ((code, facts),) = collecting.from_file(self.seat, self.collected(rows), told)
        self.row(code, "collect", Lane.UNIT, by="陈明", **facts)
        self.row(code, "compare", Lane.INTEGRATOR)
        return code

    def batch(self) -> Batch:
        """Everybody confirmed and in one batch."""
        self.load_registers()
        code = self.lot()
        self.row(code, "confirm", Lane.CENTRE, second="高远")
        self.row(code, "form_production_data", Lane.INTEGRATOR)
        assert act(self.seat, "form", f"{self.process}/{OFFICE}", by="周")
        return Batch.objects.get()

    def file(self, batch: Batch, document: Document, rows: list[dict[str, str]], lane: Lane) -> None:
        """A document of another seat's, on the desk."""
        frame = pl.DataFrame(rows, schema=dict.fromkeys(document.columns, pl.String))
        handover = f"{batch.code}~{document.code}" if document.things else ""
        paper = desk.file(
            self.seat, document, frame, Subject(Grain.BATCH, batch.code), process=self.process, batch_code=batch.code,
            sender_lane=lane, sender=NAME, receiver=NAME, handover=handover,
        )  # fmt: skip
        paper.counted = True
        paper.save()

    def keys_of(self, batch: Batch) -> list[dict[str, str]]:
        rows = Application.objects.filter(batch_code=batch.code).select_related("person").order_by("ref")
        return [{"app_no": row.ref, "id_no": row.person.id_no, "name": row.person.name} for row in rows]

    def numbered(self, batch: Batch, changes: Mapping[int, str] | None = None) -> None:
        """The bank's account file: a number an application, some of them changed."""
        rows = []
        for at, row in enumerate(self.keys_of(batch)):
            body = f"622235{at + 1:012}"
            rows.append({**row, "pan": (changes or {}).get(at, body + pan.calc_check_digit(body))})
        self.file(batch, ACCOUNT_FILE, rows, Lane.BANK)

    def stock(self, n: int, cos: str = "ZHIKA-COS 1.0", kinds: Sequence[str] = ("modules", "blanks")) -> None:
        """A tray of material of each kind in the stock, not yet in the books."""
        folder = self.seat.bench(self.seat.organisation(Lane.INTEGRATOR), "stock")
        for kind in kinds:
            path = folder / f"M-1-{kind}-1.tray"
            tray.create(path, path.stem, kind)
            with things.on_bench(self.seat.world, path) as opened:
                for at in range(n):
                    opened.add(chip=chip(at, cos) if kind != "blanks" else None)

    def made(self, batch: Batch) -> Path:
        """Semi-finished cards on the integrator's bench, born in the books, with their list."""
        holder = organisation(self.seat.organisation(Lane.INTEGRATOR))
        path = self.seat.bench(holder.code, "bench") / f"{batch.code}.cards.tray"
        tray.create(path, path.stem, "cards")
        modules = self.folder / "m.tray"
        tray.create(modules, "m", "modules")
        produced = {row.app_no: row for row in Production.objects.all()}
        bound, rows = {}, []
        with things.on_bench(self.seat.world, path) as cards, things.on_bench(self.seat.world, modules) as chips:
            for at, key in enumerate(self.keys_of(batch)):
                serial, row = f"QZ26{at + 1:09}", produced[key["app_no"]]
                face = {"name": key["name"], "id_no": key["id_no"], "ssc_no": row.ssc_no, "issue_date": row.issue_date}
                piece = cards.add()
                cards.print(piece, face | ({"pan": row.pan} if row.pan else {}) | {"expiry": "3611", "cvv2": "417"})
                cards.laminate(piece)
                cards.punch(piece)
                cards.embed(piece, chips.add(chip=chip(at)), chips, serial)
                bound[key["app_no"]] = Bound(serial, f"F1{at:010X}")
                rows.append({**key, "card_serial": serial, "chip_serial": f"F1{at:010X}", "condition": "good",
                             "cause": "", "flag": "新增"})  # fmt: skip
        source = place(holder, State.OUTSIDE, plastic.batch_group(batch))
        plastic.bind(batch, holder, bound, source, by="test", step=None)
        self.file(batch, SEMI_FINISHED, rows, Lane.SUPPLIER)
        return path


def chip(n: int, cos: str = "ZHIKA-COS 1.0") -> softcard.SoftCard:
    return softcard.module(f"F1{n:010X}", social=MAKER.transport_master, bank=bytes(range(32, 48)), cos_version=cos)


def causes() -> dict[str, str]:
    """Serial or application → cause, of all who have left."""
    cards = Card.objects.filter(failure__isnull=False).select_related("failure")
    return {card.serial or card.application_ref: card.failure.cause for card in cards}


def build(folder: Path, process: str = "urban-batch") -> House:
    home = folder / NAME
    homes.create(home, homes.Kind.PLATFORM, NAME)
    keys.put(home / "keys", keys.TRANSPORT_SOCIAL, MAKER.transport_master)
    (folder / "world").mkdir()
    (folder / "world" / "nature").write_text(secrets.token_hex(32))
    partners = {name: {Lane.BANK: NAME, Lane.SUPPLIER: NAME} for name in ("urban-batch", "rural-batch")}
    return House(Seat(**{**vars(read(home)), "partners": partners}), folder, process)


def chip_of(opened: Tray, serial: str) -> social.Chip:
    piece = opened.find(serial)
    assert piece is not None
    with opened.chip(piece) as connection:
        return social.inspect(connection)
