"""The machine: whatever people do in a town, in whatever order, no law is broken and books and truth agree."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.laws.seams import PARTIES
from tests.laws.town import BANK, FOREIGN, HOLDERS, INTEGRATOR, OFFICES, PRICES, ROUTES, UNITS, Town
from tests.laws.truth import KEPT, Plastic, Truth
from zhika.engine import each, many, picked
from zhika.errors import NotReady
from zhika.flows.lanes import Lane
from zhika.ledger.material import EMBEDDED
from zhika.ledger.places import Case, State

NUMBER = st.integers(0, 255)
"""Draws are small: what one number means is looked up among what can be done now."""
CAUSES = ("chip-dead", "misprint", "name-differs", "stripe-bad")
_BLOCKABLE = ("lost-call", "lost-formal", "cancel")
MAY_SAY = {"": _BLOCKABLE, "lost-call": ("lost-formal", "lift", "cancel"), "lost-formal": ("lift", "cancel"),
           "cancelled": ()}  # fmt: skip
STORIES: Mapping[str, tuple[str, ...]] = {
    "any": (),
    "making": ("next_row", "accept", "accept_with_differences", "form", "restart", "fail"),
    "street": ("pass_on", "accept", "hand_out", "activate", "send_back", "give_again", "destroy", "night"),
    "replacing": ("say", "apply", "review", "withdraw", "form", "next_row", "accept", "hand_out", "worker"),
    "money": ("charge", "refund", "settle", "agree", "night", "apply", "review"),
    "counting": ("count_stock", "find", "settle_difference", "give_back", "accept_with_differences", "destroy_waste"),
}
"""What happens more often in a run, so that some runs get far."""
LIKELY = {"next_row": 3, "accept": 2, "accept_with_differences": 2, "hand_out": 2, "review": 2, "kill_in_the_next": 3,
          "once_more": 3, "forbidden": 3, "say": 2, "give_again": 2, "settle_difference": 2}  # fmt: skip
EVERY = 10
"""Steps between two looks at each card; balances are compared at every step, all laws proved at a run's end."""


@dataclass
class Tally:
    """What has run, over all runs of this process."""

    operations: Counter[str] = field(default_factory=Counter)
    """How often each operation was done to its end, by its name in `OPERATIONS`."""
    rules: Counter[str] = field(default_factory=Counter)
    """The same, told apart by what became of it."""
    lengths: list[int] = field(default_factory=list)
    """Steps of each run."""
    kills: int = 0
    broken: int = 0
    """Runs in which something was broken, those on the way to the shortest among them."""


TALLY = Tally()


# What can be done now ------------------------------------------------------------------------------------------------


class Operation(NamedTuple):
    """What may happen in a step: a number says to which of its options, further draws say how."""

    name: str
    options: Callable[[Any], Sequence[Any]]
    draws: Mapping[str, st.SearchStrategy[Any]]
    happen: Callable[..., None]


OPERATIONS: list[Operation] = []


def operation(options: Callable[[Any], Sequence[Any]], **draws: st.SearchStrategy[Any]) -> Any:
    """Something that may happen while there is something to do it to."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        OPERATIONS.append(Operation(function.__name__, options, draws, function))
        return function

    return decorate


def always(_: "Machine") -> Sequence[str]:
    """Whatever there is."""
    return ("",)


def some(cards: Sequence[Plastic], bits: int) -> list[Plastic]:
    """At least one of these, by the bits of a number."""
    return [card for at, card in enumerate(cards) if bits >> (at % 8) & 1] or list(cards[:1])


def ready(self: "Machine") -> list[str]:
    """Batches whose next row can be done: nothing of theirs is on its way, and there is something to work on."""
    busy = {given.batch for given in self.truth.open.values()}
    return [code for code in self.truth.lots if code not in busy and _has_work(self, code)]


def _has_work(self: "Machine", code: str) -> bool:
    lot = self.truth.lots[code]
    if lot.row >= len(ROUTES[lot.process]):
        return False
    work, lane = ROUTES[lot.process][lot.row]
    staying = [ref for ref in lot.refs if ref not in self.truth.failed]
    if work in ("submit_faces", "make_card"):
        return bool(staying) and all(self.stock(kind) >= len(staying) for kind in EMBEDDED)
    if work == "laminate":
        return bool(staying)
    states = (State.GOOD,) if work == "deliver" else (State.GOOD, State.VOID)
    return bool(self.truth.of(*states, holder=PARTIES[lane], batch=code))


def at_a_counter(self: "Machine") -> list[list[Plastic]]:
    """Cards that may be handed out: in a unit's parcel, or replacements at their office."""
    good = [
        card for card in self.truth.of(State.GOOD)
        if not card.handed and card.ref not in self.truth.failed
        and (card.parcel or (card.holder in OFFICES and card.ref in self.truth.olds))
    ]  # fmt: skip
    return list(self.truth.together(good))


