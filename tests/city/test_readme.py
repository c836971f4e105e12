"""The walk of the README, typed as it stands there: from `zhika town` and `zhika init` to a to-do list that waits."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def walk(name: str) -> str:
    found = re.search(r"<!-- walk -->\n```bash\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def test_both_readmes_tell_the_same_walk() -> None:
    assert walk("README.md") == walk("README.zh-CN.md")


def test_the_walk_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {k: v for k, v in os.environ.items() if k not in ("ZHIKA_HOME", "DJANGO_SETTINGS_MODULE")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", walk("README.md")], cwd=tmp_path, env={**environment, "PATH": path},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("数据确认") >= 4
    assert "do confirm" in done.stdout and "已搁置" not in done.stdout
