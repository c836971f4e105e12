"""A supplier and a bank at one bench: real trays, chips, keys and books; nobody else's lane runs."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from zhika.card import cardnumber, tray
from zhika.card.chip import public, social, softcard
from zhika.card.chip.cos import COS_VERSION
from zhika.card.chip.keys import SocialKeys
from zhika.card.tray import Tray
from zhika.engine import batches, desk, plastic
from zhika.engine.run import run
from zhika.engine.work import Subject
from zhika.flows import FLOWS
from zhika.flows.chart import Grain
from zhika.flows.documents import MATERIAL, RURAL_FACE_DATA, RURAL_HANDOVER, Document
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Card, Failure
from zhika.ledger.custody import WHOLE, Quantity, move
from zhika.ledger.places import State, count, place
from zhika.rehearsal.portraits import portrait
from zhika.seat import home as homes
from zhika.seat import keys, things
from zhika.seat.config import Seat, read

CODE = "B1-0501-261123-01"
LOT = MATERIAL.example["consignment"]
PARTIES = {lane: (str(lane), "works") for lane in (Lane.INTEGRATOR, Lane.CENTRE, Lane.BANK, Lane.SUPPLIER)}
NAMES = ("陈阿山", "林小燕", "黄大海", "买买提·艾力", "吴阿妹", "郑海生")
SOCIAL = SocialKeys(bytes(range(16)), bytes(range(16, 32)))
BANK_TRANSPORT = bytes(range(32, 48))


def person(n: int) -> dict[str, str]:
    """A synthetic person of the batch, from 0."""
    return {"app_no": f"A261123{n + 1:08d}", "id_no": f"35050219900101{n:03d}X", "name": NAMES[n]}


class Killed(BaseException):
    """What SIGKILL is to the worker: nothing after it runs but what must."""


@dataclass
class Workshop:
    """The seat, its batch, and what a test does with them."""

    seat: Seat
    batch: Batch
    size: int

    @property
    def subject(self) -> Subject:
        return Subject(Grain.BATCH, CODE)

    def do(self, *works: str) -> None:
        """Rows of the rural chart through the engine."""
        chart = FLOWS["rural-batch"]
        for work in works:
            lanes = (Lane.SUPPLIER, Lane.BANK)
            step = next(s for s in chart.steps if s.work == work and s.lane in lanes)
            assert run(self.seat, self.subject, chart, step)

    def file(self, document: Document, rows: list[dict[str, str]]) -> None:
        frame = pl.DataFrame(rows, schema=dict.fromkeys(document.columns, pl.String))
        desk.file(
            self.seat, document, frame, self.subject, process="rural-batch", batch_code=CODE,
            sender_lane=Lane.INTEGRATOR, sender="works", receiver="works",
            handover=f"{CODE}~{document.code}" if document.things else "",
        )  # fmt: skip

    def path(self, lane: Lane, kind: str) -> Path:
        return self.seat.bench(str(lane), "bench") / f"{CODE}.{kind}.tray"

    @contextmanager
    def tray(self, lane: Lane, kind: str) -> Iterator[Tray]:
        with things.on_bench(self.seat.world, self.path(lane, kind)) as opened:
            yield opened

    def supply(self, *, modules: int | None = None) -> None:
        """Blanks and modules onto the supplier's bench, with their books, and the integrator's two documents."""
        n = self.size
        for kind, pieces in (("blanks", n), ("modules", n if modules is None else modules)):
            tray.create(self.path(Lane.SUPPLIER, kind), f"{CODE}.{kind}", kind)
            with self.tray(Lane.SUPPLIER, kind) as opened:
                for at in range(pieces):
                    opened.add(chip=chip(at) if kind == "modules" else None)
            group = plastic.material_group(CODE, kind[:-1], LOT)
            holder = organisation("supplier")
            outside = place(organisation("integrator"), State.OUTSIDE, group)
            move(outside, place(holder, State.BLANK, group), Quantity(n), cause="accept", by="test")
        self.file(MATERIAL, [MATERIAL.example | {"kind": k, "count": str(n)} for k in ("module", "blank")])
        self.file(RURAL_FACE_DATA, [self.face(at) for at in range(n)])

    def face(self, n: int) -> dict[str, str]:
        photo = desk.keep_photo(self.seat, portrait(str(n), "1", 30))
        number = str(cardnumber.numbers("Q", pl.Series([n + 1]).to_numpy())[0])
        return person(n) | {
            "sex": "1", "ssc_no": number, "issue_date": "20261123", "flag": "新增", "photo": photo,
        }  # fmt: skip

    def personalise(self) -> None:
        """What the integrator does in between: public area written, tray and books on the bank's bench."""
        with self.tray(Lane.SUPPLIER, "cards") as cards:
            by_serial = dict(Card.objects.values_list("serial", "application_ref"))
            for piece in cards:
                if piece.condition:
                    continue
                who = next(p for p in map(person, range(self.size)) if p["app_no"] == by_serial[piece.serial])
                with cards.chip(piece) as connection:
                    social.initialise(connection, SOCIAL, cos_version=COS_VERSION)
                    public.write_public_area(connection, public.Identity(who["id_no"], who["name"]), SOCIAL)
        tray.move(self.path(Lane.SUPPLIER, "cards"), self.path(Lane.BANK, "cards").parent)
        bank, supplier, within = organisation("bank"), organisation("supplier"), plastic.batch_group(self.batch)
        for state, given in ((State.GOOD, within), (State.VOID, plastic.void_group(self.batch))):
            source = place(supplier, State.GIVEN, given)
            if count(source):
                move(source, place(bank, state, within), WHOLE, cause="accepted", by="test")
        self.file(RURAL_HANDOVER, [self._handed(card) for card in Card.objects.filter(serial__isnull=False)])

    def _handed(self, card: Card) -> dict[str, str]:
        failure = Failure.objects.filter(card=card).first()
        who = next(p for p in map(person, range(self.size)) if p["app_no"] == card.application_ref)
        return RURAL_HANDOVER.example | who | {
            "card_serial": card.serial or "", "condition": "void" if failure else "good",
            "cause": failure.cause if failure else "",
        }  # fmt: skip

    def causes(self) -> dict[str, str]:
        """Cause by place in the batch, of those who have left."""
        known = {person(n)["app_no"]: n for n in range(self.size)}
        return {known[f.card.application_ref]: f.cause for f in Failure.objects.select_related("card")}  # type: ignore[misc]

    def serial(self, n: int) -> str:
        return str(Card.objects.get(application_ref=person(n)["app_no"]).serial)


