"""死亡名单: nobody who stands on it gets into a batch, and nobody is handed a dead person's card."""

import csv
from pathlib import Path

import polars as pl
import pytest

from tests.lanes.house import OFFICE, House, person
from tests.lanes.street import Street, serial
from zhika.cli.hands import hand
from zhika.craft.barred import Barred
from zhika.engine import desk
from zhika.engine.acts import act
from zhika.engine.check import id_key
from zhika.engine.todo import todo
from zhika.errors import NotReady, Refused
from zhika.flows.documents import CHECK_LIST
from zhika.flows.lanes import Lane
from zhika.lanes.centre import mortality
from zhika.lanes.integrator.models import LeftOut
from zhika.ledger.audit import AuditEntry
from zhika.ledger.batches import Batch
from zhika.ledger.cards import CardEvent, Failure
from zhika.ledger.laws import breaches
from zhika.ledger.steps import Paper
from zhika.people import deaths
from zhika.people.deaths import Death
from zhika.people.models import Application
from zhika.seat.config import Seat

HEADER = ("公民身份号码", "姓名", "死亡日期")


def written(folder: Path, *rows: tuple[str, str, str], name: str = "deaths.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def load(seat: Seat, path: Path) -> int:
    return hand(seat, "load_deaths", {str(path): {}}, by="林美珍", second="", reason="", evidence="")


def dies(house: House, n: int, day: str = "20261101", name: str = "deaths.csv") -> None:
    one = house.people[n]
    assert load(house.seat, written(house.folder, (one["id_no"], one["name"], day), name=name)) == 1


# The list ------------------------------------------------------------------------------------------------------------


def test_the_books_have_keyed_hashes_and_the_list_is_kept_by_its_content(house: House) -> None:
    dies(house, 0)
    (row,) = Death.objects.all()
    assert row.id_key == id_key(house.seat.home, house.people[0]["id_no"]) and str(row.died_on) == "2026-11-01"
    kept = pl.read_parquet(house.seat.home / "files" / "registers" / f"{row.source}.parquet")
    assert kept.columns == ["id_no", "name", "died_on"] and kept.height == 1
    entry = AuditEntry.objects.filter(what="load_deaths").first()
    assert entry and entry.who == "林美珍" and row.source in entry.why
    assert house.people[0]["id_no"] not in " ".join(f"{e.subject} {e.why}" for e in AuditEntry.objects.all())


def test_the_same_list_is_loaded_once_and_a_longer_one_adds_to_it(house: House) -> None:
    dies(house, 0)
    again = written(house.folder, (house.people[0]["id_no"], house.people[0]["name"], "20261101"))
    assert load(house.seat, again) == 0
    both = [(house.people[n]["id_no"], house.people[n]["name"], "20261102") for n in (0, 1)]
    assert load(house.seat, written(house.folder, *both, name="more.csv")) == 1
    assert sorted(map(str, Death.objects.values_list("died_on", flat=True))) == ["2026-11-01", "2026-11-02"]


def test_a_row_without_a_date_takes_an_entry_back(house: House) -> None:
    dies(house, 0)
    dies(house, 0, day="", name="back.csv")
    assert not Death.objects.exists()


@pytest.mark.parametrize(
    ("number", "day", "column"),
    [
        ("350502199001010011", "20261101", "公民身份号码"), ("35050290010101", "20261101", "公民身份号码"),
        ("350502199001010018", "20991101", "死亡日期"), ("350502199001010018", "2026年", "死亡日期"),
    ],
)  # fmt: skip
def test_a_list_with_a_fault_is_refused_whole_with_row_and_column(
    house: House, number: str, day: str, column: str
) -> None:
    good = (house.people[1]["id_no"], house.people[1]["name"], "20261101")
    with pytest.raises(Refused) as caught:
        load(house.seat, written(house.folder, good, (number, "陈阿山", day)))
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(3, column)]
    assert number not in str(caught.value) and not Death.objects.exists()


def test_a_number_that_stands_twice_is_refused(house: House) -> None:
    row = (house.people[1]["id_no"], "陈阿山", "20261101")
    with pytest.raises(Refused, match="出现两次"):
        load(house.seat, written(house.folder, row, row))


# Before a batch ------------------------------------------------------------------------------------------------------


def test_the_comparison_rejects_a_dead_persons_line(house: House) -> None:
    dies(house, 2)
    house.load_registers()
    house.lot()
    checked = desk.read(house.seat, Paper.objects.get(type=CHECK_LIST.code))
    assert dict(checked.filter(pl.col("reasons") != "").select("line", "reasons").iter_rows()) == {"4": "deceased"}
    assert checked.filter(line="4")["proposal"].item() == "reject"


def test_who_died_after_the_comparison_becomes_no_application(house: House) -> None:
    house.load_registers()
    code = house.lot()
    house.row(code, "confirm", Lane.CENTRE, second="李敏")
    dies(house, 3)
    house.row(code, "form_production_data", Lane.INTEGRATOR)
    assert LeftOut.objects.get().reason == "deceased" and Application.objects.count() == 5


