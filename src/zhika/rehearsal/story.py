"""A year in a rehearsal's city: what people want and what befalls them, on which page of the calendar.

Nothing here is a step of a chart, and nothing on a to-do list: somebody comes to the counter, loses the card, moves
house, changes the mind; a letter comes from the chip maker. What follows from it the seats list, and the cast does it.
"""

import csv
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import polars as pl
from PIL import Image

from zhika.card import tray
from zhika.card.chip.social import inspect
from zhika.errors import ZhikaError
from zhika.flows.causes import CAUSES
from zhika.rehearsal import hands
from zhika.rehearsal.cast import CLERKS, Cast, Command
from zhika.rehearsal.offices import RURAL, SCHEMES, URBAN
from zhika.rehearsal.people import City, customers, reconciled, renamed
from zhika.rehearsal.plans import CARDS, FORMS, LEADERS, RATES
from zhika.rehearsal.seats import BANKS, PLATFORM, asked, zhika
from zhika.rehearsal.walkins import Forms
from zhika.rehearsal.world import INTEGRATOR, PEOPLE, World, cards_at

COUNTER, TELLER = CLERKS["insured"][0], CLERKS["bank"][1]
BANK = "bank"
"""Stands for the seat of a holder's bank."""
LETTERS = {URBAN: "A", RURAL: "B"}
"""What the codes of a scheme's batches begin with."""
NEW_ADDRESS = "福建省泉州市鲤城区东街1号"
WALKED_IN = "零星申请"
LATE, NEVER, WRONG, CALLED_BACK, DEAD = "late", "never", "wrong", "recalled", "dead"
RARE, MENDED = "\U0002ebf0", "mended.jpg"
"""A character of CJK Extension I, for which the card's font has no glyph; a photo that is good."""
ODD = {URBAN: ("photo-bad", "photo", f"{{folder}}/{MENDED}"), RURAL: ("glyph-missing", "name", "林岩")}
"""Of each scheme why one person can't be made, and how it is mended."""
PARTS = (LATE, NEVER, WRONG, CALLED_BACK, DEAD)
"""Why people do not come for their cards at first: of each scheme one for each part."""
AWAY = 10
"""Absent people of a scheme among whom the parts are given: not everybody's card gets as far as a unit."""
Visit = tuple[str, Command]
"""Seat, and what is typed there."""


class Holder(NamedTuple):
    """Somebody with a card of the own, as one sees by looking at it."""

    scheme: str
    serial: str
    id_no: str


@dataclass(frozen=True)
class Wish:
    """What one card holder of each scheme wants: seat, work and facts of what is typed for it."""

    title: str
    said: tuple[tuple[str, str, Mapping[str, str]], ...]
    lost: bool = False
    """The card is gone for good."""


def _replaced(kind: str, reason: str, **more: str) -> tuple[str, str, Mapping[str, str]]:
    return (PLATFORM, "apply_replacement", {"kind": kind, "reason": reason, **more})


CALL = (BANK, "block", {"kind": "call"})
FORMAL = (PLATFORM, "block", {"kind": "formal"})
WISHES = (
    Wish("口头挂失, 未再来办", (CALL,)),
    Wish("口头挂失, 找到后解挂", (CALL, (BANK, "lift", {"id_no": "{id_no}"}))),
    Wish("遗失: 口头、书面挂失后补卡", (CALL, FORMAL, _replaced("lost", "遗失")), lost=True),
    Wish("损坏换卡, 缴费", (_replaced("damaged", "卡面折断"),)),
    Wish("损坏换卡, 低保免收", (_replaced("damaged", "磁条脱落", exempt="low-income"),)),
    Wish("质量问题换卡, 免费", (_replaced("warranty", "芯片读不出"),)),
    Wish("发卡方差错更正, 免费并附通知单", (_replaced("correction", "地址录错", address=NEW_ADDRESS),)),
    Wish("卡面信息变更换卡", (_replaced("face", "搬家", address=NEW_ADDRESS),)),
    Wish("到期换卡", (_replaced("expired", "有效期满"),)),
    Wish("申请换卡后撤回, 退费", (_replaced("face", "改名未成"), (PLATFORM, "withdraw", {"ref": "{ref}"}))),
)
"""Each by another holder."""