def chip(n: int) -> softcard.SoftCard:
    return softcard.module(f"F1{n:010X}", social=SOCIAL.transport_master, bank=BANK_TRANSPORT)


@pytest.fixture
def workshop(tmp_path: Path, db: None) -> Workshop:
    """Six people of the rural scheme, material on the bench, an empty customer file."""
    home = tmp_path / "works"
    homes.create(home, homes.Kind.BANK, "works", settings={"bank.prefix": "622848"})
    keys.put(home / "keys", keys.TRANSPORT_BANK, BANK_TRANSPORT)
    (home / "customers.csv").write_text("id_no,name,standing\n", encoding="utf-8")
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "nature").write_text(secrets.token_hex(32))
    seat = read(home)
    seat = Seat(**{**vars(seat), "lanes": frozenset({Lane.INTEGRATOR, Lane.SUPPLIER, Lane.BANK})})
    people = [(p["app_no"], p["id_no"], p["name"], "") for p in map(person, range(6))]
    batch = batches.create(seat, CODE, "rural-batch", organisation("centre"), people, PARTIES)
    made = Workshop(seat, batch, 6)
    made.supply()
    return made


@pytest.fixture
def killed_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Kill the worker after so many of its acts on things; 0: never again."""

    def plan(acts: int) -> None:
        left = [acts]

        def write(self: Tray, statement: str, values: object) -> int:
            if acts and left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(self, statement, values)  # type: ignore[arg-type]

        monkeypatch.setattr(Tray, "_write", write)

    real = Tray._write
    return plan
