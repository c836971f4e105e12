"""A seat that an earlier release founded: told so, and brought up to this one without losing anything."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path


def zhika(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in ("ZHIKA_HOME", "DJANGO_SETTINGS_MODULE")}
    return subprocess.run(
        [sys.executable, "-m", "zhika.cli.main", *words], cwd=home.parent, capture_output=True, text=True, env=env
    )


def test_an_older_store_is_told_of_and_upgraded_once(tmp_path: Path) -> None:
    home = tmp_path / "icbc"
    made = zhika(home, "init", "icbc", "--seat", "bank", "--name", "icbc", "--process", "urban",
                 "--set", "bank.prefix=622235")  # fmt: skip
    assert made.returncode == 0, made.stderr
    with sqlite3.connect(home / "zhika.db") as store:  # as it was before the text of a failure
        store.execute("ALTER TABLE ledger_failure DROP COLUMN text")
        store.execute("DELETE FROM django_migrations WHERE app = 'ledger' AND name = '0008_failure_text'")
    said = zhika(home, "-C", "icbc", "exceptions")
    assert said.returncode == 2 and "zhika -C 席位目录 upgrade" in said.stderr and "Traceback" not in said.stderr
    assert "ledger 0008_failure_text" in zhika(home, "-C", "icbc", "upgrade").stdout
    assert zhika(home, "-C", "icbc", "exceptions").stdout == "没有异常。\n"
    assert "已是本版本" in zhika(home, "-C", "icbc", "upgrade").stdout
