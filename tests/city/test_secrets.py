"""Expiry, CVV2 and tracks go from bank to supplier and nowhere else: every other home is searched, byte by byte."""

import io
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pyrage
import pytest
import xlsxwriter

from tests.city.city import SEATS
from tests.city.leaks import Leaks, Search, columns
from tests.city.truth import Secret, known_to
from zhika.card.stripe import tracks
from zhika.exchange.keys import load_identities, recipient
from zhika.flows.documents import BY_CODE, CHIP_SERIAL, PHOTO, SECRET_FIELDS, SUPPLIER_ACCOUNTS

NAMES = {field.name for field in SECRET_FIELDS}


@pytest.fixture(scope="module")
def secrets(ended: Path) -> list[Secret]:
    """What both banks know."""
    return known_to(ended / "icbc") + known_to(ended / "abc")


@pytest.fixture(scope="module")
def platform(ended: Path, secrets: list[Secret]) -> Search:
    """A search by the platform, with all that its keys open."""
    return Search(secrets, load_identities(ended / "platform" / "keys"))


def test_the_banks_have_secrets_to_lose(secrets: list[Secret]) -> None:
    assert len(secrets) > 40
    assert len({secret.cvv2 for secret in secrets}) > 20
    assert all(secret.expiry.isdigit() and secret.cvv2.isdigit() for secret in secrets)


def test_no_document_that_the_platforms_key_opens_has_a_secret_column(ended: Path, platform: Search) -> None:
    opened, kinds = 0, set()
    for name in SEATS:
        for path in (ended / name / "mail").rglob("*.age"):
            content = platform.opened(path)
            if content is None:
                continue
            opened += 1
            kinds.add(path.stem.split("-", 2)[2])
            header = content[content.index(b"rows.csv") + 512 :].lstrip(b"\0").split(b"\n", 1)[0].decode()
            assert not NAMES & set(header.strip().split(",")), path.name
    assert opened > 50
    assert {"account-file", "number-mapping", "semi-finished", "card-list", "activation"} <= kinds
    assert SUPPLIER_ACCOUNTS.code not in kinds
    for path in (ended / "platform" / "files" / "documents").rglob("*.csv"):
        assert not NAMES & set(path.read_text(encoding="utf-8-sig").split("\n", 1)[0].strip().split(",")), path.name


def test_no_table_of_the_platform_has_a_column_for_a_secret(ended: Path) -> None:
    named = columns(ended / "platform" / "zhika.db")
    assert {"people_person", "people_application", "ledger_card", "integrator_production"} <= named.keys()
    assert _secret_columns(ended / "platform" / "zhika.db") == []


def test_no_byte_of_the_platforms_home_tells_an_expiry_a_cvv2_or_a_track(
    ended: Path, platform: Search, secrets: list[Secret]
) -> None:
    leaks = platform.home(ended / "platform")
    assert leaks.searched > 2_000_000
    assert leaks.expiries == []
    assert leaks.tracks == []
    assert leaks.tokens, "numbers stand beside other figures, so three digits could have met"
    assert leaks.cvv2s(secrets) <= leaks.by_chance(secrets)


def test_nothing_that_the_platform_says_at_its_terminal_tells_one(
    ended: Path, platform: Search, secrets: list[Secret]
) -> None:
    assert not platform.home(ended / "said").found(secrets)


# A leak of each kind is caught ---------------------------------------------------------------------------------------

Plant = Callable[[Path, Sequence[Secret], Search], None]


def _column(home: Path, secrets: Sequence[Secret], _: Search) -> None:
    with sqlite3.connect(home / "zhika.db") as store:
        store.execute("ALTER TABLE people_application ADD COLUMN note INTEGER")
        told = [(int(secret.expiry), secret.app) for secret in secrets]
        store.executemany("UPDATE people_application SET note = ? WHERE ref = ?", told)
    store.close()


def _document(home: Path, secrets: Sequence[Secret], _: Search) -> None:
    (home / "files" / "documents" / "leak.csv").write_text(_csv(secrets), encoding="utf-8")


def _bank_file(home: Path, secrets: Sequence[Secret], _: Search) -> None:
    text = "".join(f"陈阿山|{s.pan}|网点壹|{s.expiry[2:]}/{s.expiry[:2]}\r\n" for s in secrets)
    (home / "files" / "leak.txt").write_bytes(text.encode("gb18030"))


def _wide(home: Path, secrets: Sequence[Secret], _: Search) -> None:
    text = "".join(f"{s.serial}\t{s.expiry[2:]}{s.expiry[:2]}\n" for s in secrets)
    (home / "files" / "leak.csv").write_bytes(text.encode("utf-16-be"))


def _log(home: Path, secrets: Sequence[Secret], _: Search) -> None:
    (home / "log" / "work.log").write_text(f"INFO printing {secrets[0].pan} {secrets[0].expiry} …\n", encoding="utf-8")


def _packed(home: Path, secrets: Sequence[Secret], _: Search) -> None:
    # As a chip keeps it: tag 57, track 2 equivalent data, then the application's expiry.
    digits = f"{secrets[0].pan}d{secrets[0].expiry}220"
    (home / "files" / "chip.bin").write_bytes(b"\x57\x0f" + bytes.fromhex(digits + "f" * (len(digits) % 2)))


