"""seat.toml as one frozen value: read once, strictly. An unknown key is refused with the allowed ones named."""

import dataclasses
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from zhika.errors import ConfigurationError
from zhika.exchange.manifest import SEAT_NAME
from zhika.flows import FLOWS
from zhika.flows.lanes import PLATFORM, Lane
from zhika.seat import rules

ORDERS = ("household", "name", "person_no")
"""How the cards of a parcel may be sorted."""


@dataclass(frozen=True)
class BatchOptions:
    """When applications become a batch: by size or by age."""

    size: int = 5_000
    """Most applications in a batch: as many as a tray holds."""
    age_days: int = 30
    """A batch is cut when the oldest waiting application is this old."""
    request_size: int = 200
    """Most requests in a batch of walk-ins or replacements."""
    request_days: int = 3
    """And the age at which it is cut."""
    mending_days: int = 30
    """Who waits longer for a cause to be mended is overdue, and shown so."""


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
    maker: str = "YL"
    """First characters of the serials of cards that the integrator makes itself."""


@dataclass(frozen=True)
class UnitOptions:
    """How cards are handed out, at units and at offices."""

    id_always: bool = False
    """True: nobody gets a card without showing the ID, not with a whole parcel by its signing list either."""


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
class SettlementOptions:
    """How offices settle the fees of replacement cards 补卡工本费."""

    city: str = "01"
    """Code of the city medical insurance centre, with which every centre and rural office settles."""
    early: bool = False
    """A month may be settled before it has ended (rehearsals); what is booked after that goes into the next."""


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
class PromiseOptions:
    """When a person is promised the card, as long as no records of earlier batches say it."""

    days: int = 60
    """From the application to the card that lies ready: the ministry's usual word."""


@dataclass(frozen=True)
class AnnexOptions:
    """The city's annexes: its name, the rule of annex 6's lots, and when something has stood still for too long."""

    city: str = "XX市"
    year: int = 0
    """Year of the lots' due days, which the annex prints without one; 0: that of the day from which a plan holds."""
    due: tuple[str, ...] = ("04-25", "05-10", "05-25", "06-10", "06-25")
    """Due days of the lots, MM-DD, ascending."""
    lots: int = 5
    """Lots into which a county's people are divided."""
    lots_of: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({"350504": 2, "350521": 2}))
    """Counties (code of the office) that are divided into another number of lots: 洛江 and 惠安."""
    stuck_days: int = 14
    """A batch without a step, and an exception without a new start, is told to its office after so many days."""


@dataclass(frozen=True)
class BlockOptions:
    """Loss by telephone: this side's own term."""

    call_days: int = 15
    """Days until a call-loss lapses; 0: it never does."""
    remind_days: int = 3
    """Days before the lapse at which its holder is reminded."""


@dataclass(frozen=True)
class DistributionOptions:
    """How parcels are packed, and what becomes of cards that nobody collects. Days count from one acceptance on.

    An order is household (village group, household, head first, member number), name, or person_no.
    """

    order_worker: str = "name"
    order_resident: str = "household"
    order_student: str = "name"
    order_rural: str = "household"
    remind_days: str = "7 30 90 150"
    """Days at a unit after which a person is told again, ascending, with blanks between."""
    recall_days: int = 180
    """Days at a unit after which a card goes back."""
    close_days: int = 180
    """Days at the bank after which it is destroyed and both sides are closed."""

    def __post_init__(self) -> None:
        for name in ("order_worker", "order_resident", "order_student", "order_rural"):
            if getattr(self, name) not in ORDERS:
                raise ConfigurationError(f"seat.toml: [distribution] {name} 可用: {'、'.join(ORDERS)}")
        days = self.remind_days.split()
        if not all(day.isdecimal() for day in days) or [*map(int, days)] != sorted({*map(int, days)}):
            raise ConfigurationError("seat.toml: [distribution] remind_days 应为由小到大的天数, 空格隔开")

    @property
    def reminders(self) -> tuple[int, ...]:
        """Days after which a person is told, ascending."""
        return tuple(map(int, self.remind_days.split()))

    def order(self, category: str) -> str:
        """The order in which a category's cards are packed; by name where the category is none of the four."""
        return str(getattr(self, f"order_{category}", "name"))


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
    unit: UnitOptions = field(default_factory=UnitOptions)
    bank: BankOptions = field(default_factory=BankOptions)
    supplier: SupplierOptions = field(default_factory=SupplierOptions)
    settlement: SettlementOptions = field(default_factory=SettlementOptions)
    mail: MailOptions = field(default_factory=MailOptions)
    retention: RetentionOptions = field(default_factory=RetentionOptions)
    promise: PromiseOptions = field(default_factory=PromiseOptions)
    annex: AnnexOptions = field(default_factory=AnnexOptions)
    block: BlockOptions = field(default_factory=BlockOptions)
    distribution: DistributionOptions = field(default_factory=DistributionOptions)

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
    "batch": BatchOptions, "integrator": IntegratorOptions, "unit": UnitOptions, "bank": BankOptions,
    "supplier": SupplierOptions, "settlement": SettlementOptions, "mail": MailOptions, "retention": RetentionOptions,
    "promise": PromiseOptions, "annex": AnnexOptions, "block": BlockOptions, "distribution": DistributionOptions,
}  # fmt: skip
_TYPES: Mapping[type[Any], str] = {int: "整数", str: "文字, 加引号", bool: " true 或 false", list: "列表", dict: "表"}
_SEAT_KEYS = ("name", "title", "lanes", "processes", "store", "world")


