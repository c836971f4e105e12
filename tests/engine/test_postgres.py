"""A real PostgreSQL 15 holds a seat's store as SQLite does: same rows, same refusals, exactly once with two workers."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine import on_a_store

BIN = Path("/usr/lib/postgresql/15/bin")
SCRIPT = Path(on_a_store.__file__)
ROOT = SCRIPT.parents[2]


def command(name: str, *words: str) -> list[str]:
    """A program of PostgreSQL's, which refuses to run as root."""
    told = [str(BIN / name), *words]
    return ["runuser", "-u", "postgres", "--", *told] if os.getuid() == 0 else told


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """URL of an empty cluster of our own on 127.0.0.1, by password."""
    if not (BIN / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed")
    folder = Path(tempfile.mkdtemp(prefix="zhika-postgres-"))  # pytest's own folders are closed to the user postgres
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    password = secrets.token_urlsafe(12)
    (folder / "password").write_text(password)
    if os.getuid() == 0:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres")
    data = str(folder / "data")
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    told = ("-U", "zhika", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "-E", "UTF8", "--locale=C.UTF-8")
    subprocess.run(command("initdb", "-D", data, "--no-sync", *told), **quiet)  # type: ignore[call-overload]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    log = str(folder / "log")
    subprocess.run(command("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start"), **quiet)  # type: ignore[call-overload]
    try:
        yield f"postgresql://zhika:{password}@127.0.0.1:{port}"
    finally:
        subprocess.run(command("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"), **quiet)  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)


def database(server: str, name: str) -> str:
    """URL of a new empty database."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A bank's seat on one store or the other."""
    return init(tmp_path, "sqlite" if request.param == "sqlite" else request.getfixturevalue("server"))


def init(folder: Path, server: str) -> Path:
    """`zhika init` with the store's URL, as typed by hand."""
    store = server if server == "sqlite" else database(server, f"z{secrets.token_hex(4)}")
    home = folder / "icbc"
    told = ["--process", "urban-batch", "--set", "bank.prefix=622235", "--set", f"seat.store={store}"]
    run([Path(sys.executable).parent / "zhika", "init", home, "--seat", "bank", "--name", "icbc", *told])
    (home / "customers.csv").write_text("id_no,name,standing\n", encoding="utf-8")
    on_a_store.trust_peers(home)
    return home


def run(words: list[Any], **more: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "ZHIKA_HOME"} | more
    done = subprocess.run(list(map(str, words)), env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, f"{done.stdout[-3_000:]}\n{done.stderr[-3_000:]}"
    return done.stdout


def on(home: Path, action: str) -> Any:
    return json.loads(run([sys.executable, SCRIPT, home, action], PYTHONPATH=f"{ROOT / 'src'}{os.pathsep}{ROOT}"))


def test_a_seat_on_postgresql_does_and_refuses_what_one_on_sqlite_does(server: str, tmp_path: Path) -> None:
    told = [on(init(tmp_path / name, store), "scenario") for name, store in (("lite", "sqlite"), ("pg", server))]
    assert told[0] == told[1]
    here = told[1]
    assert here["done"] == [True, True, False, False]
    rules = [*(f"append-only {n}" for n in range(4)), "nothing_negative 0", "step 0"]
    assert here["refused"] == dict.fromkeys(rules, "IntegrityError True")
    assert here["custody"]["void"] == 1 and here["custody"]["bundles"] == [2, 2]
    assert here["audit"][1:] == [True, 0]
    assert here["breaches"] == []
    assert here["tampered"] == ["audit_unbroken"]


def test_three_workers_at_once_do_every_row_once_and_number_the_mail_without_a_gap(home: Path) -> None:
    on(home, "prepare")
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    environment.pop("ZHIKA_HOME", None)
    workers = [
        subprocess.Popen([sys.executable, str(SCRIPT), str(home), "race"], env=environment, cwd=ROOT, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]  # fmt: skip
    (home.parent / "gate").touch()
    ended = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], [error[-2_000:] for _, error in ended]
    done = [row for out, _ in ended for row in json.loads(out)]
    assert sorted(done) == sorted(f"{code} {work}" for code in on_a_store.RACES for work in on_a_store.WORKS)
    accounts, steps, papers, outbox = on(home, "result")
    assert len(accounts) == len({pan for _, pan, *_ in accounts}) == 6 * len(on_a_store.RACES)
    assert len(steps) == len(done)
    numbers = [number for peer, number, *_ in outbox if peer == "platform"]
    assert sorted(numbers) == list(range(1, len(numbers) + 1)) and len(numbers) == 3 * len(on_a_store.RACES)
    assert sorted(number for *_, number, _ in papers if number) == sorted(numbers)


def test_a_worker_that_rests_is_stirred_by_what_others_write_and_by_mail_and_by_nothing_else(home: Path) -> None:
    assert on(home, "stirred") == {
        "nothing": False, "somebody else has written": True, "nothing since": False, "mail has come": True,
    }  # fmt: skip


def test_the_tests_of_books_and_engine_hold_on_postgresql_too(server: str, tmp_path: Path) -> None:
    home = init(tmp_path, server)
    lanes = 'lanes = ["unit", "centre", "integrator", "supplier", "bank", "insured"]'
    toml = home / "seat.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('lanes = ["bank"]', lanes), encoding="utf-8")
    tests = [
        "tests/ledger",
        "tests/engine/test_engine.py",
        "tests/lanes/bank/test_urban.py",
        "tests/people/test_guarded.py",
    ]
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-x", *tests]
    said = run(words, ZHIKA_HOME=str(home))
    assert " passed" in said and "skipped" not in said
