"""A real PKCS#11 token: SoftHSM2 (Debian: softhsm2). Skipped where it isn't installed, but never in CI."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zhika.card import cvv, derive, pan
from zhika.card.keys import CVK, IMK_AC, FileKeyStore
from zhika.errors import KeyStoreError

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
PIN = "471147114711"

if not MODULE.is_file() and os.environ.get("CI", "").lower() != "true":
    pytest.skip(f"{MODULE} is missing: apt-get install softhsm2", allow_module_level=True)

from zhika.card.hsm import Pkcs11KeyStore  # noqa: E402  (needs the extra pkcs11, as the token does)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A fresh token. The module reads its configuration once a process, so it is one for all tests here."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        command = ["softhsm2-util", "--init-token", "--free", "--label", "zhika", "--so-pin", "0000", "--pin", PIN]
        subprocess.run(command, check=True, capture_output=True)
        with Pkcs11KeyStore.open(MODULE, "zhika", PIN, writable=True) as store:
            for label in (CVK, IMK_AC):
                store.load(label, KEY, kcv="08D7B4")
        yield "zhika"


@pytest.fixture
def hsm(token: str) -> Iterator[Pkcs11KeyStore]:
    with Pkcs11KeyStore.open(MODULE, token, PIN) as store:
        yield store


def test_a_token_computes_the_published_values(hsm: Pkcs11KeyStore, vectors: dict[str, Any]) -> None:
    for vector in vectors["cvv"]:
        found = cvv.values([vector["pan"]], [vector["expiry"]], vector["service"], hsm)
        assert found.tolist() == [vector["value"]], vector["source"]


def test_a_token_and_a_file_store_agree_on_whole_batches(hsm: Pkcs11KeyStore, store: FileKeyStore) -> None:
    pans = pan.numbers("622848", np.arange(5000))
    expiries = np.full(5000, "3611")
    assert (cvv.values(pans, expiries, "220", hsm) == cvv.values(pans, expiries, "220", store)).all()
    assert (derive.icc_master_keys(pans, hsm, IMK_AC) == derive.icc_master_keys(pans, store, IMK_AC)).all()


def test_an_empty_batch_asks_nothing_of_the_token(hsm: Pkcs11KeyStore) -> None:
    assert hsm.des_ecb(CVK, b"") == hsm.tdes_ecb(CVK, b"") == b""


def test_keys_cannot_be_read_out_of_the_token(hsm: Pkcs11KeyStore) -> None:
    import pkcs11

    for name in (CVK, CVK + ".left"):
        held = hsm._search(name)
        assert held is not None
        assert held[pkcs11.Attribute.SENSITIVE] is True
        assert held[pkcs11.Attribute.EXTRACTABLE] is False
        with pytest.raises(pkcs11.PKCS11Error):
            held[pkcs11.Attribute.VALUE]


def test_a_generated_key_is_there_and_is_not_overwritten(token: str) -> None:
    with Pkcs11KeyStore.open(MODULE, token, PIN, writable=True) as store:
        store.generate("imk-smi")
        before = store.tdes_ecb("imk-smi", bytes(8))
        with pytest.raises(KeyStoreError, match="imk-smi"):
            store.load("imk-smi", KEY)
        assert store.tdes_ecb("imk-smi", bytes(8)) == before != store.des_ecb("imk-smi", bytes(8))


def test_a_key_of_which_only_a_half_was_written_can_be_loaded_again(token: str) -> None:
    with Pkcs11KeyStore.open(MODULE, token, PIN, writable=True) as store:
        store._create("cut-off.left", bytes.fromhex("1111111111111111") * 3)
        with pytest.raises(KeyStoreError, match="cut-off"):
            store.tdes_ecb("cut-off", bytes(8))
        store.load("cut-off", KEY)
        assert store.des_ecb("cut-off", b"Now is t").hex().upper() == "3FA40E8A984D4815"


@pytest.mark.parametrize(
    ("module", "label", "pin"),
    [(MODULE, "nowhere", PIN), (MODULE, "zhika", "999999"), (Path("/nowhere/lib.so"), "zhika", PIN)],
)
def test_a_login_that_fails_names_no_pin(token: str, module: Path, label: str, pin: str) -> None:
    with pytest.raises(KeyStoreError) as caught:
        Pkcs11KeyStore.open(module, label, pin)
    assert pin not in str(caught.value)


def test_a_missing_key_and_broken_blocks_are_refused(hsm: Pkcs11KeyStore) -> None:
    with pytest.raises(KeyStoreError, match="nothing"):
        hsm.tdes_ecb("nothing", bytes(8))
    with pytest.raises(KeyStoreError, match="8 字节"):
        hsm.tdes_ecb(CVK, bytes(7))
    assert repr(hsm) == "Pkcs11KeyStore(token='zhika')"
