"""What the machine knows by itself: each card with its one custodian, pieces, who stands for whom, and the money."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from zhika.ledger.places import State
from zhika.people.settlements import after

Key = tuple[str, str, str]
"""Organisation, state, and what lies there: 'card', or a kind of material."""
CARD = "card"
KEPT = (State.GOOD, State.VOID, State.HELD)
"""States in which a card lies in its holder's trays."""


@dataclass
class Plastic:
    """One card."""

    serial: str
    ref: str
    person: int
    batch: str
    unit: str
    holder: str
    state: str
    parcel: str = ""
    """The parcel in which it lies, or went out."""
    back: str = ""
    """Where it came back to: a return that waits at its office."""
    missed: tuple[str, str, str] | None = None
    """Holder, state and parcel from which a stock count missed it."""
    listed: bool = False
    """The bank has delivered it once."""
    kept_since: date | None = None
    """Since when the bank keeps it."""
    block: str = ""
    handed: bool = False
    active: bool = False

    @property
    def key(self) -> Key:
        return self.holder, self.state, CARD


@dataclass
class Lot:
    """One batch on its way through its chart."""

    code: str
    process: str
    office: str
    refs: list[str]
    row: int = 0
    """Place in `town.ROUTES` of what is done next."""


@dataclass
class Given:
    """One handover that nobody has accepted."""

    code: str
    batch: str
    document: str
    giver: str
    taker: str
    cards: list[str] = field(default_factory=list)
    void: set[str] = field(default_factory=set)
    """Serials of those among them that are void already."""
    pieces: Counter[str] = field(default_factory=Counter)
    parcel: str = ""


@dataclass
class Asked:
    """A replacement asked for."""

    ref: str
    old: str
    person: int
    office: str
    reviewed: bool = False
    withdrawn: bool = False

    @property
    def open(self) -> bool:
        """Nobody has decided it yet."""
        return not self.reviewed and not self.withdrawn


@dataclass
class Fee:
    """One payment."""

    office: str
    amount: int
    refunded: bool = False


@dataclass(eq=False)
class Entry:
    """One line of what an office took or gave back, in no statement yet."""

    office: str
    month: str
    fen: int


