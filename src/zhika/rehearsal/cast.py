"""The cast: the people of a rehearsal, who do what `zhika todo` lists, as clerks, holders and proxies would.

They know no order of steps: each looks at what waits on the own seat and answers it. Whose card is whose they see as
everybody does, by looking at it.
"""

import csv
import hashlib
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from zhika.rehearsal import hands
from zhika.rehearsal.offices import SCHEMES
from zhika.rehearsal.people import City
from zhika.rehearsal.world import PEOPLE, World, cards_at

CLERKS: Mapping[str, tuple[str, str]] = {
    "insured": ("周敏", "黄建国"),
    "unit": ("李秀兰", "吴志强"),
    "centre": ("林美珍", "黄建国"),
    "integrator": ("陈晓明", "郑海燕"),
    "supplier": ("王德福", "许丽娟"),
    "bank": ("张文斌", "蔡雅芳"),
}
"""Two clerks a lane: the second stands by where two are needed."""
OTHERS: Mapping[str, str] = {"agree_settlement": "苏建华", "hand_out": "吴丽华"}
"""Not the office's clerks' work: the city agrees what an office has drawn; who reviews hands out nothing."""
PROXIES = 3
"""Of a scheme's people, how many send somebody of the family."""
SETTLED = 2.0
"""Seconds for which a batch to be formed, or the queue at a counter, must not have grown."""
LATER = 0.2
"""Of the people of a parcel, how many come on the second day."""
REASONS = {"found": "清点料箱时找到"}
EVIDENCE = "签收单"
FORMING = {"form": {"confirm"}, "form_requests": {"apply", "review", "review_replacement"}}
"""Works that make a batch of what waits, and those that are done before."""
TOGETHER = {"confirm", "accept", "pass_on", "destroy", "found", "clear_cause", "restart"}
"""Works that are done for many subjects by one command, each with the same answers."""
LEFT = frozenset({"restart", "clear_cause"})
"""Works that nobody does unless the rehearsal is told to: who failed waits."""

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Command:
    """One command to type on a seat: the words after `zhika -C HOME`, and the table it reads, if any."""

    words: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...] = ()
    """Becomes `--file`."""
    done: Mapping[str, int] = field(default_factory=dict)
    """For the board: how many people or cards of which batch, or of which lots' process."""

    @property
    def work(self) -> str:
        return self.words[1]