class Told(NamedTuple):
    """What somebody wanted, for the report."""

    title: str
    serial: str
    """Card that it is about; '' for somebody without one."""
    ref: str = ""
    """Request that it became, if any."""


@dataclass
class Stage:
    """What the people of a rehearsal have before their eyes."""

    folder: Path
    world: World
    city: City
    cast: Cast
    forms: list[Forms] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    playing: dict[tuple[str, str], Holder] = field(default_factory=dict)
    """Part and scheme → who has it."""
    taken: set[str] = field(default_factory=set)
    """ID numbers of people who have had their part."""

    def holders(self, scheme: str) -> Iterator[Holder]:
        """Whoever has a card in hand, comes for it and has had no part yet, in the order of serials."""
        held = cards_at(self.world.folder / PEOPLE, self.world.secret)
        found = (Holder(scheme, serial, face["id_no"]) for name, serial, face in held if name[0] == LETTERS[scheme])
        for one in sorted(found, key=lambda holder: holder.serial):
            if one.id_no not in self.taken:
                self.taken.add(one.id_no)
                yield one

    def give_parts(self) -> None:
        """The parts of those whose cards lie at units; the other absent people come for theirs from now on.

        Raises ZhikaError where there are too few.
        """
        benches = [self.world.of(unit.code, "bench") for unit in self.city.units]
        lying = [one for bench in benches for one in cards_at(bench, self.world.secret)]
        serials = {face["id_no"]: serial for _, serial, face in lying}
        for scheme, drawn in self.cast.away.items():
            here = [Holder(scheme, serials[number], number) for number in drawn if number in serials]
            if len(here) < len(PARTS):
                raise ZhikaError(f"演练: 在单位待领的卡不够 ({len(here)}), 请换一个 --seed 或增加 --people")
            self.playing |= {(part, scheme): one for part, one in zip(PARTS, here, strict=False)}
            self.cast.absent -= set(drawn) - {one.id_no for one in here[: len(PARTS)]}

    def chip_of(self, serial: str) -> str:
        """What a reader finds in a card in somebody's hand, or at a unit."""
        places = [self.world.folder / PEOPLE, *self.world.folder.glob("*/bench")]
        for path in (path for place in places for path in sorted(place.glob("*.cards.tray"))):
            with tray.open_for_work(path, self.world.secret) as opened:
                if piece := opened.find(serial):
                    with opened.chip(piece) as chip:
                        return inspect(chip).serial
        return ""

    def typed(self, work: str, facts: Mapping[str, str], holder: Holder, seat: str = PLATFORM) -> Command:
        """One thing about one holder's card, as the counter types it: what is personal goes by file."""
        told = {name: value.format_map(holder._asdict()) for name, value in facts.items() if name != "ref"}
        subject = self.request_of(holder.serial) if "ref" in facts else holder.serial
        words = ["do", work, "--by", TELLER if seat == BANK else COUNTER]
        words += ["--evidence", "挂失书"] if told.get("kind") == "formal" else []
        words += ["--reason", "本人撤回"] if work == "withdraw" else []
        return Command(tuple(words), ({"subject": subject, **told},))

    def request_of(self, serial: str) -> str:
        """Number of the last request for a card's replacement."""
        found = [row["ref"] for row in asked(self.folder / PLATFORM, "requests") if row["old_card"] == serial]
        return found[-1] if found else ""


def _facts(told: Mapping[str, str]) -> list[str]:
    return [word for name, value in told.items() for word in ("--fact", f"{name}={value}")]


def spoil(stage: Stage, seed: int) -> None:
    """Before anything is handed in: of each scheme one line that can't be made, by a photo or a name.

    Neither is one whom a bank knows or who has a part to play already.
    """
    for scheme, (odd, *_) in ODD.items():
        clean = stage.city.checked(scheme).filter(pl.col("reasons") == "").select("id_no", "name").sort("id_no")
        engaged = {*customers(stage.city, scheme, seed)["id_no"], *stage.cast.absent, *stage.cast.proxies}
        number, name = next(row for row in clean.iter_rows() if row[0] not in engaged)
        stage.taken.add(number)
        if odd == "glyph-missing":
            stage.city = renamed(stage.city, scheme, number, name[0] + RARE)
        else:
            picture = stage.city.folder / stage.city.collected[scheme].filter(id_no=number)["photo"][0]
            shutil.copyfile(picture, stage.city.folder / MENDED)
            with Image.open(picture) as whole:
                whole.resize((120, 148)).save(picture, "JPEG")


