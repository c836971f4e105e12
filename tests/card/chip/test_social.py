import pytest

from zhika.card.chip import public, social
from zhika.card.chip.cos import COS_VERSION, State
from zhika.card.chip.keys import BankKeys, SocialKeys
from zhika.card.chip.public import Identity
from zhika.card.chip.softcard import SoftCard
from zhika.errors import CardError, Refused

AREA = "350500"


class Counting:
    """A reader that counts the commands that write."""

    def __init__(self, card: SoftCard, stop_after: int = 10_000) -> None:
        self.card, self.writes, self.stop_after = card, 0, stop_after

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        if apdu[1] in (0xE0, 0xD4, 0xF0, 0xDC, 0xD6, 0xE2):
            if self.writes == self.stop_after:
                raise CardError("卡片被取出")
            self.writes += 1
        return self.card.transmit(apdu)


def test_a_chip_goes_from_embedded_to_personalised_and_reads_back_what_was_written(
    embedded: SoftCard, social_keys: SocialKeys, values: dict[str, str]
) -> None:
    assert social.initialise(embedded, social_keys, cos_version=COS_VERSION)
    assert social.state(embedded) is State.INITIALISED
    assert social.personalise(embedded, values, social_keys, area=AREA)
    assert social.state(embedded) is State.PERSONALISED
    embedded.reset()
    identification = social.identification(AREA, "F1000000000A", social_keys)
    assert social.read_back(embedded, social_keys) == {**values, "identification": identification}


def test_doing_it_again_writes_nothing(
    personalised: SoftCard, social_keys: SocialKeys, values: dict[str, str], identity: Identity
) -> None:
    reader = Counting(personalised)
    assert not social.initialise(reader, social_keys, cos_version=COS_VERSION)
    assert not social.personalise(reader, values, social_keys, area=AREA)
    assert not public.write_public_area(reader, identity, social_keys)
    assert reader.writes == 0


@pytest.mark.parametrize("stop", range(21))
def test_a_card_pulled_out_after_any_write_is_finished_by_doing_it_again(
    embedded: SoftCard, social_keys: SocialKeys, values: dict[str, str], identity: Identity, stop: int
) -> None:
    reader = Counting(embedded, stop)
    with pytest.raises(CardError, match="取出"):
        social.initialise(reader, social_keys, cos_version=COS_VERSION)
        social.personalise(reader, values, social_keys, area=AREA)
        public.write_public_area(reader, identity, social_keys)
    embedded.reset()
    social.initialise(embedded, social_keys, cos_version=COS_VERSION)
    social.personalise(embedded, values, social_keys, area=AREA)
    public.write_public_area(embedded, identity, social_keys)
    assert social.read_back(embedded, social_keys)["id_no"] == identity.id_no
    assert public.public_area(embedded) == identity


def test_a_personalised_chip_is_not_written_for_somebody_else(
    personalised: SoftCard, social_keys: SocialKeys, values: dict[str, str]
) -> None:
    before = personalised.to_bytes()
    with pytest.raises(CardError, match="不能改写"):
        social.personalise(personalised, {**values, "id_no": "350502199001020013"}, social_keys, area=AREA)
    with pytest.raises(CardError, match="他人"):
        public.write_public_area(personalised, Identity("350502199001020013", "陈阿海"), social_keys)
    assert personalised.to_bytes() == before


def test_a_value_that_does_not_go_in_is_refused_before_a_byte_is_written(
    initialised: SoftCard, social_keys: SocialKeys, values: dict[str, str]
) -> None:
    before = initialised.to_bytes()
    with pytest.raises(Refused) as refused:
        social.personalise(initialised, {**values, "name": "陈" * 26, "ssc_no": ""}, social_keys, area=AREA)
    assert {fault.column for fault in refused.value.faults} == {"ssc_no", "姓名"}
    assert initialised.to_bytes() == before


def test_a_blank_module_and_another_cos_are_not_initialised(blank: SoftCard, social_keys: SocialKeys) -> None:
    with pytest.raises(CardError, match="尚未封装"):
        social.initialise(blank, social_keys, cos_version=COS_VERSION)
    with pytest.raises(CardError, match="COS"):
        social.initialise(blank, social_keys, cos_version="ZHIKA-COS 2.0")


def test_an_uninitialised_chip_is_not_personalised(
    embedded: SoftCard, social_keys: SocialKeys, values: dict[str, str]
) -> None:
    with pytest.raises(CardError, match="尚未初始化"):
        social.personalise(embedded, values, social_keys, area=AREA)


def test_other_keys_neither_initialise_nor_personalise(
    embedded: SoftCard, social_keys: SocialKeys, values: dict[str, str]
) -> None:
    other = SocialKeys(bytes(16), bytes(16))
    with pytest.raises(CardError, match="AUTHENTICATION_FAILED"):
        social.initialise(embedded, other, cos_version=COS_VERSION)
    social.initialise(embedded, social_keys, cos_version=COS_VERSION)
    embedded.reset()
    with pytest.raises(CardError, match="AUTHENTICATION_FAILED"):
        social.personalise(embedded, values, other, area=AREA)


def test_the_authentication_code_depends_on_area_serial_and_key(social_keys: SocialKeys) -> None:
    made = {
        social.identification(area, serial, keys)[-8:]
        for area in ("350500", "350100")
        for serial in ("F1000000000A", "F1000000000B")
        for keys in (social_keys, SocialKeys(bytes(16), bytes(16)))
    }
    assert len(made) == 8


def test_the_public_area_is_cleared_by_the_bank_alone_and_reads_back_empty(
    personalised: SoftCard, identity: Identity, bank_keys: BankKeys, finish: object
) -> None:
    assert public.public_area(personalised) == identity
    with pytest.raises(CardError):
        public.clear_public_area(personalised, bank_keys)  # its keys are not in the chip yet
    assert callable(finish) and finish(personalised)
    with pytest.raises(CardError, match="AUTHENTICATION_FAILED"):
        public.clear_public_area(personalised, BankKeys(bytes(16), bytes(16)))
    assert public.clear_public_area(personalised, bank_keys)
    assert public.public_area(personalised) is None
    assert not public.clear_public_area(personalised, bank_keys)


def test_the_bank_cannot_write_somebody_into_the_public_area(
    personalised: SoftCard, bank_keys: BankKeys, finish: object
) -> None:
    assert callable(finish) and finish(personalised)
    public.clear_public_area(personalised, bank_keys)
    # Same session, folder, file and right as the clearing.
    assert personalised.transmit(bytes.fromhex("00d600000131"))[1] == 0x6982
    assert personalised.transmit(bytes.fromhex("00d600000100"))[1] == 0x9000


def test_an_identity_shows_nobody(identity: Identity) -> None:
    assert identity.id_no not in repr(identity) and identity.name not in repr(identity)
