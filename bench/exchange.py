"""Sealing and opening a package of 1,000 and of 5,000 people with 20 KB photos.

Prints MB/s, the ratio to age alone (pyrage) on as many bytes in the same run, and the peak memory of each process.
Fails when the 5,000 are not sealed and opened at 100 MB/s, or when their memory grows with the package.

    python bench/exchange.py [--people 1000 5000]
"""

import argparse
import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import polars as pl
import pyrage

from zhika.exchange.authentic import read_manifest
from zhika.exchange.keys import create_keys, load_identities, load_signer, recipient
from zhika.exchange.manifest import MANIFEST, PAYLOAD, SIGNATURE, Header, Sent, Stem
from zhika.exchange.seal import Signed, seal_payload, sign_manifest
from zhika.exchange.trust import Peer, Trust
from zhika.exchange.unseal import open_payload
from zhika.flows.documents import FACE_DATA
from zhika.flows.lanes import Lane

PHOTO_BYTES = 20_000
LEAST_SPEED = 100.0
MOST_GROWTH = 1.25
ROUNDS = 3
T = TypeVar("T")
STEM = Stem("platform", 1, FACE_DATA.code)


def prepare(folder: Path) -> tuple[float, int]:
    """Keys of both seats, rows and photos for as many people as the folder's name says."""
    people = int(folder.name)
    create_keys(folder / "platform", "platform")
    create_keys(folder / "supplier", "supplier")
    (folder / "photos").mkdir()
    draw = random.Random(people)
    rows = []
    for number in range(people):
        photo = draw.randbytes(PHOTO_BYTES)
        sha256 = hashlib.sha256(photo).hexdigest()
        (folder / "photos" / sha256).write_bytes(photo)
        rows.append({**FACE_DATA.example, "app_no": f"A{number:014d}", "photo": sha256})
    pl.DataFrame(rows).write_ipc(folder / "rows.arrow")
    return 0.0, people


def seal(folder: Path) -> tuple[float, int]:
    """Best seconds of sealing and signing, and bytes sealed."""
    signer = load_signer(folder / "platform")
    rows = pl.read_ipc(folder / "rows.arrow")
    photos = {name: folder / "photos" / name for name in rows["photo"].to_list()}
    header = Header(
        sender="platform",
        receiver="supplier",
        process="urban-batch",
        batch="B1",
        parties={},
        step=Sent(6, "send_face_data"),
        document=FACE_DATA.code,
        rows=rows.height,
        replaces=None,
        created_at=datetime.now(UTC).replace(microsecond=0),
        certificate=signer.fingerprint,
        recipient=recipient(load_identities(folder / "supplier")[0]),
    )

    def once() -> tuple[Signed, Path, int]:
        payload = seal_payload(rows, photos, header, folder / "staging")
        return sign_manifest(payload, 1, signer), payload.path, payload.size

    seconds, (signed, path, size) = best(once)
    path.replace(folder / f"{STEM}{PAYLOAD}")
    (folder / f"{STEM}{MANIFEST}").write_bytes(signed.content)
    (folder / f"{STEM}{SIGNATURE}").write_bytes(signed.signature)
    return seconds, size


def unseal(folder: Path) -> tuple[float, int]:
    """Best seconds of verifying and opening, and bytes opened."""
    identities = load_identities(folder / "supplier")
    certificate = load_signer(folder / "platform").certificate
    peer = Peer(
        "platform",
        certificate,
        recipient(load_identities(folder / "platform")[0]),
        {Lane.INTEGRATOR},
        {"integrator"},
        {"urban-batch"},
    )

    def once() -> int:
        manifest = read_manifest(folder, STEM, trust=Trust({"platform": peer}), me="supplier")
        opened = open_payload(
            folder,
            manifest,
            peer=peer,
            lanes={Lane.SUPPLIER},
            identities=identities,
            photos=folder / "photos.tar",
        )
        assert opened.rows.height == manifest.rows
        return manifest.size

    return best(once)


def age_seals(folder: Path) -> tuple[float, int]:
    """Seconds in which pyrage alone encrypts as many bytes, in memory."""
    plain = os.urandom((folder / f"{STEM}{PAYLOAD}").stat().st_size)
    to = [pyrage.x25519.Identity.generate().to_public()]
    return best(lambda: pyrage.encrypt_io(BytesIO(plain), BytesIO(), to))[0], len(plain)


def age_opens(folder: Path) -> tuple[float, int]:
    """Seconds in which pyrage alone decrypts the same payload, in memory."""
    sealed = (folder / f"{STEM}{PAYLOAD}").read_bytes()
    identities = load_identities(folder / "supplier")
    return best(lambda: pyrage.decrypt_io(BytesIO(sealed), BytesIO(), identities))[0], len(sealed)


ACTIONS = {"prepare": prepare, "seal": seal, "open": unseal, "age-seals": age_seals, "age-opens": age_opens}


def best(once: Callable[[], T]) -> tuple[float, T]:
    """The quickest of some rounds: the machine is shared."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = once()
        taken.append(time.perf_counter() - start)
    return min(taken), result


def measured(action: str, folder: Path) -> tuple[float, int, float]:
    """Seconds, bytes and peak MiB of one action in a process of its own.

    Linux hands the peak of a parent down to its child, so this process does nothing large itself.
    """
    answer = subprocess.run(
        [sys.executable, __file__, "--action", action, str(folder)], check=True, stdout=subprocess.PIPE
    )
    seconds, size, peak = json.loads(answer.stdout)
    return seconds, size, peak


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--people", type=int, nargs="+", default=[1_000, 5_000])
    arguments.add_argument("--action", nargs=2, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.action:
        action, folder = given.action
        seconds, size = ACTIONS[action](Path(folder))
        print(json.dumps([seconds, size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return 0
    speeds: dict[str, float] = {}
    peaks: dict[str, list[float]] = {"seal": [], "open": []}
    print(f"{'people':>7} {'action':<6} {'MB':>7} {'seconds':>8} {'MB/s':>7} {'age':>10} {'ratio':>6} {'peak MiB':>9}")
    for people in given.people:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / str(people)
            folder.mkdir()
            measured("prepare", folder)
            for action, alone in (("seal", "age-seals"), ("open", "age-opens")):
                seconds, size, peak = measured(action, folder)
                raw_seconds, raw_size, _ = measured(alone, folder)
                speed, raw = size / seconds / 1e6, raw_size / raw_seconds / 1e6
                speeds[action] = speed
                peaks[action].append(peak)
                print(
                    f"{people:>7,} {action:<6} {size / 1e6:>7.1f} {seconds:>8.2f} {speed:>7.0f} "
                    f"{raw:>10.0f} {speed / raw:>6.2f} {peak:>9.0f}"
                )
    slow = [action for action, speed in speeds.items() if speed < LEAST_SPEED]
    grown = [action for action, peak in peaks.items() if max(peak) > MOST_GROWTH * peak[0]]
    for action in slow:
        print(f"{action}: {speeds[action]:.0f} MB/s, at least {LEAST_SPEED:.0f} wanted", file=sys.stderr)
    for action in grown:
        print(f"{action}: memory grows with the package: {peaks[action]} MiB", file=sys.stderr)
    return 1 if slow or grown else 0


if __name__ == "__main__":
    sys.exit(main())