def _mended(stage: Stage) -> Iterator[Visit]:
    """Whoever was left out for photo or name has brought another one."""
    waiting = asked(stage.folder / PLATFORM, "waiting")
    for odd, field_, value in ODD.values():
        told = {field_: value.format(folder=stage.city.folder)}
        if rows := tuple({"subject": row["ref"], **told} for row in waiting if row["cause"] == odd):
            yield PLATFORM, Command(("do", "clear_cause", "--reason", "本人更正", "--by", COUNTER), rows)


def beginning(stage: Stage) -> Iterator[Visit]:
    """Rates and plans are in force; people come with their forms, and one of each scheme thinks better of it."""
    yield PLATFORM, Command(("do", "load_rates", str(stage.city.folder / RATES), "--by", CLERKS["centre"][0]))
    next_year = str(date.today().year + 1)
    for work, plan, facts in (
        ("load_plan", CARDS, {"annex": "3"}), ("load_plan", FORMS, {"annex": "6", "year": next_year}),
        ("load_leaders", LEADERS, {}),
    ):  # fmt: skip
        words = ("do", work, str(stage.city.folder / plan), *_facts(facts))
        yield PLATFORM, Command((*words, "--by", CLERKS["integrator"][0]))
    for one in stage.forms:
        words = ("do", "fill_form", str(one.path), *_facts({"process": one.process, "photos": str(one.photos)}))
        yield PLATFORM, Command((*words, "--by", COUNTER))
    open_ = asked(stage.folder / PLATFORM, "requests")
    for one in stage.forms:
        last = [row["ref"] for row in open_ if row["process"] == one.process][-1]
        yield PLATFORM, Command(("do", "withdraw", last, "--by", COUNTER, "--reason", "本人撤回"))
    for one in stage.forms:
        refs = [row["ref"] for row in open_ if row["process"] == one.process]
        stage.told += [Told(WALKED_IN, "", ref) for ref in refs[:-1]] + [Told("零星申请, 审核前撤回", "", refs[-1])]


def second_week(stage: Stage) -> Iterator[Visit]:
    """Cards are lost, broken and wrong; a chip is called back; somebody has died; who failed may start again."""
    stage.give_parts()
    _seen_at_the_banks(stage)
    yield from _mended(stage)
    stage.cast.leaves = frozenset()
    for scheme in SCHEMES:
        who = _all_of(stage.holders(scheme), len(WISHES) + 1)
        for wish, holder in zip(WISHES, who, strict=False):
            for seat, work, facts in wish.said:
                yield BANKS[scheme] if seat == BANK else seat, stage.typed(work, facts, holder, seat)
            stage.told.append(Told(wish.title, holder.serial))
            if wish.lost:
                hands.lose(stage.world, holder.serial)
        yield from _recalled(stage, who[-1])
        yield from _at_units(stage, scheme)
        stage.cast.absent.discard(stage.playing[LATE, scheme].id_no)
    yield from _died(stage)


def _all_of(found: Iterator[Holder], n: int) -> list[Holder]:
    """So many of them. Raises ZhikaError where there are fewer."""
    some = list(islice(found, n))
    if len(some) < n:
        raise ZhikaError(f"演练: 手中有卡的人不够 ({len(some)}, 须 {n}), 请增加 --people")
    return some


def _seen_at_the_banks(stage: Stage) -> None:
    """Who stood at a bank under another name, or was refused, has been there with the own ID."""
    for scheme, bank in BANKS.items():
        path = stage.folder / bank / "customers.csv"
        reconciled(pl.read_csv(path, infer_schema=False), stage.city, scheme).write_csv(path)


