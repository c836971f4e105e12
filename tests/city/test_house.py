"""Lanes are houses of their own: what a seat doesn't run it never loads, and what breaks the law fails at once."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.city.city import REPOSITORY
from zhika.rehearsal.seats import environment

LOADED = """
import importlib, json, pkgutil, sys
from pathlib import Path
from zhika.seat.start import start
start(Path(sys.argv[1]))
import zhika.cli.main
from django.apps import apps
for app in apps.get_app_configs():
    for module in pkgutil.walk_packages(app.module.__path__, app.name + "."):
        importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""


def _loaded(home: Path) -> set[str]:
    """What a seat's process holds when everything that is installed there has been imported."""
    words = [sys.executable, "-c", LOADED, str(home)]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def _under(modules: set[str], package: str) -> list[str]:
    return sorted(name for name in modules if name == package or name.startswith(f"{package}."))


@pytest.mark.parametrize(
    ("seat", "has", "never"),
    [
        ("platform", ("insured", "unit", "centre", "integrator"), ("bank", "supplier")),
        ("icbc", ("bank",), ("insured", "unit", "centre", "integrator", "supplier")),
        ("supplier", ("supplier",), ("insured", "unit", "centre", "integrator", "bank")),
    ],
)
def test_a_seat_loads_its_own_lanes_and_never_anothers(
    seat: str, has: tuple[str, ...], never: tuple[str, ...], founded: Path
) -> None:
    modules = _loaded(founded / seat)
    assert all(f"zhika.lanes.{lane}.steps" in modules for lane in has)
    assert {lane: _under(modules, f"zhika.lanes.{lane}") for lane in never} == {lane: [] for lane in never}
    assert bool(_under(modules, "zhika.people")) == (seat == "platform")
    if seat == "platform":
        assert not modules & {"zhika.card.stripe", "zhika.card.cvv", "zhika.card.chip.financial"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources and of the law."""
    house = tmp_path_factory.mktemp("house")
    shutil.copytree(REPOSITORY / "src", house / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(REPOSITORY / ".importlinter", house)
    return house


def _in(house: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = environment() | {"PYTHONPATH": str(house / "src")}
    return subprocess.run(words, cwd=house, env=env, capture_output=True, text=True, check=False)


def test_a_platform_starts_and_migrates_and_works_where_the_banks_lane_was_deleted(house: Path) -> None:
    shutil.rmtree(house / "src" / "zhika" / "lanes" / "bank")
    zhika = (sys.executable, "-m", "zhika.cli.main")
    where = _in(house, sys.executable, "-c", "import zhika; print(zhika.__file__)").stdout
    assert where.startswith(str(house))
    made = _in(house, *zhika, "init", "home", "--seat", "platform", "--name", "platform")
    assert made.returncode == 0, made.stderr
    worked = _in(house, *zhika, "-C", "home", "work")
    assert (worked.returncode, worked.stderr) == (0, "")
    refused = _in(house, *zhika, "init", "other", "--seat", "bank", "--name", "icbc")
    assert refused.returncode != 0
    shutil.copytree(
        REPOSITORY / "src" / "zhika" / "lanes" / "bank", house / "src" / "zhika" / "lanes" / "bank",
        ignore=shutil.ignore_patterns("__pycache__"),
    )  # fmt: skip


def test_importing_one_lane_from_another_breaks_the_law_which_names_both(house: Path) -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    planted = house / "src" / "zhika" / "lanes" / "centre" / "acts.py"
    honest = planted.read_text(encoding="utf-8")
    planted.write_text(f"{honest}\nfrom zhika.lanes.bank import models as _models\n", encoding="utf-8")
    try:
        broken = _in(house, str(linter), "--no-cache")
    finally:
        planted.write_text(honest, encoding="utf-8")
    assert broken.returncode != 0
    assert "Lanes never import each other: what passes between them is a document BROKEN" in broken.stdout
    assert "zhika.lanes.centre is not allowed to import zhika.lanes.bank" in broken.stdout
    assert "zhika.lanes.centre.acts -> zhika.lanes.bank.models" in broken.stdout


def test_the_house_itself_keeps_the_law(house: Path) -> None:
    kept = _in(house, str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert kept.returncode == 0, kept.stdout


@pytest.mark.parametrize(
    ("file", "honest", "planted", "told"),
    [
        (
            "documents.py", '{BANK}, {INTEGRATOR}, (PAN,))  # 账号资料', "{BANK}, {INTEGRATOR}, (PAN, EXPIRY))",
            ("account-file", "expiry", "有效期", "integrator", "seen by bank, supplier only"),
        ),
        (
            "urban.py", "sends=(ACCOUNT_FILE,)", "sends=()",
            ("urban-batch", "awaits account-file", "账号资料", "which no earlier row sends"),
        ),
    ],
    ids=["expiry to the integrator", "a document that nobody sends"],
)  # fmt: skip
def test_a_table_that_breaks_the_law_stops_the_program_when_it_is_imported_and_says_why(
    file: str, honest: str, planted: str, told: tuple[str, ...], house: Path
) -> None:
    path = house / "src" / "zhika" / "flows" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(honest) == 1
    path.write_text(text.replace(honest, planted), encoding="utf-8")
    try:
        done = _in(house, sys.executable, "-m", "zhika.cli.main", "flows")
    finally:
        path.write_text(text, encoding="utf-8")
    assert done.returncode != 0
    assert [word for word in told if word not in done.stderr] == []
