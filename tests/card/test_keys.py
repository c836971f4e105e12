import json
import os
from pathlib import Path

import pytest

from zhika.card.keys import CVK, IMK_AC, LABELS, FileKeyStore
from zhika.errors import KeyStoreError

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_a_store_opened_again_computes_the_same(folder: Path) -> None:
    made = FileKeyStore.create(folder)
    again = FileKeyStore.open(folder)
    assert set(made.check_values) == set(LABELS)
    assert again.check_values == made.check_values
    assert len(set(made.check_values.values())) == len(LABELS)
    for label in LABELS:
        assert again.tdes_ecb(label, bytes(16)) == made.tdes_ecb(label, bytes(16))
        assert again.des_ecb(label, bytes(16)) == made.des_ecb(label, bytes(16)) != made.tdes_ecb(label, bytes(16))


def test_the_left_half_alone_is_single_des(folder: Path) -> None:
    store = FileKeyStore.create(folder, labels=())
    store.load(CVK, KEY)
    # DES of "Now is t" under 0123456789ABCDEF: the example of FIPS 81.
    assert store.des_ecb(CVK, b"Now is t").hex().upper() == "3FA40E8A984D4815"


def test_files_are_the_owners_alone_and_hold_no_key_in_clear(folder: Path) -> None:
    store = FileKeyStore.create(folder)
    store.load(CVK, KEY)
    assert folder.stat().st_mode & 0o777 == 0o700
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["card-keys.json", "kek.key"]
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        assert KEY[:8].hex() not in file.read_text().lower()


def test_no_repr_shows_a_key(folder: Path) -> None:
    store = FileKeyStore.create(folder, labels=())
    store.load(CVK, KEY)
    shown = repr(store) + str(store)
    assert CVK in shown
    assert not any(form in shown.lower() for form in (KEY.hex(), KEY[:8].hex(), repr(KEY).lower(), store._kek.hex()))


def test_a_store_is_never_overwritten(folder: Path) -> None:
    values = FileKeyStore.create(folder).check_values
    with pytest.raises(KeyStoreError):
        FileKeyStore.create(folder)
    assert FileKeyStore.open(folder).check_values == values


def test_a_file_that_others_may_read_is_refused(folder: Path) -> None:
    FileKeyStore.create(folder)
    (folder / "kek.key").chmod(0o640)
    with pytest.raises(KeyStoreError, match="0600"):
        FileKeyStore.open(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    FileKeyStore.create(folder)
    (folder / "card-keys.json").unlink()
    with pytest.raises(KeyStoreError, match=r"card-keys\.json"):
        FileKeyStore.open(folder)


@pytest.mark.parametrize(
    "damage", ["kcv", "byte", "swapped labels", "another store's", "not json", "not an object", "kek"]
)
def test_a_damaged_store_is_refused_without_quoting_it(folder: Path, tmp_path: Path, damage: str) -> None:
    FileKeyStore.create(folder)
    file, kek = folder / "card-keys.json", folder / "kek.key"
    entries = json.loads(file.read_text())
    sealed = entries[CVK]["sealed"]
    if damage == "kcv":
        entries[CVK]["kcv"] = "000000" if entries[CVK]["kcv"] != "000000" else "000001"
    elif damage == "byte":
        entries[CVK]["sealed"] = sealed[:-1] + ("0" if sealed[-1] != "0" else "1")
    elif damage == "swapped labels":
        entries[CVK], entries[IMK_AC] = entries[IMK_AC], entries[CVK]
    elif damage == "another store's":
        FileKeyStore.create(tmp_path / "other")
        entries = json.loads((tmp_path / "other" / "card-keys.json").read_text())
    elif damage == "not an object":
        entries = [sealed]
    file.write_text(json.dumps(entries) if damage != "not json" else sealed)
    if damage == "kek":
        kek.write_text("zz")
    with pytest.raises(KeyStoreError) as caught:
        FileKeyStore.open(folder)
    assert sealed[:16] not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("label", "key", "kcv"),
    [
        (CVK, KEY, "08D7B5"),
        (CVK, KEY[:8], None),
        (CVK, KEY[:8] * 2, None),
        (CVK, KEY[:8] + bytes(byte ^ 1 for byte in KEY[:8]), None),  # the same half but for parity
        ("CVK/..", KEY, None),
    ],
)
def test_a_key_that_is_not_what_it_should_be_is_not_loaded(
    folder: Path, label: str, key: bytes, kcv: str | None
) -> None:
    store = FileKeyStore.create(folder, labels=())
    with pytest.raises(KeyStoreError) as caught:
        store.load(label, key, kcv)
    assert key.hex() not in str(caught.value).lower()
    assert FileKeyStore.open(folder).check_values == {}


def test_data_must_be_whole_blocks(folder: Path) -> None:
    store = FileKeyStore.create(folder)
    for encrypt in (store.des_ecb, store.tdes_ecb):
        with pytest.raises(KeyStoreError, match="8 字节"):
            encrypt(CVK, b"1234567")


def test_a_store_cut_off_while_saving_keeps_its_keys(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileKeyStore.create(folder)
    values = store.check_values

    def cut_off(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", cut_off)
    with pytest.raises(OSError, match="disk full"):
        store.load(CVK, KEY)
    assert FileKeyStore.open(folder).check_values == values
