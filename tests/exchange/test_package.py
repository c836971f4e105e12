"""What a seat seals another opens, with Zhika or with openssl, sha256sum and age alone; the rest is refused."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage
import pytest

from zhika.errors import Refused
from zhika.exchange import signature
from zhika.exchange.archive import Photos
from zhika.exchange.authentic import read_manifest, read_receipt
from zhika.exchange.keys import create_keys
from zhika.exchange.manifest import MANIFEST, PAYLOAD, SIGNATURE, Manifest, Party, Stem
from zhika.exchange.receipt import Receipt
from zhika.exchange.refusals import Cause, NotAuthentic, PackageRefused
from zhika.exchange.seal import seal_payload, sign_manifest, sign_receipt
from zhika.exchange.trust import Trust
from zhika.flows.documents import ACCOUNT_OPENING, PRODUCTION_DATA
from zhika.flows.lanes import Lane


def test_a_package_opens_with_the_rows_and_photos_that_were_sealed(city: Any) -> None:
    opened = city.take(city.post())
    assert opened.rows["name"].to_list() == ["陈阿山", "陈阿山"]
    with Photos(opened.photos) as photos:
        assert sorted(photos.values()) == [b"first portrait", b"second portrait"]
        assert set(photos) == set(opened.rows["photo"])
    assert opened.photos.stat().st_mode & 0o777 == 0o600
    assert opened.manifest.header == city.header()


def test_openssl_sha256sum_age_and_tar_open_a_package_without_us(city: Any, needs: Callable[[str], None]) -> None:
    for program in ("openssl", "sha256sum", "age", "tar"):
        needs(program)
    stem = city.post()
    sign = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{stem}.p7s", "-content", f"{stem}.json"]
    certificate = city.folder / "platform" / "sign.crt"
    verified = subprocess.run([*sign, "-CAfile", certificate], cwd=city.inbox, check=True, capture_output=True)
    manifest = json.loads(verified.stdout)
    assert manifest["rows"] == 2
    line = f"{manifest['sha256']}  {stem}.age\n"
    subprocess.run(["sha256sum", "-c"], cwd=city.inbox, check=True, input=line.encode(), capture_output=True)
    key = city.folder / "supplier" / "age.key"
    tar = subprocess.run(["age", "-d", "-i", key, f"{stem}.age"], cwd=city.inbox, check=True, capture_output=True)
    subprocess.run(["tar", "x"], cwd=city.folder, check=True, input=tar.stdout)
    inner = json.loads((city.folder / "header.json").read_bytes())
    assert inner == {key: value for key, value in manifest.items() if key not in ("number", "sha256", "size")}
    assert (city.folder / "rows.csv").read_text().count("陈阿山") == 2
    assert len(list((city.folder / "photos").glob("*.jpg"))) == 2


def test_openssl_refuses_the_signature_of_another_manifest(city: Any, needs: Callable[[str], None]) -> None:
    needs("openssl")
    path = city.inbox / f"{city.post()}.json"
    path.write_bytes(path.read_bytes().replace(b'"rows": 2', b'"rows": 3'))
    certificate = city.folder / "platform" / "sign.crt"
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", path.with_suffix(".p7s")]
    assert subprocess.run([*command, "-content", path, "-CAfile", certificate], capture_output=True).returncode != 0


def test_any_changed_byte_of_any_of_the_three_files_is_refused(city: Any) -> None:
    stem = city.post()
    manifest = city.take(stem).manifest
    steps: dict[str, tuple[Callable[[], object], type[PackageRefused]]] = {
        MANIFEST: (lambda: read_manifest(city.inbox, stem, trust=city.trust, me="supplier"), NotAuthentic),
        SIGNATURE: (lambda: read_manifest(city.inbox, stem, trust=city.trust, me="supplier"), NotAuthentic),
        PAYLOAD: (lambda: city.open(manifest), PackageRefused),
    }
    for suffix, (step, kind) in steps.items():
        path = city.inbox / f"{stem}{suffix}"
        content = path.read_bytes()
        changed = [content[:at] + bytes([byte ^ (1 << at % 8)]) + content[at + 1 :] for at, byte in enumerate(content)]
        for other in (*changed, content[:-1], content + b"\0", b""):
            path.write_bytes(other)
            with pytest.raises(kind):
                step()
        path.write_bytes(content)
    city.take(stem)


def test_a_signature_is_quick_enough_for_a_transaction(city: Any) -> None:
    payload = seal_payload(city.rows("production-data"), {}, city.header(document="production-data"), city.folder)
    taken = []
    for number in range(20):
        start = time.perf_counter()
        sign_manifest(payload, number, city.signer)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.005


def refusal(city: Any, stem: Stem) -> PackageRefused:
    with pytest.raises(PackageRefused) as refused:
        city.take(stem)
    assert not (city.folder / "photos.tar").exists()
    assert not list(city.folder.glob("*.part"))
    assert "陈阿山" not in str(refused.value)
    return refused.value


def test_a_package_of_a_seat_that_is_not_known_is_refused(city: Any) -> None:
    stem = city.post()
    with pytest.raises(NotAuthentic, match="信任名单") as refused:
        read_manifest(city.inbox, stem, trust=Trust({}), me="supplier")
    assert refused.value.cause is Cause.UNKNOWN_SIGNER


def test_a_signer_of_the_right_name_with_another_key_is_refused(city: Any) -> None:
    stem = city.post()
    impostor = create_keys(city.folder / "impostor", "platform")
    content = (city.inbox / f"{stem}.json").read_bytes()
    (city.inbox / f"{stem}.p7s").write_bytes(signature.sign(content, impostor))
    assert refusal(city, stem).cause is Cause.BAD_SIGNATURE


def test_a_known_seat_cannot_send_in_the_name_of_another(city: Any) -> None:
    other = create_keys(city.folder / "icbc", "icbc")
    stem = city.post()
    content = (city.inbox / f"{stem}.json").read_bytes()
    city.peer = replace(city.peer, name="icbc", certificate=other.certificate)
    renamed = Stem("icbc", stem.number, stem.document)
    (city.inbox / f"{renamed}.json").write_bytes(content)
    (city.inbox / f"{renamed}.p7s").write_bytes(signature.sign(content, other))
    assert refusal(city, renamed).cause is Cause.NAME_DIFFERS


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"receiver": "icbc"}, Cause.WRONG_RECEIVER),
        ({"certificate": "0" * 64}, Cause.BAD_SIGNATURE),
        ({"document": "erasure"}, Cause.WRONG_DOCUMENT),
        ({"document": PRODUCTION_DATA.code}, Cause.WRONG_DOCUMENT),
        ({"document": ACCOUNT_OPENING.code}, Cause.WRONG_DOCUMENT),
        ({"document": "no-such-thing"}, Cause.WRONG_DOCUMENT),
        ({"process": "rural-batch"}, Cause.WRONG_PROCESS),
        ({"parties": {Lane.BANK: Party("ylz", "platform")}}, Cause.WRONG_PARTY),
        ({"parties": {Lane.CENTRE: Party("other", "platform")}}, Cause.WRONG_PARTY),
        ({"sha256": "0" * 64}, Cause.BAD_DIGEST),
        ({"size": 5}, Cause.BAD_DIGEST),
        ({"batch": "another"}, Cause.HEADER_DIFFERS),
        ({"rows": 3}, Cause.HEADER_DIFFERS),
        ({"replaces": 1}, Cause.HEADER_DIFFERS),
        ({"recipient": "age1" + "q" * 58}, Cause.UNKNOWN_KEY),
    ],
)
def test_a_signed_manifest_that_claims_something_else_is_refused(city: Any, changes: Any, cause: Cause) -> None:
    old = city.post()
    manifest = replace(Manifest.from_bytes((city.inbox / f"{old}.json").read_bytes(), ""), **changes)
    content = manifest.to_bytes()
    shutil.copy(city.inbox / f"{old}.age", city.folder / "payload")
    shutil.copy(city.folder / "payload", city.inbox / f"{manifest.stem}.age")
    (city.inbox / f"{manifest.stem}.json").write_bytes(content)
    (city.inbox / f"{manifest.stem}.p7s").write_bytes(signature.sign(content, city.signer))
    assert refusal(city, manifest.stem).cause is cause


def test_a_signed_text_that_is_no_manifest_is_refused(city: Any) -> None:
    stem = city.post()
    (city.inbox / f"{stem}.json").write_bytes(b"{}")
    (city.inbox / f"{stem}.p7s").write_bytes(signature.sign(b"{}", city.signer))
    assert refusal(city, stem).cause is Cause.BAD_MANIFEST


def test_a_package_under_another_number_is_refused(city: Any) -> None:
    stem = city.post(1)
    for suffix in (MANIFEST, SIGNATURE, PAYLOAD):
        (city.inbox / f"{stem}{suffix}").rename(city.inbox / f"platform-000002-face-data{suffix}")
    assert refusal(city, Stem("platform", 2, "face-data")).cause is Cause.NAME_DIFFERS


@pytest.mark.parametrize("suffix", [MANIFEST, SIGNATURE, PAYLOAD])
def test_a_package_that_lacks_a_file_is_refused(city: Any, suffix: str) -> None:
    stem = city.post()
    (city.inbox / f"{stem}{suffix}").unlink()
    assert refusal(city, stem).cause is Cause.MISSING_FILE


def test_a_refused_package_leaves_what_an_earlier_one_left(city: Any) -> None:
    opened = city.take(city.post(1))
    before = opened.photos.read_bytes()
    second = city.post(2)
    (city.inbox / f"{second}.age").write_bytes(b"")
    with pytest.raises(PackageRefused):
        city.take(second)
    assert opened.photos.read_bytes() == before
    assert city.take(city.post(3)).photos.read_bytes() == before


@pytest.mark.parametrize(
    "told",
    [{"batch": "A1-城区-261125-01"}, {"parties": {Lane.CENTRE: Party("0_2", "platform")}}],
    ids=["batch", "party"],
)
def test_a_header_that_no_receiver_could_read_is_not_sealed(city: Any, told: Any) -> None:
    header = replace(city.header(), **told)
    with pytest.raises(Refused, match=next(iter(told))):
        seal_payload(city.rows(photo=["", ""]), {}, header, city.folder / "staging")
    assert not list((city.folder / "staging").glob("*"))


@pytest.mark.parametrize("given", [[], ["one"], ["one", "two", "three"]])
def test_photos_other_than_the_rows_name_are_not_sealed(city: Any, given: list[str]) -> None:
    named = dict(city.photo(name.encode()) for name in ("one", "two"))
    photos = dict(city.photo(name.encode()) for name in given)
    with pytest.raises(Refused, match="照片"):
        seal_payload(city.rows(photo=list(named)), photos, city.header(), city.folder / "staging")


def test_a_photo_that_changed_since_it_was_named_is_not_sealed_and_leaves_nothing(city: Any) -> None:
    photos = dict(city.photo(name.encode()) for name in ("one", "two"))
    next(iter(photos.values())).write_bytes(b"another face")
    with pytest.raises(Refused, match="照片"):
        seal_payload(city.rows(photo=list(photos)), photos, city.header(), city.folder / "staging")
    assert list((city.folder / "staging").iterdir()) == []


def test_an_older_key_still_opens_what_was_sealed_to_it(city: Any) -> None:
    stem = city.post()
    city.identities = (pyrage.x25519.Identity.generate(), *city.identities)
    assert city.take(stem).rows.height == 2


def test_a_receipt_is_read_by_whom_it_is_for_and_by_no_other(city: Any) -> None:
    receipt = Receipt(sender="platform", receiver="supplier", number=4, manifest="0" * 64, verdict="taken")
    signed = sign_receipt(receipt, city.signer)
    city.deliver(signed, Path("/dev/null"))
    assert read_receipt(city.inbox, signed.stem, trust=city.trust, me="supplier") == receipt
    with pytest.raises(NotAuthentic) as refused:
        read_receipt(city.inbox, signed.stem, trust=city.trust, me="icbc")
    assert refused.value.cause is Cause.WRONG_RECEIVER
    with pytest.raises(NotAuthentic) as refused:
        read_manifest(city.inbox, signed.stem, trust=city.trust, me="supplier")
    assert refused.value.cause is Cause.BAD_MANIFEST
