"""Card numbers, tracks and security values of a batch, and security values against psec's per-card calls.

Run `python bench/security_values.py`; exit code 1 when a limit isn't met. Times are the best of three runs of ours and
of one of psec's, on one thread, keys in a file store. Equality with psec is asked wherever psec returns three digits:
it leaves out the second decimalisation pass and is short for about one card in 18,000.
"""

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars
import psec
from rich.console import Console
from rich.table import Table

from zhika.card import cvv, derive, expiry, idnumber, pan, stripe
from zhika.card.keys import CVK, IMK_AC, FileKeyStore

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
SERVICE = "220"
EXPIRES = "3611"
BATCH = 5_000
AGAINST_PSEC = 20_000
BULK = 200_000


def timed(work: Callable[[], Any], runs: int = 3) -> tuple[float, Any]:
    """Seconds of the fastest run, and what it returned."""
    best, result = float("inf"), None
    for _ in range(runs):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def batch(store: FileKeyStore, n: int) -> tuple[cvv.SecurityValues, stripe.TrackColumns]:
    """All that a bank makes for n cards: PANs, three security values, three tracks."""
    pans = pan.numbers("622235", np.arange(n, dtype=np.int64))
    expiries = expiry.checked([EXPIRES] * n)
    made = cvv.security_values(pans, expiries, SERVICE, store)
    return made, stripe.tracks_of(pans, expiries, SERVICE, made.cvv)


def card_by_card(pans: list[str]) -> list[str]:
    """psec's values: CVV, CVV2, iCVV of each card."""
    services = (SERVICE, cvv.CVV2_SERVICE, cvv.ICVV_SERVICE)
    return [psec.cvv.generate_cvv(KEY, number, EXPIRES, service) for service in services for number in pans]


def main() -> int:
    table = Table("what", "cards", "seconds", "a second", "limit", "kept", title="card numbers and security values")
    kept: list[bool] = []

    def row(what: str, n: int, seconds: float, limit: str = "", met: bool | None = None) -> None:
        if met is not None:
            kept.append(met)
        mark = "" if met is None else "yes" if met else "NO"
        table.add_row(what, f"{n:,}", f"{seconds:.3f}", f"{n / seconds:,.0f}", limit, mark)

    with TemporaryDirectory() as home:
        store = FileKeyStore.create(Path(home) / "keys", labels=())
        for label in (CVK, IMK_AC):
            store.load(label, KEY)
        seconds, _ = timed(lambda: batch(store, BATCH))
        row("PANs, tracks, three values together", BATCH, seconds, "< 1 s", seconds < 1)

        pans = pan.numbers("622848", np.arange(AGAINST_PSEC, dtype=np.int64))
        expiries = np.full(AGAINST_PSEC, EXPIRES)
        ours, made = timed(lambda: cvv.security_values(pans, expiries, SERVICE, store))
        theirs, per_card = timed(lambda: card_by_card(pans.tolist()), runs=1)
        mine = [*made.cvv.tolist(), *made.cvv2.tolist(), *made.icvv.tolist()]
        short = sum(len(value) < 3 for value in per_card)
        equal = all(a == b or len(b) < 3 for a, b in zip(mine, per_card, strict=True)) and short < len(mine) // 1_000
        row("three security values, whole arrays", AGAINST_PSEC, ours)
        row("three security values, psec card by card", AGAINST_PSEC, theirs)
        row(f"ratio {theirs / ours:.0f} ×", AGAINST_PSEC, ours, "≥ 20 ×", theirs / ours >= 20)
        row(f"equal but for {short} short values of psec", AGAINST_PSEC, ours, "equal", equal)

        many = pan.numbers("622848", np.arange(BULK, dtype=np.int64))
        row("one security value", BULK, timed(lambda: cvv.values(many, np.full(BULK, EXPIRES), SERVICE, store))[0])
        row("ICC master keys, option A", BULK, timed(lambda: derive.icc_master_keys(many, store, IMK_AC))[0])
        row("PANs", BULK, timed(lambda: pan.numbers("622848", np.arange(BULK, dtype=np.int64)))[0])
        column = polars.Series("id_no", [f"350502{1930 + n % 90}0101{n % 1_000:03}X" for n in range(BULK)])
        row("ID numbers checked", BULK, timed(lambda: idnumber.faults(column))[0])
    Console().print(table)
    return 0 if all(kept) else 1


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message=".*TripleDES")
    sys.exit(main())