def returnable(self: "Machine") -> list[list[Plastic]]:
    """Cards at a unit, and at an office those that units have returned or that nobody passed on."""
    found = [
        card for card in self.truth.of(*KEPT)
        if card.holder in UNITS or (card.holder in OFFICES and (card.back or card.state == State.GOOD))
    ]  # fmt: skip
    return list(self.truth.together(found))


def to_destroy(self: "Machine") -> list[tuple[str, str]]:
    """Batch and holder of void cards, and of those that the bank has kept too long."""
    void = {(card.batch, card.holder) for card in self.truth.of(State.VOID) if not card.back}
    late = {(card.batch, BANK) for card in self.truth.of(State.HELD, holder=BANK) if self.town.is_late(card)}
    return sorted(one for one in void | late if one[1] in (BANK, *OFFICES))


def words(self: "Machine") -> list[tuple[str, str]]:
    """Serial and what may be said of the card: lost by call or in writing, lifted, cancelled."""
    found = []
    for card in self.truth.of(State.ISSUED):
        if card.ref not in self.truth.failed:
            may = MAY_SAY[card.block]
            fast = card.block == "lost-formal" and in_production(self, card)
            found += [(card.serial, word) for word in may if word != "lift" or not fast]
    return found


def in_production(self: "Machine", card: Plastic) -> bool:
    """Whether a replacement of this card is being made: one that failed or was withdrawn is not."""
    return any(old == card.ref and self.truth.being_made(new) for new, old in self.truth.olds.items())


def replaceable(self: "Machine") -> list[tuple[str, str]]:
    """Serial and the kinds for which the card may be replaced now."""
    asking = {asked.person for asked in self.truth.asked.values() if asked.open}
    found = []
    for card in self.truth.of(State.ISSUED):
        alone = card.person not in self.truth.pending and card.person not in asking
        if alone and self.truth.live.get(card.person) == card.ref and card.ref not in self.truth.failed:
            kinds = ("lost",) if card.block == "lost-formal" else ("damaged", "warranty") if not card.block else ()
            found += [(card.serial, kind) for kind in kinds]
    return found


def crimes(self: "Machine") -> list[tuple[str, Callable[[], Any]]]:
    """What nobody may do, of what could be tried now."""
    town, truth, seat = self.town, self.truth, self.town.seat
    found: list[tuple[str, Callable[[], Any]]] = [
        ("destroy alone", lambda c=card.batch: town.act("destroy", c, by="周强", second=" 周强 "))
        for card in truth.of(State.VOID, holder=BANK)[:1]
    ]
    found += [("move a card from where it is not", lambda c=c: town.steal(c)) for c in truth.of(*KEPT)[:2]]
    found.append(("move more than there is", town.overdraw))
    for card in truth.of(State.GOOD)[:1]:
        told = {card.serial: {"id_no": town.person(card).id_no}}
        found.append(
            ("activate before collection", lambda t=told: each.do_cards(seat, "activate", t, by="许静", evidence="x"))
        )
    for card in truth.of(State.ISSUED, State.DESTROYED, State.MISSING)[:1]:
        back = {card.serial: {"cause": "misprint"}}
        found.append(
            ("return what lies elsewhere", lambda t=back: picked.do(seat, "return_cards", t, by="李敏", reason="退"))
        )
    for card in truth.of(State.ISSUED)[:1]:
        found.append(("find what is not missing", lambda s=card.serial: town.act("found", s, by="吴敏", reason="x")))
        found.append(
            ("hand out a second time", lambda s=card.serial: _anew(each.do_cards(seat, "hand_out", {s: {}}, by="吴芬")))
        )
    for ref, asked in list(truth.asked.items())[-3:]:
        told = {ref: {"decision": "accept"}}
        if asked.open:
            found.append(
                ("review one's own", lambda t=told: many.do_applications(seat, "review_replacement", t, by="孙丽"))
            )
        if asked.withdrawn:
            found.append(("review a withdrawn one", lambda t=told: _anew(town.decide(t))))
    found += [
        ("destroy waste alone", lambda c=code, at=lane: town.act("destroy_waste", c, at, by="周强", second="周强"))
        for code, lane in town.wasted()[:1]
    ]
    given = [("accept what one gave", lambda c=code: town.act("accept", c, by=town.giver(c))) for code in truth.open]
    return found + not_withdrawn(self) + given


