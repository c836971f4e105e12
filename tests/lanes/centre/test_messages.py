"""Messages to people: written with what they tell of, sent once, to a phone or by a list; nobody is named in them."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from tests.lanes.house import House, person
from tests.lanes.lost import applied, cards
from zhika.errors import Refused
from zhika.ledger.audit import AuditEntry
from zhika.ledger.cards import Card
from zhika.ledger.places import today
from zhika.people import messages
from zhika.people.gateway import FileGateway, FileList
from zhika.people.models import Message
from zhika.people.texts import TEXTS, Kind

FACTS = {"place": "丰泽中心", "days": "30", "until": "2026-12-08"}


@pytest.fixture
def made(house: House) -> list[Card]:
    """Three cards; the last one's holder has no phone."""
    made = cards(house.seat)
    applied(house.seat, made[:2])
    applied(house.seat, made[2:], first=2, phone="")
    return made


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", list(Kind))
def test_every_text_is_short_and_masks_name_and_number(made: list[Card], kind: Kind) -> None:
    messages.write(made[0].application_ref, kind, **FACTS)
    text = Message.objects.get().text
    assert person(0)["name"] not in text and "陈**" not in text and "陈*山" in text
    assert made[0].serial and made[0].serial not in text and made[0].serial[-4:] in text
    assert person(0)["id_no"] not in text and len(text) < 140 and "{" not in text
    assert kind in TEXTS


def test_a_message_that_lacks_a_fact_is_not_written(made: list[Card]) -> None:
    with pytest.raises(KeyError):
        messages.write(made[0].application_ref, Kind.CARD_COME)
    assert not Message.objects.exists()


def test_the_message_file_is_written_once(made: list[Card], tmp_path: Path) -> None:
    told = {card.application_ref: FACTS for card in made}
    assert messages.write_all(told, Kind.CARD_COME) == 3
    first, second = tmp_path / "sms-1.csv", tmp_path / "sms-2.csv"
    assert messages.send(FileGateway(first), today(), to_phones=True, by="王芳") == 2
    assert [row["phone"] for row in rows(first)] == ["13900001234"] * 2
    assert first.read_bytes().startswith(b"phone,text\n")
    assert messages.send(FileGateway(second), today(), to_phones=True) == 0 and not second.exists()
    assert AuditEntry.objects.get(what="messages").who == "王芳"
    letters = tmp_path / "letters.csv"
    assert messages.send(FileList(letters), today(), to_phones=False) == 1
    assert rows(letters)[0]["姓名"] == person(2)["name"] and rows(letters)[0]["单位（村）"] == "闽达小学"
    assert not messages.waiting(today()).exists()


def test_where_the_file_can_not_be_written_nothing_counts_as_sent(
    house: House, made: list[Card], tmp_path: Path
) -> None:
    messages.write(made[0].application_ref, Kind.CARD_COME, **FACTS)
    there = tmp_path / "sms.csv"
    there.write_text("phone,text\n")
    with pytest.raises(Refused, match="不会覆盖"):
        messages.send(FileGateway(there), today(), to_phones=True)
    with pytest.raises(OSError):
        messages.send(FileGateway(tmp_path / "nowhere" / "sms.csv"), today(), to_phones=True)
    assert Message.objects.filter(sent_at=None).count() == 1


def test_what_is_not_due_waits_and_what_is_no_longer_so_is_withdrawn(made: list[Card], tmp_path: Path) -> None:
    later = today() + timedelta(days=12)
    refs = [card.application_ref for card in made]
    messages.write_all(dict.fromkeys(refs[:2], FACTS), Kind.LOSS_WILL_LAPSE, due=later)
    assert messages.send(FileGateway(tmp_path / "a.csv"), today(), to_phones=True) == 0
    messages.withdraw(refs[:1], Kind.LOSS_WILL_LAPSE)
    (shown,) = messages.masked(later)
    assert shown["phone"] == "139****1234" and shown["title"] == "挂失将到期"
    assert messages.send(FileGateway(tmp_path / "b.csv"), later, to_phones=True) == 1
