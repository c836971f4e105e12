"""Vectors and a key store with the vectors' key."""

import json
from pathlib import Path
from typing import Any

import pytest

from zhika.card.keys import CVK, IMK_AC, FileKeyStore


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    file = Path(__file__).parents[1] / "vectors" / "security_values.json"
    return dict(json.loads(file.read_text("utf-8")))


@pytest.fixture(scope="session")
def store(vectors: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> FileKeyStore:
    store = FileKeyStore.create(tmp_path_factory.mktemp("home") / "keys", labels=())
    for label in (CVK, IMK_AC):
        store.load(label, bytes.fromhex(vectors["key"]), kcv=vectors["kcv"])
    return store
