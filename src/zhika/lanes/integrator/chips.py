"""The social side of one card: list, face and chip are held against each other, then the chip is written and read back.

Every act asks the card first and skips what is done, so the row may run again after a crash.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from zhika.card import tray as trays
from zhika.card.chip import des, public, social
from zhika.card.chip.apdu import Connection, StatusError
from zhika.card.chip.keys import SocialKeys
from zhika.errors import CardError, Refused
from zhika.lanes.integrator.nations import code
from zhika.lanes.integrator.production import valid_until
from zhika.people.models import Person
from zhika.seat import keys
from zhika.seat.config import Seat

CARD_CLASS, SPECIFICATION = "3", "2.00"
"""卡的类别 (ours: with a financial application) and 规范版本 in EF05."""
CHECKED = {
    "name": "misprint", "id_no": "misprint", "ssc_no": "misprint", "issue_date": "misprint", "pan": "number-misprint",
}  # fmt: skip
"""Printed fields that the camera returns here, and the cause when one shows something else."""


@dataclass(frozen=True)
class Expected:
    """What a card must show and hold."""

    card_serial: str
    chip_serial: str
    printed: Mapping[str, str]
    """Face fields by name, without those that this card doesn't bear yet."""
    chip: Mapping[str, str]
    """Values of EF05 and EF06, without the identification."""


@dataclass(frozen=True)
class Written:
    """What was read back from a finished card."""

    chip_serial: str
    identification: str


def social_keys(seat: Seat) -> SocialKeys:
    """The integrator's master and the maker's transport master, opened for one row."""
    folder = seat.home / "keys"
    return SocialKeys(keys.get(folder, keys.SOCIAL), keys.get(folder, keys.TRANSPORT_SOCIAL))


def key_version(own: SocialKeys) -> str:
    """The generation of the social master key: its label and check value (KCV), which tells nothing of the key.

    >>> key_version(SocialKeys(bytes(16), bytes(16)))
    'social-master/8CA64D'
    """
    return f"{keys.SOCIAL}/{des.check_value(own.master).hex().upper()}"


def holder_values(seat: Seat, person: Person, ssc_no: str, issue_date: str) -> dict[str, str]:
    """EF05 and EF06 of a person."""
    options = seat.integrator
    return {
        "card_class": CARD_CLASS, "version": SPECIFICATION, "initialiser": options.initialiser,
        "issue_date": issue_date, "valid_until": valid_until(issue_date, options.valid_years), "ssc_no": ssc_no,
        "id_no": person.id_no, "name": person.name, "sex": person.sex, "nation": code(person.nation),
        "birthplace": person.id_no[:6], "birth": person.birth,
    }  # fmt: skip


def look(seen: Mapping[str, str], expected: Expected, others: Set[str]) -> str:
    """The cause for which a card is void by its face, "" where all is right.

    `others` are the ID numbers of the batch: a face that shows one of them belongs to that person.

    >>> one = Expected("QZ1", "F1", {"name": "陈阿山", "id_no": "1"}, {})
    >>> look({"name": "陈阿山", "id_no": "1"}, one, {"1", "2"}), look({"name": "林小梅", "id_no": "2"}, one, {"1", "2"})
    ('', 'serial-differs')
    >>> look({"name": "陈阿珊", "id_no": "1"}, one, {"1", "2"})
    'misprint'
    """
    shown = seen.get("id_no", "")
    if shown != expected.printed["id_no"] and shown in others:
        return "serial-differs"
    for name, cause in CHECKED.items():
        if name in expected.printed and seen.get(name) != expected.printed[name]:
            return cause
    return ""


def make(
    tray: trays.Tray, piece: trays.Piece, expected: Expected, seat: Seat, own: SocialKeys, *, cos_version: str
) -> Written | str:
    """Initialise, personalise, write the public area, read all back. A cause code where the chip can't be made."""
    with tray.chip(piece) as chip:
        try:
            found = social.inspect(chip)
        except StatusError:
            return "chip-refused"
        except CardError:
            return "chip-dead"
        if expected.chip_serial and found.serial != expected.chip_serial:
            return "serial-differs"
        try:
            return _write(chip, expected, seat, own, found.serial, cos_version=cos_version)
        except (CardError, Refused):
            return "chip-refused"


def _write(
    chip: Connection, expected: Expected, seat: Seat, own: SocialKeys, serial: str, *, cos_version: str
) -> Written | str:
    social.initialise(chip, own, cos_version=cos_version)
    social.personalise(chip, expected.chip, own, area=seat.integrator.area)
    identity = public.Identity(expected.chip["id_no"], expected.chip["name"])
    public.write_public_area(chip, identity, own)
    values = social.read_back(chip, own)
    same = all(values[name] == expected.chip[name] for name in ("id_no", "name", "ssc_no", "issue_date"))
    if not same or public.public_area(chip) != identity:
        return "chip-refused"
    return Written(serial, values["identification"])
