"""One synthetic person's card, at each stage of its life."""

from collections.abc import Callable

import pytest

from zhika.card.chip import financial, public, social, softcard
from zhika.card.chip.cos import COS_VERSION
from zhika.card.chip.files import EF05, EF06
from zhika.card.chip.keys import BankKeys, SocialKeys
from zhika.card.chip.public import Identity

MASTER, TRANSPORT, KMC, ISSUER_TRANSPORT = (bytes((n,)) * 8 + bytes(range(n, n + 8)) for n in (1, 31, 61, 91))
AREA = "350500"
PAN, EXPIRY = "6222350000000000012", "3611"


@pytest.fixture
def social_keys() -> SocialKeys:
    return SocialKeys(MASTER, TRANSPORT)


@pytest.fixture
def bank_keys() -> BankKeys:
    return BankKeys(KMC, ISSUER_TRANSPORT)


@pytest.fixture
def values() -> dict[str, str]:
    both = {**EF05.example[1], **EF06.example[1]}
    del both["identification"]
    return both


@pytest.fixture
def identity(values: dict[str, str]) -> Identity:
    return Identity(values["id_no"], values["name"])


@pytest.fixture
def blank() -> softcard.SoftCard:
    return softcard.module("F1000000000A", social=TRANSPORT, bank=ISSUER_TRANSPORT)


@pytest.fixture
def embedded(blank: softcard.SoftCard) -> softcard.SoftCard:
    blank.embed()
    return blank


@pytest.fixture
def initialised(embedded: softcard.SoftCard, social_keys: SocialKeys) -> softcard.SoftCard:
    social.initialise(embedded, social_keys, cos_version=COS_VERSION)
    embedded.reset()
    return embedded


@pytest.fixture
def personalised(
    initialised: softcard.SoftCard, social_keys: SocialKeys, values: dict[str, str], identity: Identity
) -> softcard.SoftCard:
    social.personalise(initialised, values, social_keys, area=AREA)
    public.write_public_area(initialised, identity, social_keys)
    initialised.reset()
    return initialised


@pytest.fixture
def finish(bank_keys: BankKeys) -> Callable[..., bool]:
    """The bank's personalisation, of this card number if no other is given."""

    def run(card: softcard.SoftCard, pan: str = PAN, keys: BankKeys = bank_keys) -> bool:
        track2 = financial.track2_equivalent(pan, EXPIRY, "220", "00")
        return financial.personalise(card, pan, EXPIRY, track2, keys)

    return run
