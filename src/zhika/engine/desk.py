"""The desk: documents as frozen files by content hash, filed for whom they await, read when a step needs them."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import polars as pl
from django.apps import apps
from django.utils import timezone

from zhika.engine.work import Subject
from zhika.errors import Fault, Refused, ZhikaError
from zhika.exchange import table
from zhika.exchange.authentic import read_manifest
from zhika.exchange.keys import load_identities
from zhika.exchange.manifest import Stem
from zhika.exchange.trust import Trust
from zhika.exchange.unseal import open_payload
from zhika.flows.chart import Grain
from zhika.flows.documents import BY_CODE, PHOTO, SECRET_FIELDS, Document, Key
from zhika.flows.lanes import Lane
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat

_SECRET = {field.name for field in SECRET_FIELDS}


def kept_sealed(document: Document) -> bool:
    """It holds what no table and no file may: it stays in its sealed package and is opened only while it is read."""
    return bool(_SECRET & set(document.columns))


def freeze(seat: Seat, document: Document, rows: pl.DataFrame) -> str:
    """Keep the rows as a file named by its SHA-256; the same rows are the same file. Returns the digest."""
    data = table.encode(document, rows, where=document.title)
    digest = hashlib.sha256(data).hexdigest()
    path = file_of(seat, digest)
    if not path.exists():
        write_once(path, data)
    return digest


def write_once(path: Path, data: bytes) -> None:
    """Whole or not at all, and on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def file_of(seat: Seat, digest: str) -> Path:
    """Where the frozen file of a document stands."""
    return seat.home / "files" / "documents" / digest[:2] / f"{digest}.csv"


def photo_of(seat: Seat, digest: str) -> Path:
    """Where the photo of this SHA-256 stands."""
    return seat.home / "files" / "photos" / digest[:2] / f"{digest}.jpg"


def keep_photo(seat: Seat, data: bytes, digest: str = "") -> str:
    """Keep a photo by content; returns its SHA-256. Thousands come at once: they are not synced one by one."""
    digest = digest or hashlib.sha256(data).hexdigest()
    path = photo_of(seat, digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.write_bytes(data)
        part.replace(path)
    return digest


def photo_file(seat: Seat, folder: Path | None, name: str) -> str:
    """Keep the photo that a file names below `folder`; its SHA-256, "" where there is none there."""
    if not name or folder is None:
        return ""
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        return ""
    return keep_photo(seat, file.read_bytes())


def photos_named(seat: Seat, document: Document, rows: pl.DataFrame) -> Mapping[str, Path]:
    """The files of the photos that the rows of a document name."""
    if PHOTO.name not in document.columns:
        return {}
    return {digest: photo_of(seat, digest) for digest in rows[PHOTO.name].unique() if digest}


def file(
    seat: Seat,
    document: Document,
    rows: pl.DataFrame | None,
    subject: Subject,
    *,
    process: str,
    batch_code: str,
    sender_lane: Lane,
    sender: str,
    receiver: str,
    state: str = Paper.FILED,
    number: int | None = None,
    digest: str = "",
    count: int | None = None,
    handover: str = "",
    made_at: datetime | None = None,
) -> Paper:
    """Put a document on the desk; with `rows` None its frozen or sealed file exists already under `digest`."""
    return Paper.objects.create(
        type=document.code, subject_kind=subject.kind, subject=subject.code, batch_code=batch_code, process=process,
        sender_lane=sender_lane, sender=sender, receiver=receiver,
        sha256=digest if rows is None else freeze(seat, document, rows),
        rows=count if rows is None else rows.height, state=state, number=number, handover_code=handover,
        counted=not (document.things and state == Paper.FILED), sealed=kept_sealed(document) and state == Paper.FILED,
        made_at=made_at or timezone.now(),
    )  # fmt: skip


def read(seat: Seat, paper: Paper) -> pl.DataFrame:
    """The rows of a document on the desk. One kept sealed is opened from its package, and only in memory."""
    document = BY_CODE[paper.type]
    if paper.sealed:
        return _open_sealed(seat, paper)
    rows = read_frozen(seat, document, paper.sha256)
    if paper.subject_kind == Grain.APPLICATION:  # many applications may share a file: this paper is one row of it
        return rows.filter(pl.col("app_no") == paper.subject)
    return rows


def read_frozen(seat: Seat, document: Document, digest: str) -> pl.DataFrame:
    """All rows of a frozen file. Raises Refused where it is gone."""
    path = file_of(seat, digest)
    if not path.exists():
        raise Refused([Fault(document.title, f"文件 {path.name} 不在本席位 files/documents 中, 请从备份恢复")])
    return table.read(document, path)


def _open_sealed(seat: Seat, paper: Paper) -> pl.DataFrame:
    folder = seat.home / "mail" / "taken"
    stem = Stem(paper.sender, paper.number or 0, paper.type)
    trust = Trust.load(seat.home / "trust")
    if not (folder / f"{stem}.json").exists():
        raise ZhikaError(f"{stem}: 封包已清除, 不能再读")
    manifest = read_manifest(folder, stem, trust=trust, me=seat.name)
    empty = seat.home / "mail" / "staging" / f"{stem}.{os.getpid()}.photos"
    try:
        opened = open_payload(
            folder, manifest, peer=trust.peers[paper.sender], lanes=seat.lanes,
            identities=load_identities(seat.home / "keys"), photos=empty,
        )  # fmt: skip
        return opened.rows
    finally:
        empty.unlink(missing_ok=True)


def filed(subject: Subject) -> list[Paper]:
    """Documents on the desk for a subject: filed or used, in the order in which they came."""
    return list(
        Paper.objects.filter(subject_kind=subject.kind, subject=subject.code, state__in=[Paper.FILED, Paper.USED])
        .order_by("pk")
    )  # fmt: skip


def persons(seat: Seat, batch_code: str, wanted: set[str]) -> dict[str, dict[str, str]]:
    """Key fields of these applications, as the batch's documents here name them."""
    found: dict[str, dict[str, str]] = {}
    for paper in _person_papers(batch_code):
        if wanted <= found.keys():
            break
        rows = read(seat, paper).select("app_no", "id_no", "name")
        for app_no, id_no, name in rows.filter(pl.col("app_no").is_in(sorted(wanted))).iter_rows():
            found.setdefault(app_no, {"app_no": app_no, "id_no": id_no, "name": name})
    return found | _registered(wanted - found.keys())


def _registered(wanted: set[str]) -> dict[str, dict[str, str]]:
    """Key fields of applications that no document names yet, where this seat keeps the persons themselves."""
    if not wanted or not apps.is_installed("zhika.people"):
        return {}
    from zhika.people.models import Application

    rows = Application.objects.filter(ref__in=sorted(wanted)).values_list("ref", "person__id_no", "person__name")
    return {ref: {"app_no": ref, "id_no": id_no, "name": name} for ref, id_no, name in rows}


def _person_papers(batch_code: str) -> Iterator[Paper]:
    """Documents of a batch that name its people; sealed ones last."""
    papers = Paper.objects.filter(batch_code=batch_code).exclude(type="exceptions").order_by("sealed", "pk")
    for paper in papers:
        if BY_CODE[paper.type].key is Key.PERSON and (not paper.sealed or paper.state == Paper.FILED):
            yield paper
