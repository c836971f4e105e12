"""A day's walk-ins, from the forms to the bank's production data, on a platform seat with its real settings.

Run `python bench/walkins.py [--people 3000]`; exit code 1 if the whole takes more than 30 s. The forms come from
twelve offices as one file; entered, applied for, reviewed by another person, cut into batches by office, sent as
insured-person data, checked against the insurance's extract, and sealed as production data for the bank. Every person
has a photo.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

LIMIT = 30.0
"""Seconds from entry to production data."""
OFFICES, PHOTOS = 12, 50
BY_HAND = (
    ("applied for", "apply", "陈明"), ("reviewed", "review", "王芳"), ("cut into batches", "form_requests", "王芳"),
)  # fmt: skip


def people(n: int) -> pl.DataFrame:
    """Synthetic people with valid numbers, spread over twelve offices; a few dozen faces serve all."""
    from zhika.card import idnumber

    bodies = [
        f"3505021{900 + i // 366 % 100:03}{i // 28 % 12 + 1:02}{i % 28 + 1:02}{i // 336 % 999:03}" for i in range(n)
    ]
    numbers = [body + idnumber.calc_check_digit(body) for body in bodies]
    return pl.DataFrame(
        {
            "姓名": [f"陈{chr(0x5200 + i % 200)}{chr(0x6200 + i // 200)}" for i in range(n)],
            "公民身份号码": numbers, "人员类别": ["居民"] * n,
            "经办机构": [f"{i % OFFICES + 1:02}" for i in range(n)], "地址": ["鲤城区涂门街 1 号"] * n,
            "电话": ["13900000000"] * n, "照片": [f"{i % PHOTOS}.jpg" for i in range(n)],
            "缴费单号": [f"P{i}" for i in range(n)],
        }
    )  # fmt: skip


def founded(folder: Path, n: int) -> Path:
    """A platform that knows its offices, a bank, and the insurance's extract."""
    from zhika.rehearsal.portraits import portrait
    from zhika.rehearsal.seats import zhika

    home, bank = folder / "platform", folder / "icbc"
    (folder / "photos").mkdir()
    for i in range(PHOTOS):
        (folder / "photos" / f"{i}.jpg").write_bytes(portrait(str(i), "1", 30))
    rows = people(n)
    rows.write_csv(folder / "forms.csv")
    insured = rows.select("姓名", "公民身份号码", "人员类别", "经办机构").with_columns(
        pl.lit("男").alias("性别"), pl.lit("19900101").alias("出生日期"), pl.lit("1").alias("个人编号"),
        pl.lit("1").alias("单位编号"), pl.lit("一").alias("单位名称"), pl.lit("正常").alias("参保状态"),
    )  # fmt: skip
    insured.write_csv(folder / "insurance.csv")
    offices = [f"{i + 1:02},第{i + 1}分中心,centre," for i in range(OFFICES)]
    (folder / "offices.csv").write_text("\n".join(["code,name,kind,parent", *offices]) + "\n", encoding="utf-8")
    zhika(None, "init", str(home), "--seat", "platform", "--name", "platform")
    zhika(None, "init", str(bank), "--seat", "bank", "--name", "icbc", "--process", "urban")
    zhika(home, "organisations", "load", str(folder / "offices.csv"))
    for seat, other in ((home, bank), (bank, home)):
        zhika(seat, "trust", "export", str(folder / f"{seat.name}.json"))
        zhika(other, "trust", "add", str(folder / f"{seat.name}.json"))
    facts = ("--fact", "scheme=urban", "--fact", "kind=insurance")
    zhika(home, "do", "load_register", str(folder / "insurance.csv"), *facts, "--by", "周")
    return home


def measure(folder: Path, home: Path) -> list[tuple[str, float]]:
    """Seconds of each part, in this process."""
    os.environ["ZHIKA_HOME"] = str(home)
    from zhika.seat.start import start

    seat = start(home)
    from zhika.cli.hands import hand
    from zhika.engine.loop import work_once
    from zhika.engine.todo import todo
    from zhika.ledger.mail import Outbox

    told = {str(folder / "forms.csv"): {"process": "urban-new", "photos": str(folder / "photos")}}
    parts = []

    def clocked(title: str, name: str, subjects: dict[str, dict[str, str]], by: str) -> None:
        begun = time.perf_counter()
        hand(seat, name, subjects, by=by, second="", reason="", evidence="")
        parts.append((title, time.perf_counter() - begun))

    clocked("entered from the file", "fill_form", told, "陈明")
    for title, name, by in (
        ("applied for", "apply", "陈明"),
        ("reviewed", "review", "王芳"),
        ("cut into batches", "form_requests", "王芳"),
    ):
        clocked(title, name, {item.subject: {} for item in todo(seat) if item.work == name}, by)
    begun = time.perf_counter()
    while work_once(seat, lambda _: None):
        pass
    parts.append(("sent, checked, production data sealed", time.perf_counter() - begun))
    sent = Outbox.objects.filter(document="production-data").count()
    assert sent == OFFICES, f"{sent} production data"
    return parts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=3_000)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = measure(folder, founded(folder, told.people))
    total = sum(seconds for _, seconds in parts)
    table = Table("part", "seconds", "of the limit", title=f"{told.people:,} walk-ins, entry to production data")
    for title, seconds in [*parts, ("together", total)]:
        table.add_row(title, f"{seconds:.2f}", f"{seconds / LIMIT:.0%}")
    Console(width=100).print(table)
    return 0 if total <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
