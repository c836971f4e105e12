"""Open differences 差异案: what nobody has explained yet, of handovers and of stock counts."""

from dataclasses import dataclass
from datetime import datetime

from zhika.ledger.material import CONSIGNMENT, KINDS, STOCK, named
from zhika.ledger.places import Case

TITLES = {Case.MISSING: "短少", Case.SURPLUS: "多出", Case.WRONG: "状态不符"}


@dataclass(frozen=True)
class Told:
    """One case, as people and programs read it. No person's data."""

    number: str
    kind: str
    what: str
    """Card serial, or kind of material."""
    n: int
    batch: str
    lot: str
    """Of material; empty for cards."""
    holder: str
    """Code of the organisation that answers for it."""
    holder_name: str
    handover: str
    count: str
    """Code of the handover or of the stock count that found it."""
    since: datetime
    note: str
    closed_at: datetime | None
    closing: str

    @property
    def title(self) -> str:
        return TITLES.get(self.kind, self.kind)

    @property
    def thing(self) -> str:
        """What it is about, in words.

        >>> at = datetime(2026, 11, 23)
        >>> told = Told("K1", "missing", "module", 2, "", "M-1", "ylz", "", "", "", at, "", None, "")
        >>> told.thing, told.title
        ('芯片模块', '短少')
        """
        return KINDS[self.what].title if self.what in KINDS else self.what


def cases(*, closed: bool = False) -> list[Told]:
    """Open cases, oldest first; with `closed`, all that ever were."""
    rows = Case.objects.select_related(
        "handover__batch", "handover__from_organisation", "organisation", "batch", "group"
    ).order_by("opened_at", "pk")
    return [_told(case) for case in (rows if closed else rows.filter(closed_at=None))]


def _told(case: Case) -> Told:
    batch = case.batch or (case.handover.batch if case.handover else None)
    return Told(
        case.number, case.kind, case.serial, case.n, batch.code if batch else "",
        named(case.group.code).lot if case.group and case.group.kind in (STOCK, CONSIGNMENT) else "",
        case.holder.code, case.holder.name, case.handover.code if case.handover else "", case.count, case.opened_at,
        case.note, case.closed_at, case.closing,
    )  # fmt: skip