@dataclass
class Truth:
    """Everything, in plain tables."""

    cards: dict[str, Plastic] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    person: dict[str, int] = field(default_factory=dict)
    """Application → person."""
    failed: dict[str, str] = field(default_factory=dict)
    """Application → cause."""
    live: dict[int, str] = field(default_factory=dict)
    pending: dict[int, str] = field(default_factory=dict)
    olds: dict[str, str] = field(default_factory=dict)
    """Application → the application whose card it replaces."""
    again: dict[str, str] = field(default_factory=dict)
    """Failed application → its new start."""
    waiting: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Application in no batch → process and office."""
    open: dict[str, Given] = field(default_factory=dict)
    pieces: Counter[Key] = field(default_factory=Counter)
    accepted: dict[str, Counter[str]] = field(default_factory=dict)
    """Material that came for a batch, by kind."""
    asked: dict[str, Asked] = field(default_factory=dict)
    fees: dict[str, Fee] = field(default_factory=dict)
    open_entries: list[Entry] = field(default_factory=list)
    statements: dict[str, dict[str, bool]] = field(default_factory=dict)
    """Office → period → agreed."""
    settled: Counter[str] = field(default_factory=Counter)
    """Fen in statements, by office."""
    over: Counter[Key] = field(default_factory=Counter)
    """Pieces of material found too many, in no book yet."""
    past: list[tuple[date, Counter[tuple[str, str]]]] = field(default_factory=list)
    """Of each day that has ended: pieces by organisation and state."""

    strange: list[str] = field(default_factory=list)
    """Serials of surplus cards that nobody has given back."""

    def move(self, key: Key, target: Key, n: int) -> None:
        """Pieces of material from place to place; from *outside* where a lot is bought."""
        if key[1] != State.OUTSIDE:
            self.pieces[key] -= n
        self.pieces[target] += n

    def fail(self, ref: str, cause: str) -> None:
        """An application leaves its batch; its card, where it lies good, is void."""
        self.failed.setdefault(ref, cause)
        for card in self.cards.values():
            if card.ref == ref and card.state == State.GOOD:
                card.state, card.parcel = State.VOID, ""

    def latest(self, ref: str) -> str:
        """The application with which a request's card is made: its own, or the last new start of it."""
        while ref in self.again:
            ref = self.again[ref]
        return ref

    def stands(self, ref: str) -> bool:
        """Whether it is its person's live or pending one."""
        return ref in (self.live.get(self.person[ref]), self.pending.get(self.person[ref]))

    def being_made(self, ref: str) -> bool:
        """Whether an application is in a batch and has not left it, nor was withdrawn."""
        return self.stands(ref) and ref not in self.waiting and ref not in self.failed

    def made(self, ref: str) -> bool:
        """Whether there is a card of an application's that has not left its batch."""
        return ref not in self.failed and any(card.ref == ref for card in self.cards.values())

    def withdrawable(self) -> list[str]:
        """Requests that nobody has decided, those with no card made for them yet, and refused ones with their fee."""
        found = []
        for ref, asked in sorted(self.asked.items()):
            last = self.latest(ref)
            accepted = asked.reviewed and last in self.olds
            may = self.stands(last) and not self.made(last) if accepted else not self.fees[ref].refunded
            found += [ref] if may and not asked.withdrawn else []
        return found

    def standing(self) -> Counter[Key]:
        """How many of what lie where."""
        found = Counter(card.key for card in self.cards.values())
        found.update({key: n for key, n in self.pieces.items() if n})
        return found

    def of(self, *states: str, holder: str = "", batch: str = "") -> list[Plastic]:
        """Cards in these states, by serial."""
        return [
            card for _, card in sorted(self.cards.items())
            if card.state in states and holder in ("", card.holder) and batch in ("", card.batch)
        ]  # fmt: skip

    def together(self, cards: Iterable[Plastic]) -> Iterator[list[Plastic]]:
        """Cards of one batch that lie with one holder in one parcel, or in none."""
        groups: dict[tuple[str, str, str, str], list[Plastic]] = {}
        for card in cards:
            groups.setdefault((card.batch, card.holder, card.parcel, card.back), []).append(card)
        yield from (groups[key] for key in sorted(groups))

    def cancelled(self, card: Plastic) -> None:
        """For ever: it is its holder's live one no more, and what was to replace it takes its place."""
        card.block = "cancelled"
        if self.live.get(card.person) == card.ref:
            del self.live[card.person]
        if self.replaced_by(card) and self.pending.get(card.person):
            self.live[card.person] = self.pending.pop(card.person)

    def replaced_by(self, card: Plastic) -> bool:
        """Whether the pending application of its holder replaces this very card."""
        return self.olds.get(self.pending.get(card.person, "")) == card.ref

    def took(self, ref: str, office: str, amount: int, day: date) -> None:
        """A payment of that day."""
        self.fees[ref] = Fee(office, amount)
        self.open_entries.append(Entry(office, f"{day:%Y-%m}", amount))

    def gave_back(self, ref: str, day: date) -> None:
        """Its refund."""
        fee = self.fees[ref]
        fee.refunded = True
        self.open_entries.append(Entry(fee.office, f"{day:%Y-%m}", -fee.amount))

    def period(self, office: str) -> str:
        """The month that an office settles next; '' while nothing is open."""
        months = [entry.month for entry in self.open_entries if entry.office == office]
        last = max(self.statements.get(office, {}), default="")
        return max(min(months), after(last) if last else "") if months else ""

    def settle(self, office: str, period: str) -> int:
        """The statement takes all that is open up to its month; returns what it comes to, in fen."""
        taken = [entry for entry in self.open_entries if entry.office == office and entry.month <= period]
        self.open_entries = [entry for entry in self.open_entries if entry not in taken]
        self.statements.setdefault(office, {})[period] = False
        net = sum(entry.fen for entry in taken)
        self.settled[office] += net
        return net

    def unagreed(self, office: str) -> str:
        """The oldest statement that waits to be agreed; '' where none does."""
        return min((period for period, done in self.statements.get(office, {}).items() if not done), default="")

    def unsettled_pieces(self) -> bool:
        """Whether material is missing or too many, with a case that two people may settle."""
        missing = sum(n for (_, state, _), n in self.pieces.items() if state == State.MISSING)
        return bool(missing or self.over.total())

    def net(self) -> Counter[str]:
        """Fen by office: taken less given back."""
        found: Counter[str] = Counter()
        for fee in self.fees.values():
            found[fee.office] += 0 if fee.refunded else fee.amount
        return found
