"""`zhika demo`: a city on one machine, from its registers to cards in hand.

Four seats work as processes of their own, a courier goes between them, and the cast does by commands what waits for
people (`rehearsal`).
"""

from pathlib import Path
from typing import Annotated

import typer

from zhika.errors import ConfigurationError

Registers = Annotated[Path | None, typer.Option("--registers", help="登记库目录; 省略用 examples/registers")]
FEWEST = 80
"""People that a year with its wishes and mishaps needs."""
REGISTERS = ("examples/registers", "../../../examples/registers")
"""Where the register files lie: below the current folder, or beside the sources."""


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="演练目录; 旧的演练会被替换")] = Path("demo"),
    people: Annotated[int, typer.Option("--people", min=8, help="人数, 城镇、农村各半")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="随机种子: 抽取的人与意外都由它决定")] = 1,
    registers: Registers = None,
    everything: Annotated[
        bool, typer.Option("--all", help="六张流程图, 一年的事: 零星、补换、挂失、退卡、结算")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="保留人手键入的表 (含证件号码), 默认结束后删除")] = False,
) -> None:
    """一台机器上的一座城: 四个席位、两家银行, 从登记库到持卡人手中, 带几处意外。

    例: zhika demo --dir demo --people 1000 --seed 7

    例: zhika demo --all --people 200          (一年的事, 日历由演练翻过)
    """
    # Only here: every command of `zhika` imports this module, to know that there is a demo.
    from zhika.cli.screen import console
    from zhika.rehearsal import report
    from zhika.rehearsal.rehearsal import run

    if everything and people < FEWEST:
        raise ConfigurationError(f"一年的事至少要 {FEWEST} 人: --people {FEWEST}")
    out = console()
    findings = run(folder.resolve(), people, seed, registers_at(registers), out, keep=keep, all_=everything)
    report.show(findings, out)
    if not findings.sound:
        raise typer.Exit(1)


def registers_at(told: Path | None) -> Path:
    """The folder of the register files: as told, or where the examples lie."""
    places = [told] if told else [Path(REGISTERS[0]), Path(__file__).parent / REGISTERS[1]]
    for place in places:
        if place.is_dir():
            return place.resolve()
    raise ConfigurationError("找不到登记库: 用 --registers 指明目录 (其下有 urban/、rural/)")