@dataclass
class Cast:
    """Everybody of one rehearsal who does something by hand."""

    world: World
    absent: set[str]
    """ID numbers of people who do not come for their cards."""
    proxies: Mapping[str, tuple[str, str, str]]
    """ID number → name, ID number and relation of who comes for that person."""
    away: Mapping[str, list[str]] = field(default_factory=dict)
    """Scheme → those of the absent who were drawn of it."""
    leaves: frozenset[str] = LEFT
    """Works that nobody does, though they are listed."""
    patient: bool = False
    """After a look: something is ready, but nobody wants to do it yet."""
    _asked: dict[str, int] = field(default_factory=dict)
    """How often a parcel was seen waiting: one time for each day."""
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)
    """What one has patience with: how much waited, and since when no more came."""

    @classmethod
    def of(cls, city: City, world: World, seed: int, absent: int = 1) -> "Cast":
        """Draw who is absent (of each scheme so many) and who sends somebody."""
        chance = random.Random(f"{seed}/cast")
        away: dict[str, list[str]] = {}
        proxies: dict[str, tuple[str, str, str]] = {}
        for scheme in SCHEMES:
            clean = city.checked(scheme).filter(pl.col("reasons") == "").select("id_no", "name").sort("id_no")
            picked = chance.sample(clean.rows(), min(clean.height, 2 * PROXIES + absent))
            away[scheme] = [number for number, _ in picked[:absent]]
            others = picked[absent:]
            for (number, _), (other, name) in zip(others[:PROXIES], others[PROXIES:], strict=False):
                proxies[number] = (name, other, "亲属")
        return cls(world, {number for some in away.values() for number in some}, proxies, away)

    def answers(self, items: Sequence[Item]) -> Iterator[Command]:
        """The commands that answer what is listed; what nobody can or wants to do yet is left standing."""
        self.patient = False
        ready = [item for item in items if item["command"] and item["work"] not in self.leaves]
        works = list(dict.fromkeys(item["work"] for item in ready))
        for work in works:
            mine = [item for item in ready if item["work"] == work]
            if work == "hand_out":
                yield from self._hand_out([item for item in mine if item["lane"] == "unit"])
                yield from self._at_the_office([item for item in mine if item["lane"] != "unit"])
            elif work == "activate":
                if self._settled(" ".join(item["subject"] for item in mine), sum(item["n"] for item in mine)):
                    yield from self._activate(work, mine)
            elif work in FORMING:
                # A batch is cut when the office has confirmed all its lots, and reviewed all its requests.
                ready_ = not FORMING[work] & set(works)
                yield from _together(work, [i for i in mine if self._settled(i["subject"], i["n"]) and ready_])
            elif work in TOGETHER:
                yield from _together(work, mine)
            else:
                yield from (Command(_filled(item)) for item in mine)

    def _settled(self, what: str, n: int) -> bool:
        """Whether what waits has not grown for a while: else one has patience, and does it all at once."""
        before, since = self._seen.get(what, (0, 0.0))
        now = time.monotonic()
        if n == before and now - since >= SETTLED:
            del self._seen[what]
            return True
        if n != before:
            self._seen[what] = (n, now)
        self.patient = True
        return False

    def _hand_out(self, items: Sequence[Item]) -> Iterator[Command]:
        """Who comes today: most on the first day, some on the second, the absent not at all."""
        day_of: dict[str, int] = {}
        for item in items:
            parcel = item["subject"]
            self._asked[parcel] = day_of[parcel] = self._asked.get(parcel, 0) + 1
        rows = []
        came: Counter[str] = Counter()
        for unit in sorted({parcel.rsplit(".", 1)[1].split("+")[0] for parcel in day_of}):
            day = max(at for parcel, at in day_of.items() if parcel.rsplit(".", 1)[1].split("+")[0] == unit)
            for tray, serial, face in cards_at(self.world.of(unit, "bench"), self.world.secret):
                number = face["id_no"]
                if number not in self.absent and (day > 1 or not _comes_later(number)):
                    rows.append(self._presented(serial, number))
                    came[_batch(tray)] += 1
        if rows:
            words = ("do", "hand_out", "--by", CLERKS["unit"][0], "--evidence", EVIDENCE)
            yield Command(words, tuple(rows), came)

    def _at_the_office(self, items: Sequence[Item]) -> Iterator[Command]:
        """Everybody whose card has come to the office shows the own ID, and lays the old card on the counter."""
        waiting = {serial: _batch(item["subject"]) for item in items for serial in item["serials"]}
        rows, came = [], Counter[str]()
        for office in sorted({code.split("-")[1] for code in waiting.values()}):
            lying = cards_at(self.world.of(office, "bench"), self.world.secret, "good")
            here = {serial: face["id_no"] for _, serial, face in lying if serial in waiting}
            come = {serial: number for serial, number in here.items() if number not in self.absent}
            hands.bring_back(self.world, office, set(come.values()))
            rows += [self._presented(serial, number) for serial, number in come.items()]
            came += Counter(waiting[serial] for serial in come)
        if rows:
            yield Command(("do", "hand_out", "--by", OTHERS["hand_out"], "--evidence", EVIDENCE), tuple(rows), came)

    def _presented(self, serial: str, number: str) -> dict[str, str]:
        name, other, relation = self.proxies.get(number, ("", "", ""))
        return {
            "subject": serial, "by": "proxy" if other else "self", "id_no": number, "proxy_name": name,
            "proxy_id": other, "relation": relation,
        }  # fmt: skip

    def _activate(self, work: str, items: Sequence[Item]) -> Iterator[Command]:
        """Everybody who holds a card goes to the counter with it and the own ID."""
        held = {
            serial: (_batch(tray), face["id_no"])
            for tray, serial, face in cards_at(self.world.folder / PEOPLE, self.world.secret)
        }
        come = [serial for item in items for serial in item["serials"] if serial in held]
        if come:
            rows = tuple({"subject": serial, "id_no": held[serial][1]} for serial in come)
            yield Command(("do", work, "--by", CLERKS["bank"][0]), rows, Counter(held[serial][0] for serial in come))


def _batch(parcel: str) -> str:
    """The batch that a parcel's code or its tray's name begins with."""
    return parcel.partition(".")[0]


def _comes_later(number: str) -> bool:
    return hashlib.sha256(number.encode()).digest()[0] < 256 * LATER


def _together(work: str, items: Sequence[Item]) -> Iterator[Command]:
    """One command for all subjects of a work and lane: its words once, the subjects as a file."""
    for lane in dict.fromkeys(item["lane"] for item in items):
        mine = [item for item in items if item["lane"] == lane]
        done: Counter[str] = Counter()
        for item in mine:
            done[_batch(item["subject"])] += item["n"]
        if len(mine) == 1:
            yield Command(_filled(mine[0]), done=done)
            continue
        words = [word for word in _filled(mine[0]) if word != mine[0]["subject"]]
        yield Command(tuple(words), tuple({"subject": item["subject"]} for item in mine), done)


def _filled(item: Item) -> tuple[str, ...]:
    """The item's command with what only a person can say."""
    first, second = CLERKS.get(item["lane"], CLERKS["integrator"])
    first = OTHERS.get(item["work"], first)
    said = {
        "<by>": first, "<second>": second, "<evidence>": EVIDENCE, "<reason>": REASONS.get(item["work"], "按规定办理"),
    }  # fmt: skip
    return tuple(said.get(word, word) for word in item["command"])


def written(rows: Sequence[Mapping[str, str]], folder: Path) -> Path:
    """The rows as a CSV file of its own."""
    with tempfile.NamedTemporaryFile(
        "w", suffix=".csv", dir=folder, delete=False, newline="", encoding="utf-8"
    ) as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return Path(file.name)