def _workbook(home: Path, secrets: Sequence[Secret], _: Search) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for at, secret in enumerate(secrets):
        sheet.write_row(at, 0, ("", secret.pan, secret.cvv2))
    book.close()
    (home / "files" / "lists" / "leak.xlsx").write_bytes(out.getvalue())


def _track(home: Path, secrets: Sequence[Secret], _: Search) -> None:
    stripe = tracks(secrets[0].pan, "3001", "120", "000")  # nobody's expiry: the form of a track is enough
    (home / "files" / "stripe.txt").write_text(stripe.track1, encoding="ascii")


def _package(home: Path, secrets: Sequence[Secret], search: Search) -> None:
    to = pyrage.x25519.Recipient.from_str(recipient(search.identities[0]))
    (home / "mail" / "taken" / "icbc-000099-account-file.age").write_bytes(pyrage.encrypt(_csv(secrets).encode(), [to]))


def _csv(secrets: Sequence[Secret]) -> str:
    return "app_no,value\n" + "".join(f"{secret.app},{secret.cvv2}\n" for secret in secrets)


PLANTS: tuple[Plant, ...] = (_column, _document, _bank_file, _wide, _log, _packed, _workbook, _track, _package)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__.strip("_"))
def test_a_planted_leak_is_caught(
    plant: Plant, ended: Path, platform: Search, secrets: list[Secret], tmp_path: Path
) -> None:
    home = tmp_path / "platform"
    # Other tests look at the same city at the same time: what SQLite lays beside a store comes and goes with them.
    shutil.copytree(ended / "platform", home, ignore=shutil.ignore_patterns("photos", "*.db-shm", "*.db-wal"))
    assert not platform.home(home).found(secrets)
    plant(home, secrets, platform)
    assert platform.home(home).found(secrets)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_planted_column_is_caught_by_its_name(name: str, ended: Path, tmp_path: Path) -> None:
    shutil.copy(ended / "platform" / "zhika.db", tmp_path)
    with sqlite3.connect(tmp_path / "zhika.db") as store:
        store.execute(f"ALTER TABLE people_application ADD COLUMN card_{name} TEXT")
    store.close()
    assert _secret_columns(tmp_path / "zhika.db") == [f"people_application.card_{name}"]


def _secret_columns(database: Path) -> list[str]:
    return [
        f"{table}.{column}"
        for table, named in columns(database).items()
        for column in named
        if any(name in column.lower() for name in NAMES)
    ]


# The others' homes --------------------------------------------------------------------------------------------------


def test_after_erasing_the_supplier_has_no_expiry_and_no_cvv2_left(ended: Path, secrets: list[Secret]) -> None:
    home = ended / "supplier"
    leaks: Leaks = Search(secrets, load_identities(home / "keys")).home(home)
    assert leaks.searched > 1_000_000
    assert not leaks.found(secrets)
    assert list((home / "mail" / "taken").glob(f"*-{SUPPLIER_ACCOUNTS.code}.*")) == []
    assert [path for path in (home / "files").glob("sheets/**/*") if path.is_file()] == []
    assert [path for path in (home / "mail" / "staging").rglob("*") if path.is_file()] == []
    for bank in ("icbc", "abc"):
        assert list((ended / bank / "mail").rglob(f"*-{SUPPLIER_ACCOUNTS.code}.age")) == []


def test_what_was_erased_is_recorded_with_its_digest_at_supplier_and_bank(ended: Path) -> None:
    with sqlite3.connect(ended / "supplier" / "zhika.db") as store:
        erased = store.execute("SELECT what, sha256 FROM supplier_erasure").fetchall()
    assert any(SUPPLIER_ACCOUNTS.code in what for what, _ in erased)
    assert any(what.startswith("sheets/") for what, _ in erased)
    told = "".join(path.read_text(encoding="utf-8") for path in (ended / "icbc" / "files" / "documents").rglob("*.csv"))
    digests = [digest for what, digest in erased if SUPPLIER_ACCOUNTS.code in what]
    assert all(digest in told for digest in digests)


@pytest.mark.parametrize("bank", ["icbc", "abc"])
def test_a_bank_never_sees_a_photo_or_a_chip_serial(bank: str, ended: Path) -> None:
    with sqlite3.connect(ended / "platform" / "zhika.db") as store:
        chips = [chip for (chip,) in store.execute("SELECT chip_serial FROM ledger_card WHERE chip_serial IS NOT NULL")]
        named = {*columns(ended / bank / "zhika.db")}
    photos = [path.stem for path in (ended / "platform" / "files" / "photos").rglob("*.jpg")]
    assert len(chips) > 20 and len(photos) > 20 and "bank_account" in named
    forbidden = [text.encode() for text in (*chips, *photos)]
    identities = load_identities(ended / bank / "keys")
    for path in (path for path in (ended / bank).rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".age" and (opened := Search([], identities).opened(path)) is not None:
            content = opened
        assert not [text for text in forbidden if text in content], path.relative_to(ended)
        assert not content.startswith(b"\xff\xd8\xff"), path.relative_to(ended)


def test_no_document_to_a_bank_carries_a_photo_or_a_chip_serial() -> None:
    to_banks = [document for document in BY_CODE.values() if "bank" in document.receivers]
    assert to_banks
    assert not [d.code for d in to_banks if {PHOTO.name, CHIP_SERIAL.name} & set(d.columns)]
