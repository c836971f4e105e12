"""The other seats, as two people have made them known to each other: certificate, age recipient, and their part."""

import json
import re
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import pyrage
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from zhika.errors import Fault, Refused
from zhika.exchange.files import replace
from zhika.exchange.keys import fingerprint
from zhika.exchange.manifest import SEAT_NAME
from zhika.flows.lanes import Lane


@dataclass(frozen=True)
class Peer:
    """A seat that is known here. Raises `Refused` when it is not one that we could verify or seal to.

    Its certificate is pinned: that it has run out does not make an old package false, and no authority may replace it.
    """

    name: str
    certificate: x509.Certificate
    recipient: str
    lanes: Set[Lane]
    organisations: Set[str]
    processes: Set[str]

    def __post_init__(self) -> None:
        key = self.certificate.public_key()
        faults = []
        if not re.fullmatch(SEAT_NAME, self.name):
            faults.append("席位名只可用小写字母、数字与连字符，每段以字母开头")
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            faults.append("证书的公钥应为 ECDSA P-256")
        try:
            pyrage.x25519.Recipient.from_str(self.recipient)
        except pyrage.RecipientError:
            faults.append("age 公钥不合规定，应为 age1 开头的 62 个字符")
        if faults:
            raise Refused([Fault(f"席位 {self.name}", rule) for rule in faults])

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.certificate)


@dataclass(frozen=True)
class Trust:
    """All peers of a seat, by name."""

    peers: Mapping[str, Peer]

    @classmethod
    def load(cls, folder: Path) -> "Trust":
        """Read `NAME.crt`, `NAME.age` and `NAME.toml` of each seat. Raises `Refused` with every fault."""
        peers: dict[str, Peer] = {}
        faults: list[Fault] = []
        for path in sorted(folder.glob("*.toml")):
            try:
                peers[path.stem] = _read(path)
            except Refused as refused:
                faults += refused.faults
        if faults:
            raise Refused(faults)
        return cls(peers)


def add_peer(folder: Path, peer: Peer) -> None:
    """Write the three files of a peer, the toml last: only with it the peer counts."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = {"lanes": peer.lanes, "organisations": peer.organisations, "processes": peer.processes}
    lines = [f"{key} = {json.dumps(sorted(values), ensure_ascii=False)}\n" for key, values in facts.items()]
    replace(folder / f"{peer.name}.crt", peer.certificate.public_bytes(Encoding.PEM))
    replace(folder / f"{peer.name}.age", f"{peer.recipient}\n".encode())
    replace(folder / f"{peer.name}.toml", "".join(lines).encode())


def _read(path: Path) -> Peer:
    try:
        facts = tomllib.loads(path.read_text("utf-8"))
        if facts.keys() != {"lanes", "organisations", "processes"}:
            raise ValueError
        return Peer(
            path.stem,
            x509.load_pem_x509_certificate(path.with_suffix(".crt").read_bytes()),
            path.with_suffix(".age").read_text("ascii").strip(),
            frozenset(map(Lane, facts["lanes"])),
            frozenset(facts["organisations"]),
            frozenset(facts["processes"]),
        )
    except (OSError, ValueError, TypeError) as error:
        rule = "须有 .crt、.age 与 .toml 三个文件；.toml 只有 lanes、organisations、processes 三项"
        raise Refused([Fault(path.name, rule)]) from error
