"""`zhika town` and `zhika courier`: what one needs around the seats to walk a batch by hand."""

from pathlib import Path
from typing import Annotated

import typer

from zhika.errors import ConfigurationError
from zhika.rehearsal.demo import Registers, registers_at

# Imports of the heavy rooms stand in the functions: every command of `zhika` imports this module, to know its names.


def town(
    folder: Annotated[Path, typer.Argument(help="新目录")],
    people: Annotated[int, typer.Option("--people", min=8, help="人数, 城镇、农村各半")] = 40,
    seed: Annotated[int, typer.Option("--seed", help="随机种子: 抽取的人由它决定")] = 1,
    registers: Registers = None,
) -> None:
    """练习用的小城: 抽取的人与画像、登记库、机构表、银行客户资料、芯片厂来料。席位由您自己建立。

    例: zhika town city --people 40 --seed 7
    """
    from zhika.rehearsal import world
    from zhika.rehearsal.offices import SCHEMES
    from zhika.rehearsal.people import customers, draw
    from zhika.rehearsal.photos import take
    from zhika.rehearsal.seats import BANKS, list_offices

    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} 已有内容, 不会覆盖。另选一个目录")
    city = draw(registers_at(registers), people, seed, folder / "registers")
    take(city, folder / "registers")
    world.create(folder / world.WORLD, sum(rows.height for rows in city.collected.values()))
    list_offices(city, folder / "offices.csv")
    for scheme in SCHEMES:
        customers(city, scheme, seed).write_csv(folder / f"customers-{BANKS[scheme]}.csv")
    typer.echo(f"{folder}: registers/ 登记库与照片, world/ 实物与密钥信封, offices.csv, customers-*.csv")


def courier(
    folder: Annotated[Path, typer.Argument(help="目录, 内有各席位目录与 world/")],
    once: Annotated[bool, typer.Option("--once", help="只走一趟")] = False,
) -> None:
    """练习用的信使: 在各席位之间递送封包, 在各机构之间递送料盘。例: zhika courier city --once"""
    from zhika.rehearsal.courier import main

    raise typer.Exit(main([str(folder), *(["--once"] if once else [])]))