def formed(house: House) -> None:
    house.load_registers()
    code = house.lot()
    house.row(code, "confirm", Lane.CENTRE, second="李敏")
    house.row(code, "form_production_data", Lane.INTEGRATOR)


def test_who_died_while_waiting_for_a_batch_is_in_none_and_the_application_ends(house: House) -> None:
    formed(house)
    dies(house, 0)
    dies(house, 5, name="other.csv")
    assert act(house.seat, "form", f"urban-batch/{OFFICE}", by="周")
    assert Batch.objects.get().size == 4
    ended = Application.objects.filter(live=False)
    assert {row.person.id_no for row in ended} == {person(0)["id_no"], person(5)["id_no"]}
    assert all(row.batch_code == "" for row in ended)


def test_where_all_who_wait_have_died_there_is_no_batch(house: House) -> None:
    formed(house)
    for n in range(6):
        dies(house, n, name=f"{n}.csv")
    assert act(house.seat, "form", f"urban-batch/{OFFICE}/A1-02-261123-01", by="周")
    assert not Batch.objects.exists() and not Application.objects.filter(live=True).exists()
    with pytest.raises(NotReady, match="没有待组批"):
        act(house.seat, "form", f"urban-batch/{OFFICE}/A1-02-261123-02", by="周")


# Before the hand-out -------------------------------------------------------------------------------------------------


def number_of(street: Street, n: int) -> int:
    """Which person of the house holds this card."""
    held = street.application(n).person.id_no
    return next(at for at, row in enumerate(street.house.people) if row["id_no"] == held)


def test_a_dead_persons_card_is_refused_at_the_counter_returned_and_destroyed(street: Street) -> None:
    dies(street.house, number_of(street, 2))
    with pytest.raises(Refused, match="持卡人已死亡") as caught:
        street.hand_out(1, 2)
    assert [fault.where for fault in caught.value.faults] == [f"领卡回执 {serial(2)}"]
    assert not CardEvent.objects.filter(kind="hand_out").exists()
    with pytest.raises(Refused, match="持卡人已死亡"):
        street.hand_out(2, by="proxy", proxy_name="林大树", proxy_id=street.application(1).person.id_no, relation="父")
    assert street.hand_out(1) == 1
    (item,) = [item for item in todo(street.seat) if item.work == "return_cards"]
    assert (item.subject, item.title, item.lane) == (serial(2), "退回: 持卡人已死亡", Lane.UNIT)
    assert "cause=deceased" in item.command
    street.send_back(2, cause="deceased")
    assert not street.application(2).live and Failure.objects.get().cause == "deceased"
    assert [item for item in todo(street.seat) if item.work == "return_cards"] == []
    street.accept(f"{street.batch.code}.100000~returned")
    street.send_back()
    street.accept(f"{street.batch.code}~returned-cards")
    assert street.at(2) == [("bank", "void")]
    assert street.destroy() and street.at(2) == [("bank", "destroyed")] and breaches() == []


def test_a_dead_persons_unclaimed_card_is_not_kept(street: Street) -> None:
    dies(street.house, number_of(street, 1))
    street.send_back(1, 2, cause="unclaimed")
    street.accept(f"{street.batch.code}.100000~returned")
    assert street.at(1, 2) == [("office", "void"), ("office", "held")]
    assert [street.application(n).live for n in (1, 2)] == [False, True] and breaches() == []


def test_who_dies_while_the_card_is_kept_at_the_office_gets_none_from_the_bank(street: Street) -> None:
    street.send_back(1, 2, cause="unclaimed")
    street.accept(f"{street.batch.code}.100000~returned")
    dies(street.house, number_of(street, 1))
    street.send_back()
    street.accept(f"{street.batch.code}~returned-cards")
    assert street.at(1, 2) == [("bank", "void"), ("bank", "held")] and breaches() == []


def test_a_list_that_is_loaded_between_look_and_books_stops_the_hand_out(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Barred.faults

    def late(self: Barred, *told: object) -> object:
        found = list(real(self, *told))  # type: ignore[arg-type]
        dies(street.house, number_of(street, 1))
        return found

    monkeypatch.setattr(Barred, "faults", late)
    with pytest.raises(NotReady, match="死亡名单刚刚更新"):
        street.hand_out(1)
    assert street.at(1) == [("unit", "good")] and not CardEvent.objects.filter(kind="hand_out").exists()


def test_many_are_asked_for_at_once(house: House) -> None:
    keys = [f"{n:064}" for n in range(2_000)]
    when = mortality.today()
    Death.objects.bulk_create(
        [Death(id_key=key, died_on=when, source="", loaded_at=f"{when}T00:00:00+08:00") for key in keys[::2]],
        batch_size=200,
    )
    assert deaths.among(keys) == set(keys[::2]) and deaths.among([]) == set()