def _recalled(stage: Stage, holder: Holder) -> Iterator[Visit]:
    """The maker names a chip: its card is found, blocked and replaced at the issuer's cost."""
    serial = _recall(stage, stage.chip_of(holder.serial), holder.serial)
    yield PLATFORM, stage.typed("block", {"kind": "formal"}, holder._replace(serial=serial))
    yield PLATFORM, stage.typed("apply_replacement", {"kind": "correction", "reason": "召回"}, holder)
    stage.told.append(Told("芯片召回: 封锁, 免费换卡并附通知单", serial))


def _recall(stage: Stage, chip: str, name: str) -> str:
    """What `zhika recall` finds for a chip: one card."""
    found = stage.folder / "typed" / f"recall-{name}.csv"
    zhika(stage.folder / PLATFORM, "recall", "--chip", chip, "--csv", str(found))
    with found.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    return str(row["subject"])


def _at_units(stage: Stage, scheme: str) -> Iterator[Visit]:
    """A card with wrong data and one with a chip that is called back go back before anybody has them."""
    for role, cause in ((WRONG, "data-wrong"), (CALLED_BACK, "recalled")):
        one = stage.playing[role, scheme]
        serial = _recall(stage, stage.chip_of(one.serial), one.serial) if role == CALLED_BACK else one.serial
        words = ("do", "return_cards", serial, *_facts({"cause": cause}), "--reason", "核对不符")
        yield PLATFORM, Command((*words, "--by", CLERKS["unit"][0]))
        stage.told.append(Told(f"发放前退卡: {CAUSES[cause].title}", serial))
        stage.cast.absent -= {one.id_no}


def _died(stage: Stage) -> Iterator[Visit]:
    """A list of the dead comes: of each scheme one, whose card lies at the unit."""
    path = stage.folder / "typed" / "deaths.csv"
    dead = [stage.playing[DEAD, scheme] for scheme in SCHEMES]
    names = {n: name for s in SCHEMES for n, name in stage.city.collected[s].select("id_no", "name").iter_rows()}
    lines = ["公民身份号码,姓名,死亡日期", *(f"{one.id_no},{names[one.id_no]},2026-01-15" for one in dead)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    stage.told += [Told("死亡名单: 不发放, 退回销毁", one.serial) for one in dead]
    yield PLATFORM, Command(("do", "load_deaths", str(path), "--by", CLERKS["centre"][0]))


def next_month(stage: Stage) -> Iterator[Visit]:
    """The shelves are counted, and the month's fees settled; call-losses have lapsed meanwhile."""
    for seat, code, lane in ((PLATFORM, INTEGRATOR, "integrator"), *((bank, bank, "bank") for bank in BANKS.values())):
        first, second = CLERKS[lane]
        yield seat, Command(("do", "count_stock", code, "--by", first, "--second", second))
    yield from _reminded(stage)


def half_a_year(stage: Stage) -> Iterator[Visit]:
    """Whose card nobody came for: it goes back to the bank by itself. People are told once more before."""
    yield from _reminded(stage)


def at_last(stage: Stage) -> Iterator[Visit]:
    """One of them comes after all: the bank gives the card out again."""
    one = stage.playing[NEVER, URBAN]
    stage.cast.absent.discard(one.id_no)
    words = ("do", "give_again", one.serial, "--reason", "本人申请", "--by", CLERKS["bank"][0])
    yield BANKS[URBAN], Command(words)
    stage.told.append(Told("逾期退回银行的卡, 本人申请后重新发放", one.serial))


def in_the_end(stage: Stage) -> Iterator[Visit]:
    """Whoever never came: both sides are closed, the card is destroyed."""
    yield from _reminded(stage)


def _reminded(stage: Stage) -> Iterator[Visit]:
    """The gateway takes what is to be sent."""
    path = stage.folder / "typed" / f"messages-{len(list((stage.folder / 'typed').glob('messages-*.csv'))) + 1}.csv"
    yield PLATFORM, Command(("messages", "--export", str(path)))


class Page(NamedTuple):
    """One page of the calendar: how many days after the one before, and who comes on it."""

    days: int
    title: str
    visits: Callable[[Stage], Iterator[Visit]]


PAGES = (
    Page(0, "第一天", beginning),
    Page(12, "两周后", second_week),
    Page(32, "下个月", next_month),
    Page(190, "半年后", half_a_year),
    Page(5, "几天后", at_last),
    Page(190, "又半年后", in_the_end),
)
