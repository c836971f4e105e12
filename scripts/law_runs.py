"""Thousands of runs of the law machine (tests/laws): rules, steps and breaches.

    python scripts/law_runs.py [--runs 2000] [--steps 50] [--seed 0] [--jobs 1] [--no-shrink]

Prints how often each operation was done, and exits with 1 and the shortest way to it where something was broken.
Each job is a process with a store of its own, in memory.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Start the jobs, wait for all, and add up what they did."""
    asked = _arguments()
    if asked.job:
        return _job(asked)
    began, share = time.monotonic(), -(-asked.runs // asked.jobs)
    same = [f"--steps={asked.steps}", f"--runs={share}", "--job", *(["--no-shrink"] if asked.no_shrink else [])]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    jobs = [
        subprocess.Popen(
            [sys.executable, __file__, *same, f"--seed={asked.seed + n * 100_000}"], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        for n in range(asked.jobs)
    ]  # fmt: skip
    told = [job.communicate()[0] for job in jobs]
    return _report([json.loads(line.splitlines()[-1]) for line in told], asked.steps, time.monotonic() - began)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000, help="runs of at least --steps steps (2000)")
    parser.add_argument("--steps", type=int, default=50, help="steps of a run that counts (50)")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other runs; the same the same (0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side (1)")
    parser.add_argument("--no-shrink", action="store_true", help="stop at the first breach as it was found")
    parser.add_argument("--job", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _job(asked: argparse.Namespace) -> int:
    """One process: its tally as a line of JSON, last."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "zhika.seat.settings"
    import django
    from django.core.management import call_command
    from django.db import transaction

    django.setup()
    call_command("migrate", verbosity=0)
    from tests.laws.machine import TALLY
    from tests.laws.runs import run

    broken = 0
    with tempfile.TemporaryDirectory() as folder, transaction.atomic():
        try:
            run(Path(folder), asked.runs, first_seed=asked.seed, steps=asked.steps, shrink=not asked.no_shrink)
        except BaseException as error:  # noqa: BLE001 - whatever was broken is told, with the way to it
            broken = 1
            print(f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
    print(json.dumps({"rules": TALLY.rules, "lengths": TALLY.lengths, "kills": TALLY.kills, "broken": broken}))
    return broken


def _report(told: list[dict], steps: int, seconds: float) -> int:
    rules, lengths = Counter(), []
    for one in told:
        rules.update(one["rules"])
        lengths += one["lengths"]
    for name, n in rules.most_common():
        print(f"{n:>9,}  {name}")
    broken = sum(one["broken"] for one in told)
    long = sum(length >= steps for length in lengths)
    print(
        f"{long:,} runs of {steps} steps or more ({len(lengths):,} in all), {sum(lengths):,} steps, "
        f"{sum(one['kills'] for one in told):,} workers killed, {broken} broken, {seconds:,.0f} s"
    )
    return min(broken, 1)


if __name__ == "__main__":
    raise SystemExit(main())
