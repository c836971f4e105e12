from typing import Any

import numpy as np
import psec
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from zhika.card import cvv, derive
from zhika.card.cvv import ExpiryOrder
from zhika.card.keys import CVK, IMK_AC, FileKeyStore
from zhika.errors import KeyStoreError, Refused

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")  # psec's own

pans = st.from_regex(r"[0-9]{12,19}", fullmatch=True)
months = st.builds("{:02}{:02}".format, st.integers(0, 99), st.integers(1, 12))
services = st.from_regex(r"[0-9]{3}", fullmatch=True)


def by_the_book(key: bytes, pan: str, expiry: str, service: str) -> str:
    """One card's value, step by step as the algorithm is published."""

    def encrypted(whole: bytes, block: bytes) -> bytes:
        return Cipher(TripleDES(whole), modes.ECB()).encryptor().update(block)

    blocks = bytes.fromhex((pan + expiry + service).ljust(32, "0"))
    first = encrypted(key[:8] * 3, blocks[:8])
    added = bytes(a ^ b for a, b in zip(first, blocks[8:], strict=True))
    text = encrypted(key + key[:8], added).hex()
    decimal = [digit for digit in text if digit.isdigit()] + [str(int(d, 16) - 10) for d in text if d in "abcdef"]
    return "".join(decimal[:3])


def test_published_values_come_out(vectors: dict[str, Any], store: FileKeyStore) -> None:
    key = bytes.fromhex(vectors["key"])
    for vector in vectors["cvv"]:
        card = (vector["pan"], vector["expiry"], vector["service"])
        assert cvv.values([card[0]], [card[1]], card[2], store).tolist() == [vector["value"]], vector["source"]
        assert by_the_book(key, *card) == vector["value"], vector["source"]


def test_the_vectors_include_blocks_with_too_few_decimal_digits(vectors: dict[str, Any]) -> None:
    key = bytes.fromhex(vectors["key"])
    lengths = [len(psec.cvv.generate_cvv(key, v["pan"], v["expiry"], v["service"])) for v in vectors["cvv"]]
    assert lengths == [3, 3, 2, 2, 2]


@settings(max_examples=60)
@given(st.lists(st.tuples(pans, months), max_size=20), services)
def test_values_are_those_of_the_algorithm_card_by_card(
    vectors: dict[str, Any], store: FileKeyStore, cards: list[tuple[str, str]], service: str
) -> None:
    key = bytes.fromhex(vectors["key"])
    found = cvv.values([card[0] for card in cards], [card[1] for card in cards], service, store)
    assert found.tolist() == [by_the_book(key, *card, service) for card in cards]


@settings(max_examples=60)
@given(pans, months, services)
def test_psec_agrees_wherever_it_returns_three_digits(
    vectors: dict[str, Any], store: FileKeyStore, pan: str, expiry: str, service: str
) -> None:
    theirs = psec.cvv.generate_cvv(bytes.fromhex(vectors["key"]), pan, expiry, service)
    ours = str(cvv.values([pan], [expiry], service, store)[0])
    assert ours.startswith(theirs)
    assert len(ours) == 3


@given(st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=50))
def test_decimalisation_takes_digits_then_letters(blocks: list[bytes]) -> None:
    found = cvv._decimalised(np.frombuffer(b"".join(blocks), dtype=np.uint8).reshape(-1, 8))
    for block, digits in zip(blocks, found.tolist(), strict=True):
        text = block.hex()
        both = [int(d) for d in text if d.isdigit()] + [int(d, 16) - 10 for d in text if not d.isdigit()]
        assert digits == both[:3]


def test_a_block_of_letters_only_is_decimalised_too() -> None:
    blocks = np.frombuffer(bytes.fromhex("ABCDEFABCDEFABCDFEDCBA9FEDCBAFED1AAAAAAAAAAAAAA2"), dtype=np.uint8)
    assert cvv._decimalised(blocks.reshape(-1, 8)).tolist() == [[0, 1, 2], [9, 5, 4], [1, 2, 0]]


def test_the_three_values_differ_only_in_their_service_code(store: FileKeyStore) -> None:
    pans, expiries = ["6222350000000000018", "4123456789012345"], ["3611", "8701"]
    three = cvv.security_values(pans, expiries, "101", store)
    for found, service in ((three.cvv, "101"), (three.cvv2, "000"), (three.icvv, "999")):
        assert found.tolist() == cvv.values(pans, expiries, service, store).tolist()
    assert three.cvv[1] == "561"


def test_the_order_of_the_expiry_date_is_the_issuers(vectors: dict[str, Any], store: FileKeyStore) -> None:
    found = cvv.values(["6222350000000000018"], ["3611"], "000", store, order=ExpiryOrder.MMYY)
    assert found.tolist() == [by_the_book(bytes.fromhex(vectors["key"]), "6222350000000000018", "1136", "000")]


def test_security_values_do_not_show_themselves(store: FileKeyStore) -> None:
    assert repr(cvv.security_values(["6222350000000000018"], ["3611"], "220", store)) == "SecurityValues()"


@pytest.mark.parametrize(
    ("pans", "expiries", "service"),
    [
        (["62223500000000000x"], ["3611"], "220"),
        (["62223500000"], ["3611"], "220"),
        (["6222350000000000018"], ["1136"], "220"),
        (["6222350000000000018"], ["3611"], "22"),
        (["6222350000000000018"], ["3611", "3611"], "220"),
    ],
)
def test_cards_of_another_form_are_refused(
    store: FileKeyStore, pans: list[str], expiries: list[str], service: str
) -> None:
    with pytest.raises(Refused):
        cvv.values(pans, expiries, service, store)


def test_a_missing_key_is_named_by_its_label(store: FileKeyStore) -> None:
    with pytest.raises(KeyStoreError, match="cvk-2"):
        cvv.values(["6222350000000000018"], ["3611"], "220", store, label="cvk-2")


def test_no_cards_have_no_values(store: FileKeyStore) -> None:
    assert cvv.values([], [], "220", store).shape == (0,)
    assert derive.icc_master_keys([], store, IMK_AC).shape == (0, 16)
    assert CVK in store.check_values


def test_published_icc_master_keys_come_out(vectors: dict[str, Any], store: FileKeyStore) -> None:
    for vector in vectors["icc_master_keys"]:
        found = derive.icc_master_keys([vector["pan"]], store, IMK_AC, sequence=vector["sequence"])
        assert found.tobytes().hex().upper() == vector["value"]


@settings(max_examples=40)
@given(st.lists(pans, max_size=10), st.from_regex(r"[0-9]{2}", fullmatch=True))
def test_icc_master_keys_are_option_a_card_by_card(store: FileKeyStore, numbers: list[str], sequence: str) -> None:
    found = derive.icc_master_keys(numbers, store, IMK_AC, sequence=sequence)
    for number, key in zip(numbers, found, strict=True):
        y = bytes.fromhex((number + sequence)[-16:].zfill(16))
        plain = store.tdes_ecb(IMK_AC, y + bytes(byte ^ 0xFF for byte in y))
        assert [byte >> 1 for byte in key.tolist()] == [byte >> 1 for byte in plain]
        assert all(byte.bit_count() % 2 for byte in key.tolist())
