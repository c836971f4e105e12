"""Codes that lists keep for programs, and the words that people read instead."""

from collections.abc import Callable, Mapping

from zhika.flows import FLOWS, TITLES
from zhika.flows.documents import BY_CODE
from zhika.flows.lanes import Lane
from zhika.seat.config import Seat

WORKS: Mapping[str, str] = TITLES
LANES: Mapping[str, str] = {str(lane): lane.title for lane in Lane}
PROCESSES: Mapping[str, str] = {flow.name: flow.title for flow in FLOWS.values()}
DOCUMENTS: Mapping[str, str] = {code: document.title for code, document in BY_CODE.items()} | {"receipt": "回执"}
MAIL: Mapping[str, str] = {
    "taken": "已收", "repeated": "重复收到", "refused": "拒收", "damaged": "损坏", "rejected": "不收",
    "receipt": "收到回执", "stuck": "搁置", "published": "已寄, 等回执", "waiting": "待寄",
}  # fmt: skip
"""What became of a package."""


def seats(seat: Seat) -> Callable[[str], str]:
    """What the seats that this one knows are called: itself, and its peers by what they do."""
    from zhika.exchange.trust import Trust
    from zhika.ledger.batches import Organisation

    names = dict(Organisation.objects.exclude(kind="centre").values_list("code", "name"))
    for name, peer in Trust.load(seat.home / "trust").peers.items():
        titles = "平台" if len(peer.lanes) > 1 else "、".join(lane.title for lane in peer.lanes)
        names[name] = names[name] if names.get(name, name) != name else titles
    names[seat.name] = seat.title
    return lambda code: names.get(code, code)
