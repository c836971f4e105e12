"""Somebody at an office's counter asks for a card, pays, is reviewed, stands in a batch; the bank sits here too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from tests.lanes import house as houses
from tests.lanes.house import NAME, OFFICE, House, person
from tests.lanes.lost import applied, cards
from zhika.card.keys import FileKeyStore
from zhika.craft import forming
from zhika.engine import acts, loop, many
from zhika.engine.registry import FROM_FILE
from zhika.flows import FLOWS
from zhika.flows.lanes import Lane
from zhika.lanes.bank.models import Account
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Card, CardEvent
from zhika.people.models import Application, FeeRate, Payment, Request
from zhika.rehearsal.portraits import portrait
from zhika.seat import keys
from zhika.seat.config import Seat

CLERK, REVIEWER = "陈明", "李敏"
FEE = 2000
HOLDER = 5
"""Number of the person who has a card and asks for another; those before come for their first."""


@dataclass
class Counter:
    """One scheme's counter, and what a test does at it."""

    house: House
    scheme: str

    @property
    def seat(self) -> Seat:
        return self.house.seat

    def do(self, work: str, told: Mapping[str, Mapping[str, str]], *, by: str = CLERK) -> int:
        return many.do_applications(self.seat, work, told, by=by)

    def told(self, n: int, *, rush: bool = False, **more: str) -> dict[str, Mapping[str, str]]:
        """A form file of one person, as the counter reads it."""
        row = person(n)
        (self.house.folder / f"{n}.jpg").write_bytes(portrait(row["person_no"], "1", 30))
        names = ("name", "id_no", "nation", "centre", "unit_no", "unit_name")
        form = {name: row[name] for name in names} | {
            "category": "职工", "photo": f"{n}.jpg", "payment_no": f"P{n}", "rush": "是" if rush else "",
        }  # fmt: skip
        path = self.house.folder / f"form-{n}.csv"
        pl.DataFrame([form]).write_csv(path)
        facts = {"process": f"{self.scheme}-new", "photos": str(self.house.folder), **more}
        return dict(FROM_FILE["fill_form"](self.seat, path, facts))

    def fill(self, n: int, *, rush: bool = False, **more: str) -> str:
        """A form filled in; the number of the request."""
        told = self.told(n, rush=rush, **more)
        self.do("fill_form", told)
        (ref,) = told
        return ref

    def ask(self, n: int, *, rush: bool = False, **more: str) -> str:
        """A form handed in, waiting for its review."""
        ref = self.fill(n, rush=rush, **more)
        self.do("apply", {ref: {}})
        return ref

    def reviewed(self, n: int, *, rush: bool = False, **more: str) -> str:
        ref = self.ask(n, rush=rush, **more)
        self.do("review", {ref: {}}, by=REVIEWER)
        return ref

    def old_card(self) -> Card:
        """A card of an earlier batch, in its holder's hand, with an account that pays."""
        code = f"{'A1' if self.scheme == 'urban' else 'B1'}-{OFFICE}-251123-01"
        (card,) = cards(self.seat, 1, code=code, process=f"{self.scheme}-batch", first=HOLDER)
        (one,) = applied(self.seat, [card], first=HOLDER)
        (self.house.folder / "old.jpg").write_bytes(portrait("old", "1", 30))
        one.person.photo = _photo(self.seat, self.house.folder / "old.jpg")
        one.person.scheme = self.scheme
        one.person.save()
        day = date(2025, 12, 1)
        CardEvent.objects.create(card=card, kind="hand_out", happened_at=one.made_at, booked_day=day, by="吴芬")
        Account.objects.create(
            application_ref=one.ref, batch_code=code, line=0, pan="6222359999999999995", expiry="3511", account="1",
            branch="1402", id_no=one.person.id_no, name=one.person.name, status=Account.ACTIVATED,
            closed_for_payment=False,
        )  # fmt: skip
        return card

    def told_again(self, card: Card, **facts: str) -> dict[str, Mapping[str, str]]:
        asked = {"kind": "face", "reason": "搬家", **facts}
        return dict(FROM_FILE["apply_replacement"](self.seat, Path(card.serial or ""), asked))

    def ask_again(self, card: Card, **facts: str) -> str:
        """A replacement asked for and paid; the number of the request."""
        told = self.told_again(card, **facts)
        self.do("apply_replacement", told)
        (ref,) = told
        return ref

    def review_again(self, ref: str) -> str:
        self.do("review_replacement", {ref: {}}, by=REVIEWER)
        return ref

    def form(self, process: str = "new") -> Batch:
        about = forming.in_full(self.seat, f"{self.scheme}-{process}/{OFFICE}")
        assert acts.act(self.seat, "form_requests", about, by=REVIEWER)
        return Batch.objects.get(code=about.rpartition("/")[2])

    def until(self, batch: Batch, work: str) -> None:
        """Rows of the batch one after another, to this one."""
        self.house.process = batch.process
        for step in FLOWS[batch.process].steps:
            if not (step.grain.before_batch or step.grain.after_batch):
                self.house.row(batch.code, step.work, step.lane, by="周")
            if step.work == work:
                return

    def go_on(self) -> None:
        """Whatever the program does by itself."""
        while loop.work_once(self.seat, lambda happening: None):
            pass

    def withdraw(self, ref: str, *, by: str = "王芳", reason: str = "本人不办了") -> bool:
        return acts.act(self.seat, "withdraw", ref, by=by, reason=reason)


def _photo(seat: Seat, path: Path) -> str:
    from zhika.engine import desk

    return desk.photo_file(seat, path.parent, path.name)


def request(ref: str) -> Request:
    return Request.objects.get(ref=ref)


def application(ref: str) -> Application:
    return Application.objects.get(ref=ref)


def payment(ref: str) -> Payment:
    return Payment.objects.get(ref=ref)


def account(ref: str) -> Account:
    return Account.objects.get(application_ref=ref)


def build(folder: Path, scheme: str = "urban") -> Counter:
    """Registers and rates loaded, material in the stock, and a bank on the same seat."""
    house = houses.build(folder, f"{scheme}-new")
    home = house.seat.home
    keys.generate(home / "keys", keys.BANK)
    keys.put(home / "keys", keys.TRANSPORT_BANK, bytes(range(32, 48)))
    FileKeyStore.create(home / "keys" / "card")
    (home / "customers.csv").write_text("id_no,name,standing\n", encoding="utf-8")
    partners = {name: {Lane.BANK: NAME, Lane.SUPPLIER: NAME} for name in FLOWS}
    own = vars(house.seat) | {"lanes": house.seat.lanes | {Lane.BANK}, "partners": partners}
    house.seat = Seat(**own)
    organisation(OFFICE, name="丰泽医保中心", kind="centre")
    house.load_registers()
    for kind in ("lost", "damaged", "face"):
        FeeRate.objects.create(
            kind=kind, amount=FEE, valid_from=date(2020, 1, 1), legal="X价费〔2020〕1号", exempt="low-income",
            loaded_by="周", loaded_at=datetime(2020, 1, 1, tzinfo=UTC),
        )  # fmt: skip
    kinds = ("modules", "blanks") if scheme == "urban" else ("chip-blanks",)
    house.stock(8, kinds=kinds)
    assert acts.act(house.seat, "load_material", "M-1", by="周")
    return Counter(house, scheme)
