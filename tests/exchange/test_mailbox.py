"""A mailbox is the same wherever it lies, and a package is in it only when it is whole."""

import os
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import fsspec
import pytest

from zhika.exchange.mailbox import Mailbox
from zhika.exchange.manifest import Stem

FIRST, SECOND, OTHER = Stem("icbc", 2, "account-file"), Stem("icbc", 10, "activation"), Stem("abc", 30, "exceptions")
FILES = {".json": b"manifest", ".p7s": b"signature", ".age": b"payload" * 1_000}


@pytest.fixture(params=["local", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "local":
        yield (tmp_path / "box").as_uri()
    else:
        root = f"memory://{uuid.uuid4().hex}"
        yield root
        files, path = fsspec.core.url_to_fs(root)
        files.rm(path, recursive=True)


def names(url: str) -> set[str]:
    files, root = fsspec.core.url_to_fs(url)
    return {path.rsplit("/", 1)[1] for path in files.ls(root, detail=False)}


def put(url: str, name: str, content: bytes = b"x") -> None:
    with fsspec.open(f"{url}/{name}", "wb") as file:
        file.write(content)


def test_packages_are_listed_by_sender_and_number_and_fetched_whole(url: str, tmp_path: Path) -> None:
    box = Mailbox(url)
    payload = tmp_path / "payload"
    payload.write_bytes(FILES[".age"])
    for stem in (SECOND, OTHER, FIRST):
        box.publish(stem, {**FILES, ".age": payload})
    assert Mailbox(url).arrivals() == [OTHER, FIRST, SECOND]
    box.fetch(FIRST, tmp_path / "in")
    assert {p.name: p.read_bytes() for p in (tmp_path / "in").iterdir()} == {
        f"{FIRST}{suffix}": content for suffix, content in FILES.items()
    }


def test_publishing_again_changes_nothing(url: str) -> None:
    box = Mailbox(url)
    box.publish(FIRST, FILES)
    before = names(url)
    box.publish(FIRST, FILES)
    assert names(url) == before == {f"{FIRST}{suffix}" for suffix in FILES}


@pytest.mark.parametrize("dies_at", range(9))
def test_a_package_is_there_only_when_its_manifest_is(url: str, monkeypatch: pytest.MonkeyPatch, dies_at: int) -> None:
    """The sender dies at its nth operation on the mailbox, and later publishes again."""
    box = Mailbox(url)
    left = iter(range(dies_at))

    def mortal(real):  # type: ignore[no-untyped-def]
        def operation(*arguments, **options):  # type: ignore[no-untyped-def]
            if next(left, None) is None:
                raise KeyboardInterrupt
            return real(*arguments, **options)

        return operation

    files = type(box._files)
    with monkeypatch.context() as patch:
        for name in ("open", "mv"):
            patch.setattr(box._files, name, mortal(getattr(files, name).__get__(box._files)))
        if dies_at < 6:
            with pytest.raises(KeyboardInterrupt):
                box.publish(FIRST, FILES)
        else:
            box.publish(FIRST, FILES)
    there = {name for name in names(url) if not name.endswith(".part")}
    assert Mailbox(url).arrivals() == ([FIRST] if dies_at >= 6 else [])
    assert (f"{FIRST}.json" in there) == (dies_at >= 6)
    assert f"{FIRST}.p7s" not in there or f"{FIRST}.age" in there
    box.publish(FIRST, FILES)
    assert Mailbox(url).arrivals() == [FIRST]


def test_a_removed_package_is_gone_and_may_be_removed_again(url: str) -> None:
    box = Mailbox(url)
    box.publish(FIRST, FILES)
    box.publish(SECOND, FILES)
    box.remove(FIRST)
    box.remove(FIRST)
    assert box.arrivals() == [SECOND]
    assert names(url) == {f"{SECOND}{suffix}" for suffix in FILES}


def test_names_that_no_package_has_are_not_listed(url: str) -> None:
    box = Mailbox(url)
    for name in ("readme.json", "icbc-000001-x.json.abc.part", "icbc-000001-x.age", "ICBC-000001-x.json"):
        put(url, name)
    assert box.arrivals() == []


def test_a_package_without_payload_is_fetched_as_it_is(url: str, tmp_path: Path) -> None:
    box = Mailbox(url)
    box.publish(FIRST, {".json": b"m"})
    box.fetch(FIRST, tmp_path / "in")
    assert [p.name for p in (tmp_path / "in").iterdir()] == [f"{FIRST}.json"]


def test_sweeping_takes_old_remains_and_nothing_else(url: str) -> None:
    box = Mailbox(url)
    box.publish(FIRST, FILES)
    for name in (f"{SECOND}.age", f"{SECOND}.p7s", f"{SECOND}.json.abc.part", "notes.txt"):
        put(url, name)
    assert box.sweep(timedelta(hours=1)) == 0
    time.sleep(0.02)
    assert box.sweep(timedelta(milliseconds=10)) == 3
    assert names(url) == {"notes.txt", *(f"{FIRST}{suffix}" for suffix in FILES)}


def test_a_file_that_is_none_of_a_package_is_not_published(url: str) -> None:
    with pytest.raises(ValueError, match="exe"):
        Mailbox(url).publish(FIRST, {".exe": b""})


def test_files_put_in_by_another_process_are_seen(tmp_path: Path) -> None:
    box = Mailbox(str(tmp_path))
    assert box.arrivals() == []
    (tmp_path / f"{FIRST}.json").write_bytes(b"m")
    assert box.arrivals() == [FIRST]
    os.utime(tmp_path / f"{FIRST}.json", (0, 0))
    assert box.sweep(timedelta(seconds=1)) == 0
