"""Packages of a city: opened by anybody who has the key and three old programs, refused when a byte differs."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.city.city import REPOSITORY, copied
from tests.exchange.conftest import needs
from zhika.rehearsal.seats import environment

__all__ = ["needs"]


@pytest.mark.parametrize(
    ("giver", "taker", "document"),
    [("icbc", "platform", "account-file"), ("platform", "supplier", "face-data"), ("abc", "platform", "card-list")],
)
def test_openssl_sha256sum_age_and_tar_open_a_package_of_the_city(
    giver: str, taker: str, document: str, ended: Path, tmp_path: Path, needs: object
) -> None:
    for program in ("openssl", "sha256sum", "age", "tar"):
        needs(program)  # type: ignore[operator]
    folder = ended / giver / "mail" / "sent" / taker
    stem = sorted(folder.glob(f"*-{document}.json"))[0].stem
    sign = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{stem}.p7s", "-content", f"{stem}.json"]
    certificate = ended / taker / "trust" / f"{giver}.crt"
    verified = subprocess.run([*sign, "-CAfile", certificate], cwd=folder, check=True, capture_output=True)
    manifest = json.loads(verified.stdout)
    line = f"{manifest['sha256']}  {stem}.age\n"
    subprocess.run(["sha256sum", "-c"], cwd=folder, check=True, input=line.encode(), capture_output=True)
    key = ended / taker / "keys" / "age.key"
    tar = subprocess.run(["age", "-d", "-i", key, f"{stem}.age"], cwd=folder, check=True, capture_output=True)
    subprocess.run(["tar", "x"], cwd=tmp_path, check=True, input=tar.stdout)
    rows = (tmp_path / "rows.csv").read_text(encoding="utf-8-sig").strip().splitlines()
    assert len(rows) - 1 == manifest["rows"] > 5
    assert rows[0].split(",")[:3] == ["app_no", "id_no", "name"]
    photos = list((tmp_path / "photos").glob("*.jpg")) if document == "face-data" else []
    assert len(photos) == (manifest["rows"] if document == "face-data" else 0)


def opening(name: str) -> str:
    """The commands that a README gives for a package, as they stand there."""
    found = re.search(r"<!-- open -->\n```bash\n(.*?)```", (REPOSITORY / name).read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def test_the_commands_of_the_readme_open_a_package_as_they_stand(ended: Path, tmp_path: Path, needs: object) -> None:
    for program in ("openssl", "sha256sum", "age", "tar"):
        needs(program)  # type: ignore[operator]
    assert opening("README.md") == opening("README.zh-CN.md")
    words = opening("README.md").replace("cd city/", f"cd {ended}/").replace("-C /tmp ", f"-C {tmp_path} ")
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Verification successful" in done.stderr and done.stdout.endswith(": OK\n")
    assert (tmp_path / "rows.csv").stat().st_size > 0


def test_age_opens_nothing_of_it_for_another_seat(ended: Path, needs: object) -> None:
    needs("age")  # type: ignore[operator]
    package = sorted((ended / "icbc" / "mail" / "sent" / "platform").glob("*-account-file.age"))[0]
    for other in ("icbc", "abc", "supplier"):
        command = ["age", "-d", "-i", ended / other / "keys" / "age.key", package]
        assert subprocess.run(command, capture_output=True).returncode != 0


def test_a_seat_refuses_a_package_with_any_byte_changed_and_takes_it_as_it_was_sent(
    founded: Path, ended: Path, tmp_path: Path
) -> None:
    """The platform as it stood before the first package came; the first that the bank sent it."""
    home = copied(founded, tmp_path / "city") / "platform"
    package = sorted((ended / "icbc" / "mail" / "sent" / "platform").glob("icbc-000001-*.json"))[0]
    words = [sys.executable, "-m", "tests.city.postman", str(home), str(package)]
    done = subprocess.run(words, cwd=REPOSITORY, env=environment(), capture_output=True, text=True, check=True)
    *changed, sent = json.loads(done.stdout)
    assert Counter(told["changed"] for told in changed) == {".json": 19, ".p7s": 19, ".age": 19}
    for told in changed:
        assert told["filed"] == 0 and set(told["verdicts"]) <= {"rejected", "damaged"}, told
    assert sum(bool(told["verdicts"]) for told in changed) > 50, "they are answered, not left lying"
    assert (sent["verdicts"], sent["filed"]) == (["taken"], 2)
    assert list((home / "mail" / "rejected").glob(f"{package.stem}.reason.txt"))
