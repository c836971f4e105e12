"""What a seat gives the others once: certificate, age recipient, lanes, organisations, processes."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from zhika.errors import Fault, Refused
from zhika.exchange.keys import load_identities, load_signer, recipient
from zhika.exchange.trust import Peer, Trust, add_peer
from zhika.flows.lanes import Lane
from zhika.seat.config import Seat

_KEYS = ("name", "certificate", "recipient", "lanes", "organisations", "processes")


class Introduced(NamedTuple):
    """The seat that is trusted from now on, and what its organisations are called."""

    peer: Peer
    names: Mapping[str, str]


def describe(seat: Seat, organisations: Mapping[str, str]) -> str:
    """This seat's introduction as JSON; `organisations`: code → name."""
    signer = load_signer(seat.home / "keys")
    facts = {
        "name": seat.name,
        "certificate": signer.certificate.public_bytes(Encoding.PEM).decode(),
        "recipient": recipient(load_identities(seat.home / "keys")[0]),
        "lanes": sorted(seat.lanes),
        "organisations": dict(sorted(organisations.items())),
        "processes": sorted(seat.processes),
    }
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"


def welcome(seat: Seat, path: Path, own: Collection[str], *, replace: bool = False) -> Introduced:
    """Pin another seat from its introduction. Compare the fingerprint with its people, by another way, before.

    `own`: codes of this seat's organisations. Raises Refused for an introduction that can't be read, claims an
    organisation of this seat's or another's, or differs from what is pinned already, unless it is to `replace` it.
    """
    if not path.is_file():
        raise Refused([Fault(str(path), "文件不存在, 请核对路径; 对方用 zhika trust export 写出后交来")])
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(facts, dict) or sorted(facts) != sorted(_KEYS):
            raise ValueError
        peer = Peer(
            facts["name"], x509.load_pem_x509_certificate(facts["certificate"].encode()), facts["recipient"],
            frozenset(map(Lane, facts["lanes"])), frozenset(facts["organisations"]), frozenset(facts["processes"]),
        )  # fmt: skip
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Refused([Fault(path.name, "不是席位介绍文件: 请对方用 zhika -C 席位目录 trust export 生成")]) from error
    if peer.name == seat.name:
        raise Refused([Fault(path.name, "这是本席位自己的介绍, 不必信任自己")])
    known = Trust.load(seat.home / "trust").peers
    whose = {
        code: f" {other.name}" for other in known.values() for code in other.organisations if other.name != peer.name
    }
    whose |= dict.fromkeys(own, "本席位")
    if taken := sorted(peer.organisations & whose.keys()):
        raise Refused([Fault(path.name, f"机构 {code} 属于{whose[code]}, 别的席位不可自称") for code in taken])
    pinned = known.get(peer.name)
    if pinned and not replace and _facts(pinned) != _facts(peer):
        rule = (
            f"席位 {peer.name} 已在信任名单中, 介绍与原来不同。原指纹 {pinned.fingerprint}, 新指纹 {peer.fingerprint}。"
            "与对方电话核对之后, 写明缘由再换: trust add 文件 --replace 缘由"
        )
        raise Refused([Fault(path.name, rule)])
    add_peer(seat.home / "trust", peer)
    return Introduced(peer, facts["organisations"])


def _facts(peer: Peer) -> tuple[object, ...]:
    """All that is pinned: an introduction is signed by nobody, and each part of it gives rights."""
    return peer.fingerprint, peer.recipient, set(peer.lanes), set(peer.organisations), set(peer.processes)
