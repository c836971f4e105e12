from collections.abc import Callable

import pytest

from zhika.card.chip import des, financial, scp02
from zhika.card.chip.apdu import StatusWord, command, exchange, find, send
from zhika.card.chip.keys import BankKeys, ChannelKeys, channel_keys
from zhika.card.chip.scp02 import Channel
from zhika.card.chip.softcard import SoftCard
from zhika.errors import CardError, Refused

PAN = "6222350000000000012"
AID = bytes.fromhex("A000000333010101")
Finish = Callable[..., bool]


def test_scp02_computes_a_published_dialogue() -> None:
    # Source of the numbers: the tests of Osmocom pySim, tests/unittests/test_globalplatform.py, SCP02_Auth_Test.
    enc, mac, dek = (bytes.fromhex(f"10{n}102030405060708090a0b0c0d0e0f") for n in (0, 1, 2))
    host = bytes.fromhex("40A62C37FA6304F8")
    answer = bytes.fromhex("00000000000000000000700200016B4524ABEE7CF32EA3838BC148F3")
    channel = Channel(ChannelKeys(enc, mac, dek, bytes(16)), answer[12:14])
    assert channel.card_cryptogram(host, answer[14:20]) == answer[20:]
    proof = channel.host_cryptogram(host, answer[14:20])
    wrapped = channel.wrap(0x80, 0x82, 0x01, 0x00, proof)
    assert wrapped.hex().upper() == "8482010010BA6961667737C5BCEBECE14C7D6A4376"


def test_channel_keys_follow_emv_cps() -> None:
    master = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
    serial = bytes.fromhex("F1000000000A")
    keys = channel_keys(master, serial)
    assert keys.enc == des.encrypt(master, serial + b"\xf0\x01") + des.encrypt(master, serial + b"\x0f\x01")
    assert keys.dek == des.encrypt(master, serial + b"\xf0\x03") + des.encrypt(master, serial + b"\x0f\x03")
    assert len(set(keys)) == 4


def test_a_terminal_that_knows_nothing_of_us_finds_and_reads_the_application(
    personalised: SoftCard, finish: Finish
) -> None:
    assert financial.read_pan(personalised) is None
    assert finish(personalised)
    personalised.reset()
    directory = send(personalised, command(0x00, 0xA4, 0x04, 0x00, b"1PAY.SYS.DDF01", 0))
    sfi = find(directory, 0x6F, 0xA5, 0x88)
    assert sfi is not None
    entry = send(personalised, command(0x00, 0xB2, 1, sfi[0] << 3 | 4, le=0))
    name = find(entry, 0x70, 0x61, 0x4F)
    assert name == AID
    assert find(send(personalised, command(0x00, 0xA4, 0x04, 0x00, name, 0)), 0x6F, 0x84) == AID
    options = send(personalised, command(0x80, 0xA8, 0x00, 0x00, b"\x83\x00", 0))
    locator = find(options, 0x77, 0x94)
    assert locator is not None
    records = b"".join(
        send(personalised, command(0x00, 0xB2, number, locator[at] | 4, le=0))[2:]
        for at in range(0, len(locator), 4)
        for number in range(locator[at + 1], locator[at + 2] + 1)
    )
    assert find(records, 0x5A) == bytes.fromhex(PAN + "F")
    assert find(records, 0x57) == bytes.fromhex(PAN + "D361122000F")
    assert find(records, 0x5F24) == bytes.fromhex("361130")
    assert find(records, 0x5F30) == bytes.fromhex("0220")


def test_the_contactless_directory_names_it_too(personalised: SoftCard, finish: Finish) -> None:
    select = command(0x00, 0xA4, 0x04, 0x00, b"2PAY.SYS.DDF01", 0)
    assert exchange(personalised, select)[1] == StatusWord.FILE_NOT_FOUND
    finish(personalised)
    assert find(send(personalised, select), 0x6F, 0xA5, 0xBF0C, 0x61, 0x4F) == AID


def test_doing_it_again_writes_nothing_and_another_account_is_refused(personalised: SoftCard, finish: Finish) -> None:
    assert finish(personalised)
    before = personalised.to_bytes()
    assert not finish(personalised)
    with pytest.raises(CardError, match="不能改写"):
        finish(personalised, pan="6222350000000000020")
    assert personalised.to_bytes() == before
    assert financial.read_pan(personalised) == PAN


