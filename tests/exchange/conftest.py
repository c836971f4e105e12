"""Two seats with real keys, and packages between them."""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from zhika.exchange.authentic import read_manifest
from zhika.exchange.keys import create_keys, load_identities, recipient
from zhika.exchange.manifest import MANIFEST, PAYLOAD, SIGNATURE, Header, Manifest, Party, Sent, Stem
from zhika.exchange.seal import Signed, seal_payload, sign_manifest
from zhika.exchange.trust import Peer, Trust
from zhika.exchange.unseal import Opened, open_payload
from zhika.flows.documents import BY_CODE, FACE_DATA
from zhika.flows.lanes import PLATFORM, Lane


@pytest.fixture
def needs() -> Callable[[str], None]:
    """Skip a test whose outside program is missing; in CI it must not be missing."""

    def needs(program: str) -> None:
        if shutil.which(program) is None:
            message = f"the program {program} is not installed"
            if os.environ.get("CI") == "true":
                pytest.fail(message)
            pytest.skip(message)

    return needs


@dataclass
class City:
    """The seats platform (sends) and supplier (receives, and pins the platform's certificate)."""

    folder: Path

    def __post_init__(self) -> None:
        self.signer = create_keys(self.folder / "platform", "platform")
        create_keys(self.folder / "supplier", "supplier")
        self.identities = load_identities(self.folder / "supplier")
        own = recipient(load_identities(self.folder / "platform")[0])
        self.peer = Peer("platform", self.signer.certificate, own, PLATFORM, {"ylz"}, {"urban-batch"})
        self.inbox = self.folder / "in"
        self.inbox.mkdir()

    @property
    def trust(self) -> Trust:
        return Trust({self.peer.name: self.peer})

    def photo(self, content: bytes) -> tuple[str, Path]:
        """A photo in a file, with its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.folder / f"{sha256}.jpg"
        path.write_bytes(content)
        return sha256, path

    def header(self, **changes: Any) -> Header:
        header = Header(
            sender="platform",
            receiver="supplier",
            process="urban-batch",
            batch="B26112300001",
            parties={Lane.INTEGRATOR: Party("ylz", "platform"), Lane.SUPPLIER: Party("huahong", "supplier")},
            step=Sent(6, "send_face_data"),
            document=FACE_DATA.code,
            rows=2,
            replaces=None,
            created_at=datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=8))),
            certificate=self.signer.fingerprint,
            recipient=recipient(self.identities[0]),
        )
        return replace(header, **changes)

    def rows(self, document: str = FACE_DATA.code, **values: list[str]) -> pl.DataFrame:
        """Two synthetic people."""
        declared = BY_CODE[document]
        examples = pl.DataFrame([declared.example] * 2).select(declared.columns)
        return examples.with_columns(**{name: pl.Series(column) for name, column in values.items()})

    def post(self, number: int = 1, **changes: Any) -> Stem:
        """A package of two people with photos, sealed, signed, and put into the receiver's inbox."""
        photos = dict(map(self.photo, (b"first portrait", b"second portrait")))
        header = self.header(**changes)
        payload = seal_payload(self.rows(photo=list(photos)), photos, header, self.folder / "staging")
        signed = sign_manifest(payload, number, self.signer)
        self.deliver(signed, payload.path)
        return signed.stem

    def deliver(self, signed: Signed, payload: Path) -> None:
        shutil.copy(payload, self.inbox / f"{signed.stem}{PAYLOAD}")
        (self.inbox / f"{signed.stem}{MANIFEST}").write_bytes(signed.content)
        (self.inbox / f"{signed.stem}{SIGNATURE}").write_bytes(signed.signature)

    def take(self, stem: Stem) -> Opened:
        """What the receiver does with it."""
        return self.open(read_manifest(self.inbox, stem, trust=self.trust, me="supplier"))

    def open(self, manifest: Manifest) -> Opened:
        return open_payload(
            self.inbox,
            manifest,
            peer=self.peer,
            lanes={Lane.SUPPLIER},
            identities=self.identities,
            photos=self.folder / "photos.tar",
        )


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)
