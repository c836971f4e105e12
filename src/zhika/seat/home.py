"""A home: the folder of one seat. Made once, with its configuration, keys, store and mailbox."""

import re
import shutil
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import get_type_hints

from zhika.card.keys import FileKeyStore
from zhika.errors import ConfigurationError
from zhika.exchange.keys import create_keys
from zhika.flows import FLOWS
from zhika.flows.lanes import PLATFORM, Lane
from zhika.seat import config, keys


class Kind(StrEnum):
    """What a seat is."""

    PLATFORM = "platform"
    BANK = "bank"
    SUPPLIER = "supplier"

    @property
    def lanes(self) -> tuple[Lane, ...]:
        if self is Kind.PLATFORM:
            return tuple(lane for lane in Lane if lane in PLATFORM)
        return (Lane(self.value),)


FOLDERS = (
    "keys",
    "trust",
    "files",
    "log",
    *(f"mail/{name}" for name in ("staging", "in", "out", "sent", "taken", "rejected")),
)
UNFINISHED = "init.unfinished"
"""A file in a home whose store does not stand yet."""


def create(
    home: Path, kind: Kind, name: str, *, title: str = "", processes: Sequence[str] = (), world: str = "../world",
    settings: Mapping[str, str] | None = None,
) -> Path:  # fmt: skip
    """Make the folder of a seat: seat.toml, keys, mailbox. The store is made by `zhika init` after it.

    `settings`: 'section.key' → value, written into seat.toml; all are checked before anything is written. All is made
    aside and put in its place by one rename: a home is whole or not there. One that an init left half made, whose keys
    nobody has seen, is replaced. Raises ConfigurationError where a seat, or anything else, stands already.
    """
    half_made = unfinished(home)
    if (home / "seat.toml").exists() and not half_made:
        raise ConfigurationError(f"{home} 已是席位目录, 不会覆盖")
    if home.exists() and any(home.iterdir()) and not half_made:
        raise ConfigurationError(f"{home} 已有别的内容, 席位须建在空目录中")
    text = toml(kind, name, title or name, named(processes), world, settings or {})
    config.parse(home, text)
    aside = home.with_name(f".{home.name}.part")
    shutil.rmtree(aside, ignore_errors=True)  # of an init that was cut off: it never was a home
    for folder in FOLDERS:
        (aside / folder).mkdir(parents=True, mode=0o700)
    aside.chmod(0o700)
    (aside / "seat.toml").write_text(text, encoding="utf-8")
    (aside / UNFINISHED).touch()
    create_keys(aside / "keys", name)
    keys.create(aside / "keys")
    if kind is Kind.PLATFORM:
        keys.generate(aside / "keys", keys.SOCIAL)
    if kind is Kind.BANK:
        keys.generate(aside / "keys", keys.BANK)
        FileKeyStore.create(aside / "keys" / "card")
    if half_made:
        shutil.rmtree(home)
    aside.rename(home)
    return home


def named(processes: Sequence[str]) -> list[str]:
    """The charts of these names; a scheme's name stands for its three, none for all.

    >>> named(["urban"])
    ['urban-batch', 'urban-new', 'urban-replacement']
    """
    schemes = {name.split("-")[0] for name in FLOWS}
    for name in processes:
        if name not in FLOWS and name not in schemes:
            raise ConfigurationError(f"没有流程 {name}。可用: {'、'.join([*sorted(schemes), *FLOWS])}")
    return [name for name in FLOWS if not processes or name in processes or name.split("-")[0] in processes]


def finish(home: Path) -> None:
    """The store stands too: from now on the seat may be used."""
    (home / UNFINISHED).unlink(missing_ok=True)


def unfinished(home: Path) -> bool:
    """A home whose `zhika init` was cut off before its store stood."""
    return (home / UNFINISHED).exists()


def toml(kind: Kind, name: str, title: str, processes: Sequence[str], world: str, settings: Mapping[str, str]) -> str:
    """seat.toml as it is first written: what must be said, and where the rest may be changed."""
    sections: dict[str, dict[str, str]] = {
        "seat": {
            "name": quoted(name), "title": quoted(title), "lanes": listed(kind.lanes), "processes": listed(processes),
            "store": quoted("sqlite"), "world": quoted(world),
        },
        "organisations": {},
    }  # fmt: skip
    if kind is Kind.PLATFORM:
        sections["organisations"] = {Lane.INTEGRATOR.value: quoted("ylz")}
        for process in processes:
            bank = "icbc" if process.startswith("urban") else "abc"
            supplied = {"supplier": quoted("supplier")} if Lane.SUPPLIER in FLOWS[process].lanes else {}
            sections[f"partners.{process}"] = {"bank": quoted(bank)} | supplied
    else:
        sections["organisations"] = {kind.lanes[0].value: quoted(name)}
    for key, value in settings.items():
        section, dot, last = key.rpartition(".")
        if not dot:
            raise ConfigurationError(f"--set {key}=…: 写成 段.键=值, 如 bank.prefix=622848")
        bare = _type(section, last) in (int, bool) and re.fullmatch("-?(0|[1-9][0-9]*)|true|false", value)
        sections.setdefault(section, {})[last] = value if bare else quoted(value)
    lines = ["# 席位配置。键名写错会被拒绝, 并列出可用的键。", ""]
    for section, pairs in sections.items():
        lines += [f"[{section}]", *(f"{key} = {value}" for key, value in pairs.items()), ""]
    return "\n".join(lines)


def _type(section: str, key: str) -> object:
    """The type that seat.toml wants there; None where it knows no such key."""
    return get_type_hints(config.SECTIONS[section]).get(key) if section in config.SECTIONS else None


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def listed(names: Sequence[str]) -> str:
    return "[" + ", ".join(quoted(str(name)) for name in names) + "]"
