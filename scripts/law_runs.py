"""Thousands of runs of the law machine (tests/laws): rules, steps and breaches.

    python scripts/law_runs.py [--runs 2000] [--steps 50] [--seed 0] [--jobs 1] [--no-shrink]

Prints how often each operation was done, and exits with 1 and the shortest way to it where something was broken, where
a job died, and where it was stopped (Ctrl-C, SIGTERM) before its last run: what was done until then is told all the
same. Each job is a process with a store of its own, in memory; how far it is stands on stderr.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.laws.machine import Tally

ROOT = Path(__file__).resolve().parents[1]
TOLD_EVERY = 25
"""Long runs of a job between two lines on how far it is."""


def main() -> int:
    """Start the jobs, wait for all, and add up what they did."""
    asked = _arguments()
    if asked.job:
        return _job(asked)
    began, share = time.monotonic(), -(-asked.runs // asked.jobs)
    same = [f"--steps={asked.steps}", f"--runs={share}", "--job", *(["--no-shrink"] if asked.no_shrink else [])]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    jobs: list[subprocess.Popen[str]] = []
    _when_stopped(lambda: [job.terminate() for job in jobs])
    jobs.extend(
        subprocess.Popen(
            [sys.executable, __file__, *same, f"--seed={asked.seed + n * 100_000}"], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
        )
        for n in range(asked.jobs)
    )  # fmt: skip
    told = [job.communicate()[0].splitlines() for job in jobs]
    return _report(told, [job.returncode for job in jobs], asked.steps, time.monotonic() - began)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000, help="runs of at least --steps steps (2000)")
    parser.add_argument("--steps", type=int, default=50, help="steps of a run that counts (50)")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other runs; the same the same (0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side (1)")
    parser.add_argument("--no-shrink", action="store_true", help="stop at the first breach as it was found")
    parser.add_argument("--job", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _when_stopped(do: Callable[[], object]) -> None:
    """What Ctrl-C and SIGTERM do from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: do() and None)


def _job(asked: argparse.Namespace) -> int:
    """One process: its tally as a line of JSON, last."""
    stopped: list[int] = []
    _when_stopped(lambda: _interrupt(stopped))
    os.environ["DJANGO_SETTINGS_MODULE"] = "zhika.seat.settings"
    import django
    from django.core.management import call_command
    from django.db import transaction

    django.setup()
    call_command("migrate", verbosity=0)
    from tests.laws.machine import OPERATIONS, TALLY
    from tests.laws.runs import run

    broken = 0
    try:
        with tempfile.TemporaryDirectory() as folder, transaction.atomic():
            run(
                Path(folder), asked.runs, first_seed=asked.seed, steps=asked.steps, shrink=not asked.no_shrink,
                tell=_progress(asked),
            )  # fmt: skip
    except BaseException as error:  # noqa: BLE001 - whatever was broken is told, with the way to it
        broken = min(TALLY.broken, 1) if stopped else 1
        if not stopped:
            print(f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
    never = sorted({one.name for one in OPERATIONS} - TALLY.operations.keys())
    told = {"rules": TALLY.rules, "lengths": TALLY.lengths, "kills": TALLY.kills, "broken": broken, "never": never}
    print(json.dumps(told | {"stopped": bool(stopped)}))
    return int(broken or bool(stopped))


def _interrupt(stopped: list[int]) -> None:
    """Stop where it is; asked again while it tells its tally, it goes on telling."""
    if not stopped:
        stopped.append(1)
        raise KeyboardInterrupt


def _progress(asked: argparse.Namespace) -> Callable[["Tally"], None]:
    """Tells how far a job is, after every so many long runs."""
    began, last = time.monotonic(), 0

    def tell(tally: "Tally") -> None:
        nonlocal last
        done = sum(length >= asked.steps for length in tally.lengths)
        if done // TOLD_EVERY > last // TOLD_EVERY:
            print(
                f"seed {asked.seed}: {done:,} of {asked.runs:,} runs, {sum(tally.lengths):,} steps, "
                f"{tally.operations.total():,} operations of {len(tally.operations)} kinds, "
                f"{tally.kills:,} workers killed, {time.monotonic() - began:,.0f} s",
                file=sys.stderr, flush=True,
            )  # fmt: skip
        last = done

    return tell


def _report(told: Sequence[Sequence[str]], codes: Sequence[int], steps: int, seconds: float) -> int:
    """What all jobs did, and which of them died or were stopped. Returns the exit code."""
    jobs: list[dict[str, Any]] = [json.loads(lines[-1]) for lines in told if lines]
    rules, lengths = Counter[str](), list[int]()
    for one in jobs:
        rules.update(one["rules"])
        lengths += one["lengths"]
    for name, n in rules.most_common():
        print(f"{n:>9,}  {name}")
    broken = sum(one["broken"] for one in jobs)
    long = sum(length >= steps for length in lengths)
    print(
        f"{long:,} runs of {steps} steps or more ({len(lengths):,} in all), {sum(lengths):,} steps, "
        f"{sum(one['kills'] for one in jobs):,} workers killed, {broken} broken, {seconds:,.0f} s"
    )
    if never := set.intersection(*(set(one["never"]) for one in jobs)) if jobs else set():
        print(f"never done: {', '.join(sorted(never))}")
    for n, (lines, code) in enumerate(zip(told, codes, strict=True), 1):
        known = json.loads(lines[-1]) if lines else {}
        if not lines or code not in (0, 1) or (code == 1 and not (known["broken"] or known["stopped"])):
            print(f"job {n} died: exit code {code}, {'after its tally' if lines else 'what it did is not known'}")
        elif known["stopped"]:
            print(f"job {n} was stopped before its last run")
    return int(any(codes))


if __name__ == "__main__":
    raise SystemExit(main())
