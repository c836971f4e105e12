"""What a chip refuses, whoever asks."""

import pytest

from zhika.card.chip import des, softcard
from zhika.card.chip.apdu import StatusError, StatusWord, command, exchange, send
from zhika.card.chip.cos import State
from zhika.card.chip.keys import BankKeys, SocialKeys
from zhika.card.chip.sealed import seal, unseal
from zhika.card.chip.social import authenticate, inspect
from zhika.card.chip.softcard import SoftCard
from zhika.errors import CardError

SSSE = command(0x00, 0xA4, 0x04, 0x00, bytes.fromhex("7378312E73682EC9E7BBE1B1A3D5CF"))
EF05 = command(0x00, 0xA4, 0x00, 0x02, b"\xef\x05")
EF06 = command(0x00, 0xA4, 0x00, 0x02, b"\xef\x06")
SERIAL = bytes.fromhex("F1000000000A")


def refusal(card: SoftCard, apdu: bytes) -> int:
    return exchange(card, apdu)[1]


def test_a_module_tells_its_serial_cos_and_state_to_anybody(blank: SoftCard) -> None:
    assert inspect(blank) == ("F1000000000A", "ZHIKA-COS 1.0", State.BLANK)


def test_a_chip_is_embedded_once(embedded: SoftCard) -> None:
    with pytest.raises(CardError, match="已封装"):
        embedded.embed()


@pytest.mark.parametrize("serial", ["F1", "f1000000000a", "F100000000000000AA", "F1000000X"])
def test_a_serial_of_another_form_is_refused(serial: str) -> None:
    with pytest.raises(CardError):
        softcard.module(serial, social=bytes(16), bank=bytes(16))


def test_records_are_read_by_number_and_by_tag_with_tag_and_length(personalised: SoftCard) -> None:
    send(personalised, SSSE), send(personalised, EF05)
    by_number = send(personalised, command(0x00, 0xB2, 7, 0x04, le=11))
    assert by_number == send(personalised, command(0x00, 0xB2, 0x07, 0x00, le=0)) == b"\x07\x09A0000001X"
    assert refusal(personalised, command(0x00, 0xB2, 8, 0x04, le=0)) == StatusWord.RECORD_NOT_FOUND


def test_the_holders_file_is_read_only_after_a_key(personalised: SoftCard, social_keys: SocialKeys) -> None:
    send(personalised, SSSE), send(personalised, EF06)
    read = command(0x00, 0xB2, 1, 0x04, le=0)
    assert refusal(personalised, read) == StatusWord.SECURITY_NOT_SATISFIED
    authenticate(personalised, 0x0A, social_keys.read(SERIAL))
    assert send(personalised, read) == b"\x08\x12350502199001010018"
    personalised.reset()
    send(personalised, SSSE), send(personalised, EF06)
    assert refusal(personalised, read) == StatusWord.SECURITY_NOT_SATISFIED


def test_the_right_to_read_does_not_update(personalised: SoftCard, social_keys: SocialKeys) -> None:
    send(personalised, SSSE), send(personalised, EF05)
    authenticate(personalised, 0x0A, social_keys.read(SERIAL))
    update = command(0x00, 0xDC, 2, 0x04, b"\x02\x019")
    assert refusal(personalised, update) == StatusWord.SECURITY_NOT_SATISFIED
    authenticate(personalised, 0x04, social_keys.update(SERIAL))
    assert refusal(personalised, update) == StatusWord.OK


def test_a_challenge_serves_once(initialised: SoftCard, social_keys: SocialKeys) -> None:
    challenge = send(initialised, command(0x00, 0x84, 0x00, 0x00, le=8))
    proof = command(0x00, 0x82, 0x00, 0x04, des.encrypt(social_keys.update(SERIAL), challenge))
    assert refusal(initialised, proof) == StatusWord.OK
    assert refusal(initialised, proof) == StatusWord.NO_CHALLENGE


def test_a_key_is_blocked_after_ten_failures_even_for_who_holds_it(
    initialised: SoftCard, social_keys: SocialKeys
) -> None:
    with pytest.raises(StatusError, match=r"\(9 left\)"):
        authenticate(initialised, 0x04, bytes(16))
    for _ in range(9):
        with pytest.raises(StatusError):
            authenticate(initialised, 0x04, bytes(16))
        initialised.reset()
    with pytest.raises(StatusError, match="KEY_BLOCKED"):
        authenticate(initialised, 0x04, social_keys.update(SERIAL))


def test_the_makers_key_opens_nothing_once_initialised(initialised: SoftCard, social_keys: SocialKeys) -> None:
    with pytest.raises(StatusError, match="KEY_NOT_FOUND"):
        authenticate(initialised, 0x00, social_keys.transport(SERIAL))


def test_a_dead_chip_answers_nothing(personalised: SoftCard) -> None:
    personalised.memory.dead = True
    with pytest.raises(CardError, match="无应答"):
        inspect(personalised)


def test_memory_survives_sealing_and_its_bytes_show_nobody(personalised: SoftCard) -> None:
    blob = seal(personalised, bytes(32))
    again = unseal(blob, bytes(32))
    assert again.memory == personalised.memory
    plain = personalised.to_bytes()
    for trace in (b"350502199001010018".hex(), "陈阿山".encode("gb18030").hex()):
        assert trace.encode() in plain
        assert trace.encode() not in blob
        assert bytes.fromhex(trace) not in blob


@pytest.mark.parametrize("place", [0, 6, 20, 200, -1])
def test_a_changed_byte_of_sealed_memory_is_refused(personalised: SoftCard, place: int) -> None:
    blob = bytearray(seal(personalised, bytes(32)))
    blob[place] ^= 1
    with pytest.raises(CardError):
        unseal(bytes(blob), bytes(32))


def test_another_worlds_secret_opens_no_chip(personalised: SoftCard) -> None:
    with pytest.raises(CardError, match="密钥不符"):
        unseal(seal(personalised, bytes(32)), b"\1" * 32)


def test_keys_show_nothing_of_themselves(social_keys: SocialKeys, bank_keys: BankKeys, personalised: SoftCard) -> None:
    shown = repr((social_keys, bank_keys, bank_keys.own(SERIAL), personalised.memory))
    assert shown == "(SocialKeys(…), BankKeys(…), ChannelKeys(…), Memory(F1000000000A, PERSONALISED))"
