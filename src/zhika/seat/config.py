"""seat.toml as one frozen value: read once, strictly. An unknown key is refused with the allowed ones named."""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

from zhika.errors import ConfigurationError
from zhika.flows import FLOWS
from zhika.flows.lanes import PLATFORM, Lane

Options = TypeVar("Options")


@dataclass(frozen=True)
class BatchOptions:
    """When applications become a batch: by size or by age."""

    size: int = 5_000
    """Most applications in a batch: as many as a tray holds."""
    age_days: int = 30
    """A batch is cut when the oldest waiting application is this old."""


@dataclass(frozen=True)
class IntegratorOptions:
    """The data integrator's own choices."""

    application_prefix: str = "A"
    ssc_prefix: str = "Q"
    """First characters of the social security card number 卡号."""
    initialiser: str = "350500000001"
    """初始化机构编号, 12 digits."""
    area: str = "350500"
    valid_years: int = 10
    cos_version: str = "ZHIKA-COS 1.0"


@dataclass(frozen=True)
class BankOptions:
    """The bank's own choices: its numbers and its stripe."""

    prefix: str = "622235"
    first_serial: int = 1
    account_prefix: str = "1402"
    branch: str = "1402"
    service_code: str = "120"
    valid_years: int = 10
    expiry_order: str = "YYMM"
    customers: str = "customers.csv"
    """The host's customer file: who is known under which name, whom it refuses."""


@dataclass(frozen=True)
class SupplierOptions:
    """The card supplier's own choices."""

    maker: str = "QZ"
    """First characters of a card serial; two digits of the year and the running number follow."""
    sheet_columns: int = 4
    sheet_rows: int = 6
    keep_sheets: bool = True
    """Write picture files of the print sheets (the supplier's press reads them); erased when the batch is shipped."""


@dataclass(frozen=True)
class MailOptions:
    """Where packages are put for, and taken from. Empty: this home's own folders, moved by a courier."""

    inbox: str = ""
    outbox: str = ""
    ask_after_hours: int = 24
    """A number ahead waits; after this time the missing one is asked for."""


@dataclass(frozen=True)
class RetentionOptions:
    """How long things are kept, in days."""

    check_lists: int = 365
    taken: int = 90


@dataclass(frozen=True)
class Seat:
    """All that a seat is, read once and passed in every `Work`."""

    home: Path
    name: str
    title: str
    lanes: frozenset[Lane]
    processes: tuple[str, ...]
    organisations: Mapping[Lane, str]
    """Which organisation does each of this seat's lanes; centres and units are many, and named by the data."""
    partners: Mapping[str, Mapping[Lane, str]]
    """Process → lane → seat (and organisation) that does it elsewhere. Only the platform's is filled."""
    store: str = "sqlite"
    """'sqlite': HOME/zhika.db, or postgresql://user@host/name."""
    world: Path = Path("../world")
    """Folder of things: trays of cards and material, one folder an organisation."""
    batch: BatchOptions = field(default_factory=BatchOptions)
    integrator: IntegratorOptions = field(default_factory=IntegratorOptions)
    bank: BankOptions = field(default_factory=BankOptions)
    supplier: SupplierOptions = field(default_factory=SupplierOptions)
    mail: MailOptions = field(default_factory=MailOptions)
    retention: RetentionOptions = field(default_factory=RetentionOptions)

    @property
    def platform(self) -> bool:
        return bool(self.lanes & PLATFORM)

    def organisation(self, lane: Lane) -> str:
        """Code of the organisation that does this lane here."""
        return self.organisations.get(lane, self.name)

    def bench(self, organisation: str, folder: str) -> Path:
        """WORLD/<organisation>/<in|bench|out|stock>, made on first use."""
        path = self.world / organisation / folder
        path.mkdir(parents=True, exist_ok=True)
        return path


SECTIONS: dict[str, type[Any]] = {
    "batch": BatchOptions, "integrator": IntegratorOptions, "bank": BankOptions, "supplier": SupplierOptions,
    "mail": MailOptions, "retention": RetentionOptions,
}  # fmt: skip
_SEAT_KEYS = ("name", "title", "lanes", "processes", "store", "world")


def read(home: Path) -> Seat:
    """The seat of this home. Refuses what it does not know, with the allowed keys named."""
    path = home / "seat.toml"
    if not path.exists():
        raise ConfigurationError(
            f"{home} 不是席位目录 (没有 seat.toml)。先运行: zhika init {home} --seat platform --name …"
        )
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: 不是合法的 TOML: {error}") from None
    _known(path, "", told, ("seat", "organisations", "partners", *SECTIONS))
    seat = told.get("seat", {})
    _known(path, "seat", seat, _SEAT_KEYS)
    for key in ("name", "lanes", "processes"):
        if key not in seat:
            raise ConfigurationError(f"{path}: [seat] 缺少 {key}")
    lanes = frozenset(_lane(path, lane) for lane in seat["lanes"])
    for process in (*seat["processes"], *told.get("partners", {})):
        if process not in FLOWS:
            raise ConfigurationError(f"{path}: 没有流程 {process}。可用: {'、'.join(FLOWS)}")
    partners = {
        process: MappingProxyType({_lane(path, lane): name for lane, name in who.items()})
        for process, who in told.get("partners", {}).items()
    }
    sections = {name: _section(path, name, kind, told.get(name, {})) for name, kind in SECTIONS.items()}
    return Seat(
        home=home.resolve(), name=seat["name"], title=seat.get("title", seat["name"]), lanes=lanes,
        processes=tuple(seat["processes"]),
        organisations=MappingProxyType({_lane(path, k): v for k, v in told.get("organisations", {}).items()}),
        partners=MappingProxyType(partners), store=seat.get("store", "sqlite"),
        world=(home / seat.get("world", "../world")).resolve(), **sections,
    )  # fmt: skip


def _known(path: Path, section: str, told: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    unknown = sorted(set(told) - set(allowed))
    if unknown:
        where = f"[{section}]" if section else "顶层"
        raise ConfigurationError(f"{path}: {where} 不认识 {'、'.join(unknown)}。可用: {'、'.join(allowed)}")


def _lane(path: Path, name: str) -> Lane:
    if name not in list(Lane):
        raise ConfigurationError(f"{path}: 没有泳道 {name}。可用: {'、'.join(Lane)}")
    return Lane(name)


def _section(path: Path, name: str, kind: type[Options], told: Mapping[str, Any]) -> Options:
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    _known(path, name, told, tuple(fields))
    hints = get_type_hints(kind)
    for key, value in told.items():
        if type(value) is not hints[key]:
            raise ConfigurationError(f"{path}: [{name}] {key} 应为 {hints[key].__name__}")
    return kind(**told)
