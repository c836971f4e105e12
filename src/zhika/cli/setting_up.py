"""`zhika init`, `trust`, `organisations`: a seat before its first batch."""

import re
from pathlib import Path
from typing import Annotated

import typer

from zhika.cli import tables
from zhika.cli.seat import here
from zhika.errors import ConfigurationError, Fault, Refused
from zhika.seat.config import Seat
from zhika.seat.home import Kind

trust = typer.Typer(help="交换证书: 席位之间见一次面, 以后只认钉住的证书。", no_args_is_help=True)
organisations = typer.Typer(help="机构表: 医保中心、农合办等。", no_args_is_help=True)


def init(
    home: Annotated[Path, typer.Argument(help="新席位目录")],
    seat: Annotated[Kind, typer.Option("--seat", help="platform 平台 | bank 银行 | supplier 卡片供应商")],
    name: Annotated[str, typer.Option("--name", help="席位名, 小写字母, 如 icbc")],
    title: Annotated[str, typer.Option("--title", help="显示名, 如 工商银行")] = "",
    process: Annotated[
        list[str] | None, typer.Option("--process", help="流程, 或 urban、rural (各三种), 可重复; 省略为六种")
    ] = None,
    world: Annotated[str, typer.Option("--world", help="实物目录, 相对席位目录")] = "../world",
    settings: Annotated[list[str] | None, typer.Option("--set", help="配置, 段.键=值, 可重复")] = None,
) -> None:
    """建立席位: 目录、数据库、密钥、信箱。

    例: zhika init homes/icbc --seat bank --name icbc --title 工商银行 --process urban --set bank.prefix=622235
    """
    import os

    from django.core.management import call_command

    from zhika.seat import home as homes
    from zhika.seat.start import start

    told = dict(_pair(text) for text in settings or [])
    home = home.resolve()
    homes.create(home, seat, name, title=title, processes=process or (), world=world, settings=told)
    os.environ["ZHIKA_HOME"] = str(home)
    founded = start(home)
    call_command("migrate", verbosity=0)
    _found_organisations(founded)
    homes.finish(home)
    typer.echo(f"席位 {name} 已建于 {home}。下一步: zhika -C {home} trust export {name}.json, 与各方交换后 trust add。")


def upgrade() -> None:
    """把席位的库升到本版本: 先停 zhika work, 备份席位目录。例: zhika -C demo/icbc upgrade"""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    seat = here()
    executor = MigrationExecutor(connection)
    left = executor.migration_plan(executor.loader.graph.leaf_nodes())
    call_command("migrate", verbosity=0)
    done = "、".join(f"{one.app_label} {one.name}" for one, _ in left)
    typer.echo(f"席位 {seat.name} 已升级: {done}" if left else f"席位 {seat.name} 的库已是本版本。")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"「{text}」应写成 键=值")
    return key, value


@trust.command("export")
def export(file: Annotated[Path, typer.Argument(help="写出的介绍文件")]) -> None:
    """写出本席位的介绍。例: zhika -C homes/icbc trust export icbc.json"""
    from zhika.exchange.keys import load_signer
    from zhika.seat.introduction import describe

    seat = here()
    file.write_text(describe(seat, _own()), encoding="utf-8")
    typer.echo(f"{file} 已写出。指纹 (请电话核对): {load_signer(seat.home / 'keys').fingerprint}")


def _own() -> dict[str, str]:
    """This seat's organisations by code: those of its lanes, and on the platform the offices that stand there."""
    from zhika.ledger.batches import Organisation

    seat = here()
    found = Organisation.objects.filter(code__in=[*seat.organisations.values()])
    if seat.platform:
        found |= Organisation.objects.filter(kind="centre")
    return dict(found.values_list("code", "name"))


def _found_organisations(seat: Seat) -> None:
    """The organisations of this seat's own lanes, under the names people know."""
    from zhika.ledger.batches import organisation

    for lane, code in seat.organisations.items():
        organisation(code, name=lane.title if seat.platform else seat.title, kind=lane)


@trust.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="对方的介绍文件")],
    replace: Annotated[str, typer.Option("--replace", metavar="缘由", help="换掉已钉住的证书等, 写明缘由")] = "",
) -> None:
    """信任另一席位。例: zhika -C homes/platform trust add icbc.json

    已信任的席位换证书: zhika -C homes/platform trust add icbc.json --replace 证书到期
    """
    from zhika.seat.introduction import welcome

    seat = here()
    peer, names = welcome(seat, file, _own(), replace=bool(replace.strip()))
    from zhika.ledger import audit
    from zhika.ledger.batches import organisation

    audit.note(seat.name, "trust", peer.name, f"{peer.fingerprint} {replace}".strip())
    for code, name in names.items():
        organisation(code, name=name, kind=next(iter(sorted(peer.lanes))) if len(peer.lanes) == 1 else "")
    typer.echo(f"已信任 {peer.name}。指纹 (请电话核对): {peer.fingerprint}")


@trust.command("list")
def list_peers() -> None:
    """列出已信任的席位。例: zhika -C homes/platform trust list"""
    from zhika.exchange.trust import Trust

    for peer in Trust.load(here().home / "trust").peers.values():
        typer.echo(
            f"{peer.name}  {'、'.join(sorted(peer.lanes))}  {'、'.join(sorted(peer.processes))}  {peer.fingerprint}"
        )


@organisations.command("load")
def load_organisations(file: Annotated[Path, typer.Argument(help="CSV: code,name,kind,parent")]) -> None:
    """装入机构表。例: zhika -C homes/platform organisations load offices.csv"""
    here()
    from django.db import transaction

    from zhika.exchange.manifest import CODE, CODE_RULE
    from zhika.ledger.batches import Organisation, organisation

    rows = tables.rows(file, ("code", "name", "kind"))
    faults = [
        Fault(file.name, "不可为空", line, column)
        for line, row in enumerate(rows, 2)
        for column in ("code", "name", "kind")
        if not row.get(column)
    ]
    faults += [
        Fault(file.name, CODE_RULE, line, "code")
        for line, row in enumerate(rows, 2)
        if row.get("code") and not re.fullmatch(CODE, row["code"])
    ]
    if faults or not rows:
        raise Refused(faults or [Fault(file.name, "没有机构; 列应为 code,name,kind,parent")])
    with transaction.atomic():
        for row in rows:
            parent = Organisation.objects.filter(code=row.get("parent") or "").first()
            organisation(row["code"], name=row["name"], kind=row["kind"], parent=parent)
    typer.echo(f"{len(rows)} 个机构已装入。")
