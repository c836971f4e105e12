"""`zhika keys`: keys that come from elsewhere, each in an envelope."""

from pathlib import Path
from typing import Annotated

import typer

from zhika.card.keys import check_value
from zhika.cli.seat import here
from zhika.errors import KeyStoreError, NotAllowed
from zhika.seat import envelopes
from zhika.seat import keys as store

keys = typer.Typer(help="装入别处来的密钥 (芯片厂运输密钥等)。", no_args_is_help=True)
USES = {store.TRANSPORT_SOCIAL: "personalise", store.TRANSPORT_BANK: "finish"}
"""The row of a chart in which a key opens chips."""


@keys.command("load")
def load(
    label: Annotated[str, typer.Argument(help="transport-social | transport-bank")],
    file: Annotated[Path, typer.Argument(help="密钥信封: label、kcv、key 各一行")],
    kcv: Annotated[str, typer.Option("--kcv", help="芯片厂另行告知的校验值; 信封上没有时须写明")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="替换装错而未用过的密钥, 须两人")] = False,
    by: Annotated[str, typer.Option("--by", help="经办人 (--replace)")] = "",
    second: Annotated[str, typer.Option("--second", help="另一人 (--replace)")] = "",
) -> None:
    """装入一把密钥, 封存于席位。例: zhika -C homes/icbc keys load transport-bank envelope.hex"""
    if label not in USES:
        raise KeyStoreError(f"没有密钥 {label}。可用: {'、'.join(USES)}")
    folder = here().home / "keys"
    key = envelopes.read(file, label, kcv)
    if replace:
        _replace(folder, label, key, by, second)
    elif store.has(folder, label):
        raise KeyStoreError(f"{label} 已装有一把, 不会覆盖。装错而未用过的, 由两人替换: --replace --by … --second …")
    else:
        store.put(folder, label, key)
    typer.echo(f"{label} 已装入。校验值 (KCV) {check_value(key)}: 请与芯片厂电话核对, 相符之后再销毁 {file}。")


def _replace(folder: Path, label: str, key: bytes, by: str, second: str) -> None:
    from zhika.engine import rules
    from zhika.ledger import audit
    from zhika.ledger.steps import StepRecord

    rules.check("替换密钥", label, by=by, second=second, persons=2)
    if StepRecord.objects.filter(source="own", function=USES[label], n_out__gt=0).exists():
        raise NotAllowed(by, f"替换 {label}", "已有卡用它开通, 换掉后这些芯片再也打不开")
    old = check_value(store.get(folder, label)) if store.has(folder, label) else "无"
    store.replace(folder, label, key)
    audit.note(by.strip(), "replace_key", label, f"{old} → {check_value(key)}, 另一人 {second.strip()}")
