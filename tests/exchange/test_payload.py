"""A payload that a trusted seat signed and sealed may still hold what it should not: every such one is refused."""

import hashlib
import io
import tarfile
from typing import Any

import pyrage
import pytest

from zhika.exchange import archive
from zhika.exchange.archive import PHOTO_LIMIT
from zhika.exchange.refusals import Cause, PackageRefused
from zhika.exchange.seal import Payload, sign_manifest
from zhika.exchange.table import encode
from zhika.flows.documents import FACE_DATA

PORTRAIT = b"portrait"
SHA256 = hashlib.sha256(PORTRAIT).hexdigest()
NAME = f"photos/{SHA256}.jpg"


class Tar:
    """A tar made freely, in the usual form unless a member says otherwise."""

    def __init__(self, *members: tuple[str | tarfile.TarInfo, bytes]) -> None:
        self.content = b""
        for member, data in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size, info.mode = len(data), 0o600
            self.content += info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)
        self.content += bytes(1024)


def cause(city: Any, content: bytes, cut: int | None = None) -> Cause:
    """Why the receiver refuses this tar, sealed and signed by the sender."""
    header = city.header()
    sealed = pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(header.recipient)])[:cut]
    path = city.folder / "payload"
    path.write_bytes(sealed)
    signed = sign_manifest(Payload(path, hashlib.sha256(sealed).hexdigest(), len(sealed), header), 1, city.signer)
    city.deliver(signed, path)
    with pytest.raises(PackageRefused) as refused:
        city.take(signed.stem)
    assert sorted(p.name for p in city.folder.glob("photos*")) == []
    return refused.value.cause


def usual(city: Any) -> list[tuple[str | tarfile.TarInfo, bytes]]:
    rows = encode(FACE_DATA, city.rows(photo=[SHA256, SHA256]))
    return [("header.json", city.header().to_bytes()), ("rows.csv", rows), (NAME, PORTRAIT)]


def typed(name: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    return info


def test_the_usual_tar_is_taken_so_that_the_refusals_below_mean_something(city: Any) -> None:
    sink = io.BytesIO()
    unpacking = archive.Unpacking(sink, "x", 10_000)
    for byte in Tar(*usual(city)).content:
        unpacking.write(bytes([byte]))
    unpacking.close()
    assert unpacking.photos == {SHA256}


@pytest.mark.parametrize(
    "name",
    [
        "../escape",
        "/etc/passwd",
        "photos/../../escape.jpg",
        "photos/x.jpg",
        "photos",
        f"./{NAME}",
        f"{NAME}x",
        "rows.csv",
    ],
)
def test_a_member_of_any_other_name_is_refused_wherever_it_would_go(city: Any, name: str) -> None:
    assert cause(city, Tar(*usual(city), (name, b"x")).content) is Cause.BAD_MEMBER


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE, tarfile.XHDTYPE]
)
def test_a_member_that_is_no_plain_file_is_refused(city: Any, kind: bytes) -> None:
    assert cause(city, Tar(*usual(city)[:2], (typed(NAME, kind), b"")).content) is Cause.BAD_MEMBER


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 2, 1], [0, 1, 2, 2], [0, 0, 1, 2], [0], [1], [2], []])
def test_members_missing_doubled_or_out_of_order_are_refused(city: Any, order: list[int]) -> None:
    members = usual(city)
    assert cause(city, Tar(*(members[at] for at in order)).content) is Cause.BAD_MEMBER


def test_members_that_are_too_big_are_refused_before_they_are_read(city: Any) -> None:
    header, rows, _ = usual(city)
    huge = bytes(PHOTO_LIMIT + 1)
    assert cause(city, Tar(header, rows, (f"photos/{hashlib.sha256(huge).hexdigest()}.jpg", huge)).content) is (
        Cause.BAD_MEMBER
    )
    assert cause(city, Tar(header, ("rows.csv", rows[1] * 20)).content) is Cause.BAD_MEMBER
    assert cause(city, Tar(("header.json", bytes(archive.HEADER_LIMIT + 1)), rows).content) is Cause.BAD_MEMBER
    claim = tarfile.TarInfo("header.json")
    claim.size = 8 * 1024**3 - 1
    assert cause(city, claim.tobuf(tarfile.USTAR_FORMAT)) is Cause.BAD_MEMBER


