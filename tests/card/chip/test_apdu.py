import pytest

from zhika.card.chip.apdu import StatusError, StatusWord, command, exchange, find, send, tlv
from zhika.card.chip.softcard import SoftCard


class Recorded:
    """A terminal's dialogue with a card, in order; anything else asked of it fails."""

    def __init__(self, *dialogue: tuple[str, str, int]) -> None:
        self.dialogue = list(dialogue)

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        asked, answer, sw = self.dialogue.pop(0)
        assert apdu.hex() == asked
        return bytes.fromhex(answer), sw


def test_an_answer_that_waits_is_fetched_to_its_end() -> None:
    card = Recorded(("00a40400", "", 0x6103), ("00c0000003", "0a0b0c", 0x6101), ("00c0000001", "0d", 0x9000))
    assert exchange(card, command(0x00, 0xA4, 0x04, 0x00)) == (b"\x0a\x0b\x0c\x0d", 0x9000)


def test_a_wrong_length_is_asked_again_with_the_cards_own() -> None:
    card = Recorded(("00b0000000", "", 0x6C02), ("00b0000002", "0a0b", 0x9000))
    assert send(card, command(0x00, 0xB0, 0, 0, le=0)) == b"\x0a\x0b"


def test_a_refusal_names_instruction_and_status_word() -> None:
    with pytest.raises(StatusError, match="D6: 6982 SECURITY_NOT_SATISFIED") as refused:
        send(Recorded(("00d6000001ff", "", 0x6982)), command(0x00, 0xD6, 0, 0, b"\xff"))
    assert refused.value.sw == StatusWord.SECURITY_NOT_SATISFIED


def test_tags_are_found_by_their_path_and_lengths_of_two_bytes_are_read() -> None:
    inner = tlv(0x5F20, b"x" * 200)
    assert inner[:4].hex() == "5f2081c8"
    assert find(tlv(0x70, b"") + tlv(0x6F, tlv(0x84, b"A")), 0x6F, 0x84) == b"A"
    assert find(inner, 0x5F20) == b"x" * 200
    assert find(inner, 0x57) is None


def test_the_soft_card_corrects_a_wrong_length_as_a_chip_does(blank: SoftCard) -> None:
    apdu = command(0x80, 0xCA, 0xDF, 0x01, le=5)
    assert blank.transmit(apdu) == (b"", 0x6C06)
    assert exchange(blank, apdu) == (bytes.fromhex("F1000000000A"), 0x9000)


@pytest.mark.parametrize("apdu", ["", "00a4", "00a404000501", "00a4040002010203ff"])
def test_the_soft_card_refuses_a_malformed_command(blank: SoftCard, apdu: str) -> None:
    assert blank.transmit(bytes.fromhex(apdu)) == (b"", StatusWord.WRONG_LENGTH)