def read(home: Path) -> Seat:
    """The seat of this home. Refuses what it does not know, with the allowed keys named."""
    path = home / "seat.toml"
    if not path.exists():
        raise ConfigurationError(
            f"{home} 不是席位目录 (没有 seat.toml)。先运行: zhika init {home} --seat platform --name …"
        )
    return parse(home, path.read_text(encoding="utf-8"))


def parse(home: Path, text: str) -> Seat:
    """The seat that this seat.toml makes of a home, which need not exist yet. Raises ConfigurationError.

    Every wrong type and value is named at once.
    """
    path = home / "seat.toml"
    try:
        told = tomllib.loads(text)
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
    wrong = [rule for name, kind in SECTIONS.items() for rule in _wrong(path, name, kind, told.get(name, {}))]
    wrong += [f"[seat] {rule}" for rule in _odd(seat)]
    if wrong:
        raise ConfigurationError("\n".join(f"{path}: {rule}" for rule in wrong))
    sections = {name: kind(**_frozen(told.get(name, {}))) for name, kind in SECTIONS.items()}
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


def _wrong(path: Path, name: str, kind: type[Any], told: Mapping[str, Any]) -> list[str]:
    """Values of another type than the section's, or else not of their form; raises for a key that it doesn't know."""
    _known(path, name, told, tuple(f.name for f in dataclasses.fields(kind)))
    hints = get_type_hints(kind)
    types = [f"[{name}] {key} {fault}" for key, value in told.items() for fault in _fault(value, hints[key])]
    return types or [*rules.breaches(name, told)]


def _fault(value: Any, hint: Any) -> Iterator[str]:
    """What is wrong with a value's type: a TOML array is a tuple, a TOML table a mapping."""
    kind = {tuple: list, Mapping: dict}.get(get_origin(hint) or hint, hint)
    if type(value) is not kind:
        yield f"应为{_TYPES[kind]}"
    elif kind is list:
        yield from (f"的每项{fault}" for item in value for fault in _fault(item, get_args(hint)[0]))
    elif kind is dict:
        yield from (f"的 {key} {fault}" for key, item in value.items() for fault in _fault(item, get_args(hint)[1]))


def _frozen(value: Any) -> Any:
    """A checked value as an option keeps it."""
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    return value


def _odd(seat: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the seat's own name and store."""
    if not re.fullmatch(SEAT_NAME, str(seat["name"])):
        yield "name 应为小写字母与数字, 以字母开头, 可用连字符分段"
    store = str(seat.get("store", "sqlite"))
    url = urlsplit(store)
    if store != "sqlite" and (url.scheme not in ("postgresql", "postgres") or not url.path.strip("/")):
        yield 'store 应为 "sqlite" 或 postgresql://用户:口令@主机:端口/库名'
