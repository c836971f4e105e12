"""The social side of a block: whose card it is, what is in production, and who is told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from zhika.craft.words import Holder, Side
from zhika.engine.check import id_key
from zhika.flows.blocking import Standing
from zhika.ledger.blocks import Word, applications
from zhika.ledger.chunks import chunks
from zhika.people import messages
from zhika.people.models import Application
from zhika.people.replaced import those_in_production
from zhika.people.texts import Kind
from zhika.seat.config import Seat


def holders(refs: Collection[str]) -> Mapping[str, Holder]:
    """Holders by application number."""
    found: dict[str, Holder] = {}
    for some in chunks(sorted(refs)):
        rows = Application.objects.filter(ref__in=some).values_list("ref", "person__id_no", "person__name")
        found |= {ref: Holder(id_no, name) for ref, id_no, name in rows}
    return found


def by_id_number(seat: Seat, id_no: str) -> list[str]:
    """Applications of the live card of the person with this ID number."""
    live = Application.objects.filter(person__id_key=id_key(seat.home, id_no), live=True)
    return list(live.values_list("ref", flat=True))


def follow(seat: Seat, words: Sequence[Word]) -> None:
    """A cancelled card is its holder's live one no more; of a call-loss people are told before and after it lapses."""
    for some in chunks(applications(words, {Standing.CANCELLED})):
        Application.objects.filter(ref__in=some, live=True).update(live=False)
        Application.objects.filter(replaces__ref__in=some, pending=True).update(live=True, pending=False)
    messages.withdraw([word.card.application_ref for word in words], Kind.LOSS_WILL_LAPSE)
    calls = {w.card.application_ref: w.until for w in words if w.standing is Standing.CALL and w.until}
    for last in sorted(set(calls.values())):
        told = {ref: {"until": last.isoformat()} for ref, day in calls.items() if day == last}
        messages.write_all(told, Kind.LOSS_WILL_LAPSE, due=last - timedelta(days=seat.block.remind_days))
    lapsed = applications(words, {Standing.LAPSED})
    messages.write_all({ref: {} for ref in lapsed}, Kind.LOSS_LAPSED)


SIDE = Side(holders, those_in_production, follow)