def test_a_tar_that_breaks_off_or_goes_on_is_refused(city: Any) -> None:
    content = Tar(*usual(city)).content
    assert cause(city, content[:-1024]) is Cause.BAD_MEMBER
    assert cause(city, content[:700]) is Cause.BAD_MEMBER
    assert cause(city, content[:-1]) is Cause.BAD_MEMBER
    assert cause(city, content + b"x" * 512) is Cause.BAD_MEMBER
    assert cause(city, content + Tar(*usual(city)).content) is Cause.BAD_MEMBER
    assert cause(city, b"") is Cause.BAD_MEMBER


def test_words_hidden_in_the_padding_are_refused(city: Any) -> None:
    content = Tar(*usual(city)).content
    at = content.rindex(PORTRAIT) + len(PORTRAIT) + 5
    assert cause(city, content[:at] + b"hidden" + content[at + 6 :]) is Cause.BAD_MEMBER


@pytest.mark.parametrize("cut", [10, 150, 250, 1_000, -1])
def test_a_payload_that_was_cut_before_it_was_signed_is_refused(city: Any, cut: int) -> None:
    assert cause(city, Tar(*usual(city)).content, cut) is Cause.BAD_PAYLOAD


def test_a_large_cut_payload_leaves_no_clear_photo_behind(city: Any) -> None:
    photo = bytes(200_000)
    sha256 = hashlib.sha256(photo).hexdigest()
    header, rows, _ = usual(city)
    content = Tar(header, rows, (NAME, PORTRAIT), (f"photos/{sha256}.jpg", photo)).content
    assert cause(city, content, -100_000) is Cause.BAD_PAYLOAD


def test_a_photo_that_is_not_what_its_name_says_is_refused(city: Any) -> None:
    header, rows, _ = usual(city)
    assert cause(city, Tar(header, rows, (NAME, b"another face")).content) is Cause.BAD_PHOTO


def test_photos_that_the_rows_do_not_name_or_miss_are_refused(city: Any) -> None:
    other = (f"photos/{hashlib.sha256(b'other').hexdigest()}.jpg", b"other")
    assert cause(city, Tar(*usual(city), other).content) is Cause.BAD_PHOTO
    assert cause(city, Tar(*usual(city)[:2]).content) is Cause.BAD_PHOTO


def test_another_seats_sealed_file_signed_as_ones_own_is_refused(city: Any) -> None:
    _, rows, photo = usual(city)
    for changes in ({"sender": "icbc"}, {"batch": "other"}, {"certificate": "0" * 64}):
        content = Tar(("header.json", city.header(**changes).to_bytes()), rows, photo).content
        assert cause(city, content) is Cause.HEADER_DIFFERS


def test_more_or_fewer_rows_than_the_manifest_says_are_refused(city: Any) -> None:
    header, (_, rows), photo = usual(city)
    lines = rows.splitlines(keepends=True)
    assert cause(city, Tar(header, ("rows.csv", b"".join(lines[:2])), photo).content) is Cause.WRONG_COUNT
    assert cause(city, Tar(header, ("rows.csv", b"".join([*lines, lines[1]])), photo).content) is Cause.WRONG_COUNT


def test_rows_that_the_document_does_not_take_are_refused(city: Any) -> None:
    header, (_, rows), photo = usual(city)
    assert cause(city, Tar(header, ("rows.csv", rows.replace("陈阿山".encode(), b"")), photo).content) is Cause.BAD_ROWS