def not_withdrawn(self: "Machine") -> list[tuple[str, Callable[[], Any]]]:
    """Withdrawing what was withdrawn before, what a card is made for, and what nobody asked for one by one."""
    truth, ask_back = self.truth, self.town.ask_back
    twice = [ref for ref, asked in sorted(truth.asked.items()) if asked.withdrawn]
    made = [ref for ref in sorted(truth.asked) if truth.made(truth.latest(ref))]
    whole = [ref for ref in sorted(truth.person) if ref not in truth.asked and ref not in truth.again.values()]
    tried = (("withdraw twice", twice), ("withdraw what is made", made), ("withdraw of a whole batch", whole))
    return [(name, lambda r=refs[-1]: ask_back(r)) for name, refs in tried if refs]


def _anew(n: int) -> None:
    """Nothing was done: as good as refused."""
    if n == 0:
        raise NotReady("nothing to do")


class Machine(RuleBasedStateMachine):
    """One run: the founded town as it stands, then any operations; at the end nothing has happened."""

    town: Town
    back: Callable[[], None]

    def __init__(self) -> None:
        super().__init__()
        self.steps, self.favoured = 0, ()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.back()

    @initialize(story=st.sampled_from(sorted(STORIES)))
    def begin(self, story: str) -> None:
        self.favoured = STORIES[story]
        self.steps = -1

    def teardown(self) -> None:
        try:
            if sys.exception() is None and self.steps > 0:
                self.town.laws()
        finally:
            TALLY.broken += isinstance(sys.exception(), Exception)
            TALLY.lengths.append(self.steps)
            TALLY.kills += self.town.hands.kills
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    @property
    def truth(self) -> Truth:
        return self.town.truth

    def did(self, what: str) -> None:
        """An operation was done, to the end."""
        TALLY.rules[what] += 1

    def stock(self, kind: str) -> int:
        """Pieces that a batch may have: what is missing or was found too many is nobody's yet."""
        return self.truth.pieces[INTEGRATOR, State.BLANK, kind] - 12

    # Material, batches, rows ------------------------------------------------------------------------------------------

    @operation(lambda self: [kind for kind in EMBEDDED if self.stock(kind) < 30], n=st.integers(20, 40))
    def buy(self, kind: str, n: int) -> None:
        self.town.buy("L", kind, n)
        self.did("buy")

    @operation(ready, bits=NUMBER)
    def next_row(self, code: str, bits: int) -> None:
        refs = [ref for ref in self.truth.lots[code].refs if ref not in self.truth.failed]
        spoilt = {ref: CAUSES[bits % 4] for at, ref in enumerate(refs) if bits & 128 and bits >> (at % 7) & 1}
        self.did(f"row {self.town.advance(code, spoilt)}")

    @operation(lambda self: sorted(set(self.truth.waiting.values())))
    def form(self, waiting: tuple[str, str]) -> None:
        self.town.form(*waiting)
        self.did("form")

    # Handovers --------------------------------------------------------------------------------------------------------

    @operation(lambda self: sorted(self.truth.open))
    def accept(self, code: str) -> None:
        self.town.accept(code)
        self.did("accept whole")

    @operation(lambda self: sorted(self.truth.open), bits=NUMBER)
    def accept_with_differences(self, code: str, bits: int) -> None:
        given = self.truth.open[code]
        lacking = [serial for at, serial in enumerate(given.cards) if bits & 64 and bits >> (at % 6) & 1]
        foreign = self.stranger() if bits & 128 and given.cards else ""
        short = min(bits % 3, min(given.pieces.values(), default=0)) if bits & 64 else 0
        over = bits % 2 if bits & 128 and given.pieces else 0
        self.town.accept(code, lacking, foreign=foreign, short=short, over=over)
        self.did("accept with difference" if lacking or foreign or short != over else "accept whole")

    def stranger(self) -> str:
        """A card that nobody listed."""
        self.truth.strange.append(FOREIGN.format(self.steps))
        return self.truth.strange[-1]

    @operation(lambda self: self.truth.of(State.MISSING))
    def find(self, card: Plastic) -> None:
        self.town.find(card)
        self.did("find")

    @operation(
        lambda self: [c for c in self.truth.of(*KEPT, State.GIVEN, State.MISSING) if c.ref not in self.truth.failed],
        cause=st.sampled_from(CAUSES),
    )
    def fail(self, card: Plastic, cause: str) -> None:
        self.town.fail(card, cause)
        self.did("fail")

    # Parcels, hands, back ---------------------------------------------------------------------------------------------

    @operation(
        lambda self: sorted({
            card.batch for office in OFFICES for card in self.truth.of(State.GOOD, holder=office)
            if self.truth.lots[card.batch].process == "urban-batch"
        })
    )  # fmt: skip
    def pass_on(self, code: str) -> None:
        gone = self.town.pass_on(code)
        self.did("pass on" if gone else "pass on nothing")

    @operation(at_a_counter, bits=NUMBER)
    def hand_out(self, cards: list[Plastic], bits: int) -> None:
        self.town.hand_out(some(cards, bits), blocked_are_lost=bits % 3 > 0)
        self.did("hand out replacement" if cards[0].ref in self.truth.olds else "hand out")

    @operation(
        lambda self: list(self.truth.together(c for c in self.truth.of(State.ISSUED) if not c.active and not c.block)),
        bits=NUMBER,
    )
    def activate(self, cards: list[Plastic], bits: int) -> None:
        self.town.activate(some(cards, bits))
        self.did("activate")

    @operation(returnable, bits=NUMBER)
    def send_back(self, cards: list[Plastic], bits: int) -> None:
        chosen = some(cards, bits)
        self.town.send_back(chosen, ("unclaimed", "unclaimed", "misprint", "data-wrong")[bits % 4])
        self.did(f"send back to {'bank' if chosen[0].holder in OFFICES else 'office'}")

    @operation(
        lambda self: list(self.truth.together(c for c in self.truth.of(State.HELD, holder=BANK) if c.listed)),
        bits=NUMBER,
    )
    def give_again(self, cards: list[Plastic], bits: int) -> None:
        self.town.give_again(some(cards, bits))
        self.did("give again")

    @operation(to_destroy)
    def destroy(self, lying: tuple[str, str]) -> None:
        code, holder = lying
        self.town.destroy(code, Lane.BANK if holder == BANK else Lane.CENTRE)
        self.did("destroy")

    @operation(lambda self: self.town.wasted())
    def destroy_waste(self, left: tuple[str, Lane]) -> None:
        self.town.destroy_waste(*left)
        self.did("destroy waste")

    # Lost, replaced, started again ------------------------------------------------------------------------------------

    @operation(words)
    def say(self, said: tuple[str, str]) -> None:
        serial, word = said
        self.town.say(self.truth.cards[serial], word)
        self.did(f"say {word}")

    @operation(replaceable, exempt=st.booleans())
    def apply(self, asked: tuple[str, str], exempt: bool) -> None:
        serial, kind = asked
        self.town.apply(self.truth.cards[serial], kind, "low-income" if exempt and kind != "warranty" else "")
        self.did(f"apply {kind}")

    @operation(
        lambda self: sorted(ref for ref, asked in self.truth.asked.items() if asked.open),
        decision=st.sampled_from(["accept", "accept", "accept", "reject"]),
    )
    def review(self, ref: str, decision: str) -> None:
        self.town.review(ref, decision)
        self.did(f"review {decision}")

    @operation(lambda self: self.truth.withdrawable())
    def withdraw(self, ref: str) -> None:
        accepted = self.truth.latest(ref) in self.truth.olds
        how = "accepted" if accepted else "refused" if self.truth.asked[ref].reviewed else "undecided"
        self.town.withdraw(ref)
        left = self.truth.failed.get(self.truth.latest(ref)) == "withdrawn"
        self.did(f"withdraw {'out of a batch' if left else how}")

    @operation(lambda self: self.town.startable())
    def restart(self, ref: str) -> None:
        self.town.restart(ref)
        self.did("restart")

    @operation(lambda self: sorted({card.batch for card in self.truth.cards.values()}))
    def recall(self, code: str) -> None:
        if issued := self.town.recalled(code):
            self.town.say(issued[0], "lost-call")
        self.did("recall")

    # Money ------------------------------------------------------------------------------------------------------------

    @operation(lambda _: [(office, kind) for office in OFFICES for kind in PRICES], back=st.integers(0, 80), n=NUMBER)
    def charge(self, what: tuple[str, str], back: int, n: int) -> None:
        office, kind = what
        self.town.charge(office, kind, back, "low-income" if n & 64 and kind != "warranty" else "")
        self.did("charge")

    @operation(
        lambda self: sorted(r for r, fee in self.truth.fees.items() if not fee.refunded and r not in self.truth.asked)
    )
    def refund(self, ref: str) -> None:
        self.town.refund(ref)
        self.did("refund")

    @operation(lambda self: [office for office in OFFICES if self.town.may_settle(office)])
    def settle(self, office: str) -> None:
        self.town.settle(office)
        self.did("settle")

    @operation(lambda self: [office for office in OFFICES if self.truth.unagreed(office)])
    def agree(self, office: str) -> None:
        self.town.agree(office)
        self.did("agree")

    # Counting ---------------------------------------------------------------------------------------------------------

    @operation(lambda _: HOLDERS, bits=NUMBER, pieces=st.sampled_from([0, -1, 1]))
    def count_stock(self, holder: str, bits: int, pieces: int) -> None:
        lying = self.truth.of(*KEPT, holder=holder)
        missed = [lying[bits % len(lying)]] if lying and bits & 64 else []
        seen = [c for c in self.truth.of(State.MISSING, holder=holder) if c.missed and bits & 1]
        foreign = self.stranger() if bits & 128 else ""
        self.town.count(holder, missed, seen, foreign, pieces)
        self.did("count with difference" if missed or seen or foreign or pieces else "count")

    @operation(lambda self: self.town.material_cases() if self.truth.unsettled_pieces() else [])
    def settle_difference(self, case: Case) -> None:
        self.town.settle_difference(case)
        self.did("settle difference")

    @operation(lambda self: self.truth.strange)
    def give_back(self, serial: str) -> None:
        self.town.give_back(serial)
        self.truth.strange.remove(serial)
        self.did("give back")

    # Time, what does itself, what goes wrong --------------------------------------------------------------------------

    @operation(always, days=st.integers(1, 35))
    def night(self, _: str, days: int) -> None:
        self.town.night(days)
        self.town.lapse()
        self.did("night")

    @operation(always)
    def worker(self, _: str) -> None:
        ended = self.town.round()
        self.did("worker's round ends a deserted batch" if ended else "worker's round")

    @operation(lambda self: [""] if self.town.hands.kill_after < 0 else [], writes=st.integers(0, 12))
    def kill_in_the_next(self, _: str, writes: int) -> None:
        self.town.hands.kill_after = writes
        self.did("kill")

    @operation(lambda self: [""] if self.town.repeatable else [])
    def once_more(self, _: str) -> None:
        self.town.again()
        self.did("once more")

    @operation(crimes)
    def forbidden(self, crime: tuple[str, Callable[[], Any]]) -> None:
        name, part = crime
        self.town.refused(name, part)
        self.did(f"forbidden: {name}")

    # After every step -------------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """One operation of all that are possible now.

        Drawn here and not by Hypothesis's own choice of rules, which leaves many of them out of a run: nothing gets
        from the stock into hands where one row of the way is never done.
        """
        possible = {one.name: one for one in OPERATIONS if one.options(self)}
        likely = [name for name in possible for _ in range(LIKELY.get(name, 1) * (3 if name in self.favoured else 1))]
        chosen = possible[data.draw(st.sampled_from(likely), label=f"{self.steps + 1}")]
        options = chosen.options(self)
        about = options[data.draw(NUMBER) % len(options)]
        chosen.happen(self, about, **{name: data.draw(drawn, label=name) for name, drawn in chosen.draws.items()})
        TALLY.operations[chosen.name] += 1

    @invariant()
    def books_and_truth_agree(self) -> None:
        self.town.agrees()
        self.steps += 1
        if self.steps % EVERY == 0:
            self.town.each_card()