class Pulled:
    """A reader out of which the card is pulled before its n-th secured command."""

    def __init__(self, card: SoftCard, after: int) -> None:
        self.card, self.left = card, after

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        if apdu[0] == 0x84:
            if not self.left:
                raise CardError("卡片被取出")
            self.left -= 1
        return self.card.transmit(apdu)


@pytest.mark.parametrize("after", range(9))
def test_a_card_pulled_out_at_any_command_is_finished_by_doing_it_again(
    personalised: SoftCard, finish: Finish, after: int
) -> None:
    with pytest.raises(CardError, match="取出"):
        finish(Pulled(personalised, after))
    personalised.reset()
    assert financial.read_pan(personalised) is None
    assert finish(personalised)
    assert financial.read_pan(personalised) == PAN


def test_another_banks_keys_are_refused_before_and_after_the_first_bank(personalised: SoftCard, finish: Finish) -> None:
    other = BankKeys(bytes(16), bytes(16))
    with pytest.raises(CardError, match="密钥与本行不符"):
        finish(personalised, keys=other)
    with pytest.raises(CardError, match="取出"):
        finish(Pulled(personalised, 3))  # this bank's keys are in, its data are not
    personalised.reset()
    with pytest.raises(CardError, match="密钥与本行不符"):
        finish(personalised, keys=other)


def test_a_command_without_the_right_mac_is_refused_and_ends_the_channel(
    personalised: SoftCard, bank_keys: BankKeys
) -> None:
    send(personalised, command(0x00, 0xA4, 0x04, 0x00, AID, 0))
    store = (0x80, 0xE2, 0x00, 0x00, b"\x01\x01\x02\x70\x00")
    unsecured = command(0x84, *store[1:4], store[4] + bytes(8))
    assert exchange(personalised, unsecured)[1] == StatusWord.SECURITY_NOT_SATISFIED
    channel = scp02.open_channel(personalised, bank_keys.transport(bytes.fromhex("F1000000000A")))
    good = channel.wrap(*store)
    assert exchange(personalised, good[:-1] + bytes((good[-1] ^ 1,)))[1] == StatusWord.WRONG_MAC
    assert exchange(personalised, good)[1] == StatusWord.SECURITY_NOT_SATISFIED


def test_data_are_not_stored_under_the_makers_keys(personalised: SoftCard, bank_keys: BankKeys) -> None:
    send(personalised, command(0x00, 0xA4, 0x04, 0x00, AID, 0))
    channel = scp02.open_channel(personalised, bank_keys.transport(bytes.fromhex("F1000000000A")))
    apdu = channel.wrap(0x80, 0xE2, 0x80, 0x00, b"\x01\x01\x02\x70\x00")
    assert exchange(personalised, apdu)[1] == StatusWord.CONDITIONS_NOT_SATISFIED


def test_a_recorded_authentication_does_not_open_the_channel_again(personalised: SoftCard, bank_keys: BankKeys) -> None:
    class Listening:
        heard: list[bytes] = []

        def transmit(self, apdu: bytes) -> tuple[bytes, int]:
            self.heard.append(apdu)
            return personalised.transmit(apdu)

    send(personalised, command(0x00, 0xA4, 0x04, 0x00, AID, 0))
    scp02.open_channel(Listening(), bank_keys.transport(bytes.fromhex("F1000000000A")))
    statuses = [exchange(personalised, apdu)[1] for apdu in Listening.heard]
    assert statuses == [StatusWord.OK, StatusWord.WRONG_MAC]


@pytest.mark.parametrize(
    ("pan", "expiry", "track2"),
    [
        ("622235000000000001X", "3611", "622235000000000001XD3611220"),
        (PAN, "3613", f"{PAN}D3613220"),
        (PAN, "3611", f"{PAN}D3612220"),
        (PAN, "3611", f"{PAN}D361122"),
        (PAN, "3611", f"{PAN}D3611220{'0' * 11}"),
    ],
)
def test_values_that_do_not_go_together_are_refused_untold(
    personalised: SoftCard, bank_keys: BankKeys, pan: str, expiry: str, track2: str
) -> None:
    with pytest.raises(Refused) as refused:
        financial.personalise(personalised, pan, expiry, track2, bank_keys)
    assert pan not in str(refused.value) and expiry not in str(refused.value)
