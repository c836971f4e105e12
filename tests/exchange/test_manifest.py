"""Manifests and receipts have one spelling, and a package's name can be taken apart again."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhika.errors import Fault, Refused
from zhika.exchange.manifest import SEAT_NAME, Manifest, Sent, Stem
from zhika.exchange.receipt import Receipt
from zhika.flows.documents import CATALOGUE

MANIFEST = Manifest(
    sender="icbc",
    receiver="platform",
    process=None,
    batch=None,
    parties={},
    step=Sent(None, "activate"),
    document="activation",
    rows=3,
    replaces=2,
    created_at=datetime(2026, 11, 23, 2, tzinfo=UTC),
    certificate="a" * 64,
    recipient="age1" + "q" * 58,
    number=7,
    sha256="b" * 64,
    size=1234,
)
RECEIPT = Receipt(
    sender="platform",
    receiver="icbc",
    number=7,
    manifest="c" * 64,
    verdict="refused",
    faults=(Fault("icbc-000007-activation.age", "行数与清单不符"), Fault("rows.csv", "不可为空", 2, "姓名")),
)


def changed(facts: Manifest | Receipt, **changes: Any) -> bytes:
    values = {**json.loads(facts.to_bytes()), **changes}
    kept = {key: value for key, value in values.items() if value is not ...}
    return (json.dumps(kept, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode()


def test_a_manifest_and_a_receipt_come_back_as_they_were() -> None:
    assert Manifest.from_bytes(MANIFEST.to_bytes(), "m") == MANIFEST
    assert Receipt.from_bytes(RECEIPT.to_bytes(), "r") == RECEIPT
    assert changed(MANIFEST) == MANIFEST.to_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2}, {"format": True}, {"kind": "receipt"}, {"sender": "ICBC"}, {"sender": "../x"}, {"rows": -1},
        {"rows": "3"}, {"rows": True}, {"number": None}, {"number": 1.0}, {"created_at": "2026-11-23T10:00:00"},
        {"created_at": "2026-11-23T10:00:00Z"}, {"sha256": "B" * 64}, {"sha256": "b" * 63}, {"recipient": "age1"},
        {"parties": {"nobody": ["a", "b"]}}, {"parties": {"bank": ["a"]}}, {"parties": []}, {"step": {"work": "x"}},
        {"step": {"number": 1, "work": "x", "more": 1}}, {"batch": 5}, {"batch": ""}, {"batch": ...},
        {"batch": "../../keys"}, {"batch": "A1/02"}, {"batch": "A" * 41}, {"batch": "-A1"}, {"batch": "A1\n"},
        {"parties": {"bank": ["../icbc", "icbc"]}}, {"parties": {"bank": ["", "icbc"]}},
        {"unknown": 1}, {"document": None}, {"size": ...}, {"replaces": "2"},
    ],
)  # fmt: skip
def test_a_manifest_with_another_key_or_value_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        Manifest.from_bytes(changed(MANIFEST, **change), "m.json")
    assert len(refused.value.faults) == 1


@pytest.mark.parametrize("code", ["A1-02-261123-01", "B1", "02", "huahong", "A" * 40])
def test_a_batch_and_an_organisation_may_be_named_like_a_folder(code: str) -> None:
    raw = changed(MANIFEST, batch=code, parties={"bank": [code, "icbc"]})
    assert Manifest.from_bytes(raw, "m.json").batch == code


@pytest.mark.parametrize(
    "change",
    [{"verdict": "maybe"}, {"kind": "document"}, {"faults": [["a", "b", 1]]}, {"faults": [["a", "b", "1", None]]},
     {"faults": {}}, {"manifest": "x"}, {"extra": 1}],
)  # fmt: skip
def test_a_receipt_with_another_key_or_value_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        Receipt.from_bytes(changed(RECEIPT, **change), "r.json")


@pytest.mark.parametrize(
    "raw",
    [
        MANIFEST.to_bytes().replace(b"\n", b""),
        MANIFEST.to_bytes() + b"\n",
        MANIFEST.to_bytes().replace(b'"rows": 3', b'"rows": 4,\n  "rows": 3'),
        b"[]",
        b"",
        b"\xff",
        b"[" * 100_000,
        b'{\n  "a": NaN\n}\n',
    ],
)
def test_the_same_facts_spelt_otherwise_are_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        Manifest.from_bytes(raw, "m.json")


@given(st.from_regex(SEAT_NAME, fullmatch=True), st.integers(0, 10**12 - 1), st.sampled_from(CATALOGUE))
def test_a_name_can_be_taken_apart_whatever_the_seat_is_called(peer: str, number: int, document: Any) -> None:
    stem = Stem(peer, number, document.code)
    assert Stem.of(str(stem)) == stem


@pytest.mark.parametrize("name", ["", "icbc-1-x", "ICBC-000001-x", "../a-000001-x", "icbc-0000001-x", "a-000001-x/y"])
def test_a_name_that_no_package_has_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        Stem.of(name)
