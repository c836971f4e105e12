"""A seat's keys are its own, and only what two people exchanged is trusted."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from zhika.errors import KeyStoreError, Refused
from zhika.exchange.keys import create_keys, load_identities, load_signer, recipient
from zhika.exchange.trust import Trust, add_peer


def test_keys_are_readable_to_their_owner_only_and_are_never_overwritten(tmp_path: Path) -> None:
    made = create_keys(tmp_path / "keys", "icbc")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    for name in ("sign.key", "age.key"):
        assert (tmp_path / "keys" / name).stat().st_mode & 0o777 == 0o600
    assert load_signer(tmp_path / "keys").fingerprint == made.fingerprint
    with pytest.raises(KeyStoreError, match="不会覆盖"):
        create_keys(tmp_path / "keys", "icbc")
    assert load_signer(tmp_path / "keys").fingerprint == made.fingerprint


def test_the_certificate_names_the_seat_for_ten_years(tmp_path: Path) -> None:
    certificate = create_keys(tmp_path, "icbc").certificate
    assert certificate.subject.rfc4514_string() == "CN=icbc"
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=3_640) < left < timedelta(days=3_660)


@pytest.mark.parametrize("name", ["sign.key", "age.key"])
def test_a_key_that_others_can_read_is_not_used(tmp_path: Path, name: str) -> None:
    create_keys(tmp_path, "icbc")
    (tmp_path / name).chmod(0o640)
    with pytest.raises(KeyStoreError, match="chmod 600"):
        (load_signer if name == "sign.key" else load_identities)(tmp_path)


def test_a_key_that_is_missing_broken_or_of_another_pair_is_refused(tmp_path: Path) -> None:
    create_keys(tmp_path / "a", "icbc")
    create_keys(tmp_path / "b", "abc")
    (tmp_path / "a" / "sign.crt").write_bytes((tmp_path / "b" / "sign.crt").read_bytes())
    with pytest.raises(KeyStoreError, match="不是一对"):
        load_signer(tmp_path / "a")
    for content in (b"AGE-SECRET-KEY-1QQQ\n", b"# nothing\n", b"\xff"):
        (tmp_path / "a" / "age.key").write_bytes(content)
        with pytest.raises(KeyStoreError):
            load_identities(tmp_path / "a")
    (tmp_path / "a" / "sign.key").write_bytes(b"nonsense")
    for load in (load_signer, load_identities):
        with pytest.raises(KeyStoreError):
            load(tmp_path / "nowhere")
    with pytest.raises(KeyStoreError):
        load_signer(tmp_path / "a")


def test_old_identities_stand_below_the_one_in_use(tmp_path: Path, needs: Callable[[str], None]) -> None:
    create_keys(tmp_path / "a", "icbc")
    create_keys(tmp_path / "b", "icbc")
    new, old = ((tmp_path / name / "age.key").read_text() for name in "ab")
    (tmp_path / "a" / "age.key").write_text(new + old)
    loaded = load_identities(tmp_path / "a")
    assert [recipient(identity) for identity in loaded] == [text.split()[3] for text in (new, old)]
    needs("age-keygen")
    told = subprocess.run(["age-keygen", "-y", tmp_path / "a" / "age.key"], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [recipient(identity) for identity in loaded]


def test_a_signer_shows_no_key_when_it_is_printed(tmp_path: Path) -> None:
    signer = create_keys(tmp_path, "icbc")
    assert repr(signer) == f"Signer({signer.fingerprint})"


def test_a_peer_comes_back_from_its_three_files(city: Any) -> None:
    add_peer(city.folder / "trust", city.peer)
    assert Trust.load(city.folder / "trust").peers == {"platform": city.peer}
    assert sorted(p.name for p in (city.folder / "trust").iterdir()) == [
        "platform.age",
        "platform.crt",
        "platform.toml",
    ]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("platform.toml", 'lanes = ["kitchen"]\norganisations = []\nprocesses = []\n'),
        ("platform.toml", 'lanes = ["bank"]\norganisations = []\n'),
        ("platform.toml", 'lanes = ["bank"]\norganisations = []\nprocesses = []\nextra = 1\n'),
        ("platform.toml", "lanes ="),
        ("platform.age", "age1nothing"),
        ("platform.crt", "-----BEGIN"),
    ],
)
def test_a_peer_whose_files_are_not_right_is_refused_by_name(city: Any, file: str, content: str) -> None:
    add_peer(city.folder / "trust", city.peer)
    (city.folder / "trust" / file).write_text(content)
    with pytest.raises(Refused, match="platform"):
        Trust.load(city.folder / "trust")


def test_a_seat_whose_name_could_leave_its_folder_is_refused(city: Any) -> None:
    for name in ("../x", "ICBC", "icbc-2", ""):
        with pytest.raises(Refused, match="席位名"):
            replace(city.peer, name=name)


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)])
def test_a_certificate_with_another_kind_of_key_is_not_trusted(city: Any, key: Any) -> None:
    name = city.signer.certificate.subject
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    with pytest.raises(Refused, match="P-256"):
        replace(city.peer, certificate=builder.sign(key, hashes.SHA256()))
