"""The maker's envelopes: a wrong one is not taken; one taken by mistake is replaced by two, until it was used."""

from pathlib import Path

import pytest
from django.utils import timezone
from tests.lanes.house import House

from zhika.card.keys import check_value
from zhika.cli import keys
from zhika.errors import KeyStoreError, NotAllowed, Refused
from zhika.ledger.audit import AuditEntry
from zhika.ledger.steps import StepRecord
from zhika.seat import envelopes
from zhika.seat import keys as store

KEY, OTHER = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes(range(16))


@pytest.fixture
def envelope(tmp_path: Path) -> Path:
    path = tmp_path / "transport-bank.hex"
    envelopes.write(path, "transport-bank", KEY)
    return path


def plain(folder: Path, key: bytes = KEY) -> Path:
    path = folder / "plain.hex"
    path.write_text(key.hex() + "\n", encoding="ascii")
    return path


def test_an_envelope_is_for_its_owner_alone_and_reads_back(envelope: Path) -> None:
    assert envelope.stat().st_mode & 0o077 == 0
    assert envelopes.read(envelope, "transport-bank", "08d7b4") == KEY


def test_the_envelope_of_another_key_is_refused(envelope: Path) -> None:
    with pytest.raises(Refused, match=r"这是 transport-bank 的信封, 不是 transport-social 的"):
        envelopes.read(envelope, "transport-social")


def test_a_key_that_is_not_the_one_its_check_value_speaks_of_is_refused_and_not_shown(envelope: Path) -> None:
    envelope.write_text(envelope.read_text().replace("0123", "0124"), encoding="ascii")
    with pytest.raises(Refused, match="KCV") as caught:
        envelopes.read(envelope, "transport-bank")
    assert "4567" not in str(caught.value)


def test_a_key_without_envelope_is_read_only_with_its_check_value(tmp_path: Path) -> None:
    path = plain(tmp_path)
    with pytest.raises(Refused, match="--kcv"):
        envelopes.read(path)
    with pytest.raises(Refused, match="不符"):
        envelopes.read(path, kcv="000000")
    assert envelopes.read(path, kcv=check_value(KEY)) == KEY


def test_what_is_no_envelope_is_refused(tmp_path: Path) -> None:
    for text in ("key: 0123\n", "nothing\n", "key: 00\nkey: 11\n", "clef: 00\n"):
        (tmp_path / "x").write_text(text, encoding="ascii")
        with pytest.raises(Refused):
            envelopes.read(tmp_path / "x")


@pytest.fixture
def seat(house: House, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of keys of a seat that has been given KEY as its bank key."""
    monkeypatch.setattr(keys, "here", lambda: house.seat)
    folder = house.seat.home / "keys"
    store.put(folder, "transport-bank", OTHER)
    return folder


def test_a_key_that_was_never_used_is_replaced_by_two_people_and_that_is_written_down(
    seat: Path, envelope: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyStoreError, match="--replace"):
        keys.load("transport-bank", envelope)
    with pytest.raises(NotAllowed, match="另一人"):
        keys.load("transport-bank", envelope, replace=True, by="王芳", second="王芳 ")
    assert store.get(seat, "transport-bank") == OTHER
    keys.load("transport-bank", envelope, replace=True, by="王芳", second="李敏")
    assert store.get(seat, "transport-bank") == KEY
    entry = AuditEntry.objects.get(what="replace_key")
    assert (entry.who, check_value(KEY) in entry.why, "李敏" in entry.why) == ("王芳", True, True)
    said = capsys.readouterr().out
    assert said.index(check_value(KEY)) < said.index("销毁")


def test_a_key_that_has_opened_chips_stays(seat: Path, envelope: Path) -> None:
    StepRecord.objects.create(
        subject_kind="batch", subject="B1", process="urban-batch", number=12, lane="bank", function="finish", n_out=3,
        happened_at=timezone.now(), booked_at=timezone.now(), by="zhika",
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="再也打不开"):
        keys.load("transport-bank", envelope, replace=True, by="王芳", second="李敏")
    assert store.get(seat, "transport-bank") == OTHER
