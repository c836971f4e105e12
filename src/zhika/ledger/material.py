"""Kinds of material 材料: chip modules, blanks, blanks with their chip; and the groups in which they are counted.

Material is known by lot 来料批 from the day it is bought to the card it becomes. In the stock a lot is a group of its
own, S:LOT:KIND; what was drawn of it for a batch is another, M:BATCH:LOT:KIND. Cards are born of M:BATCH:KIND, where
the lots of a batch come together. Of several lots the one that was drawn first is used first.
"""

from dataclasses import dataclass
from typing import NamedTuple

from zhika.ledger.batches import Organisation
from zhika.ledger.places import Balance, Group, Place, State, group


@dataclass(frozen=True)
class Material:
    """One kind: its code in documents and groups, the trays it lies in, and what it becomes when a card is made."""

    code: str
    title: str
    trays: str
    """Kind of its trays (`card.tray`)."""
    becomes: State
    """Where a piece goes when it is used: *used* within a card, or *work*, of which the card is born."""
    chip: bool
    """Whether a reader finds a chip in it."""


MODULE, BLANK, CHIP_BLANK = "module", "blank", "chip-blank"
KINDS = {
    kind.code: kind
    for kind in (
        Material(MODULE, "芯片模块", "modules", State.USED, chip=True),
        Material(BLANK, "空白卡", "blanks", State.WORK, chip=False),
        Material(CHIP_BLANK, "带芯片空白卡", "chip-blanks", State.WORK, chip=True),
    )
}
EMBEDDED = (MODULE, BLANK)
"""A module and a blank a person, where the chip is embedded in the making."""
WITH_CHIP = (CHIP_BLANK,)
"""One piece a person, where the blank has its chip: rural walk-ins."""
OF_TRAY = {kind.trays: kind for kind in KINDS.values()}
STOCK, CONSIGNMENT = "stock", "consignment"
"""Kinds of the groups."""


def trays_of(kind: str) -> str:
    """Kind of the trays in which a kind of material lies; one that another release knows lies in none of ours.

    >>> trays_of("chip-blank"), trays_of("hologram")
    ('chip-blanks', '')
    """
    return KINDS[kind].trays if kind in KINDS else ""


def stock_group(lot: str, kind: str) -> Group:
    """A lot of one kind in the integrator's stock."""
    return group(f"S:{lot}:{kind}", STOCK, lot)


def material_group(batch_code: str, kind: str, lot: str = "") -> Group:
    """What was drawn of a lot for a batch; without a lot, the work of which the batch's cards are born."""
    return group(":".join(("M", batch_code, *([lot] if lot else []), kind)), CONSIGNMENT, batch_code)


class Named(NamedTuple):
    """What a group's code says."""

    batch: str
    """Empty in the stock."""
    lot: str
    """Empty where a batch's lots come together."""
    kind: str


def named(code: str) -> Named:
    """Batch, lot and kind of a group of material.

    >>> named("M:A1-02-261123-01:M-2026-01:module")
    Named(batch='A1-02-261123-01', lot='M-2026-01', kind='module')
    >>> named("S:M-2026-01:blank"), named("M:A1-02-261123-01:blank").lot
    (Named(batch='', lot='M-2026-01', kind='blank'), '')
    """
    first, *middle, kind = code.split(":")
    if first == "S":
        return Named("", middle[0], kind)
    return Named(middle[0], middle[1] if len(middle) > 1 else "", kind)


class Lying(NamedTuple):
    """Pieces of one lot and kind at one place."""

    at: Place
    lot: str
    kind: str
    n: int


def drawn(batch_code: str, holder: Organisation, state: State = State.BLANK) -> list[Lying]:
    """The batch's material that lies at a holder: by kind, then by lot in the order in which lots were drawn."""
    held = Balance.objects.filter(
        n__gt=0, place__organisation=holder, place__state=state, place__group__kind=CONSIGNMENT,
        place__group__ref=batch_code,
    )  # fmt: skip
    found = []
    for balance in held.select_related("place__organisation", "place__group").order_by("place__group"):
        _, lot, kind = named(balance.place.group.code)
        found.append(Lying(balance.place, lot, kind, balance.n))
    return sorted(found, key=lambda one: list(KINDS).index(one.kind))
