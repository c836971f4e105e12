"""`zhika`: one program, run as the seat of each organisation."""

import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from zhika.cli import (
    annexes,
    auditing,
    books,
    checking,
    complaints,
    counter,
    doing,
    flows,
    keys,
    looking,
    losing,
    money,
    recalling,
    setting_up,
    stock,
    where,
)
from zhika.cli.unclaimed import unclaimed
from zhika.errors import ZhikaError

HELP = ("-h", "--help")
app = typer.Typer(
    name="zhika",
    help="Zhika 制卡: 城市社会保障卡的制作与发放。先 zhika demo 看一遍, 再 zhika init 建自己的席位。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": list(HELP)},
)
ERRORS = Console(stderr=True, highlight=False)


@app.callback()
def choose(
    home: Annotated[
        Path | None, typer.Option("-C", "--home", help="席位目录, 如 -C demo/platform", show_default=False)
    ] = None,
) -> None:
    """Every command but init, flows and demo acts on the seat of one home."""
    if home is not None:
        os.environ["ZHIKA_HOME"] = str(home.resolve())


app.command()(setting_up.init)
app.command()(setting_up.upgrade)
app.add_typer(setting_up.trust, name="trust")
app.add_typer(keys.keys, name="keys")
app.add_typer(setting_up.organisations, name="organisations")
app.command()(flows.flows)
app.command()(doing.work)
app.command()(doing.todo)
app.command("do")(doing.do)
app.command()(checking.check)
app.command()(books.books)
app.command()(looking.batches)
app.command()(looking.steps)
app.command()(stock.cases)
app.command()(stock.count)
app.command("exceptions")(looking.exceptions)
app.command()(looking.rejected)
app.command()(looking.mail)
app.command()(counter.requests)
app.command()(counter.slip)
app.command()(counter.waiting)
app.command()(money.fees)
app.command()(money.settlements)
app.command()(where.where)
app.command()(auditing.audit)
app.command()(recalling.recall)
app.command()(annexes.annex)
app.command()(annexes.leaders)
app.command()(annexes.county)
app.command()(losing.blocks)
app.command()(losing.messages)
app.command()(unclaimed)


for entry in entry_points(group="zhika.commands"):
    app.command(entry.name)(entry.load())


def main() -> None:
    """Run, and say what was refused in words instead of a traceback."""
    if len(sys.argv) == 1 or set(HELP) & set(sys.argv):
        complaints.heads()
    try:
        sys.exit(app(prog_name="zhika", standalone_mode=False))
    except complaints.UsageError as error:
        if not hasattr(error, "param") and not error.message.strip():  # a group without its command: help was shown
            sys.exit(2)
        _complain(f"{complaints.in_chinese(error.format_message())}\n{complaints.usage(error)}")
    except ZhikaError as error:
        _complain(str(error))
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the interpreter's last flush
        sys.exit(1)
    except OSError as error:
        _complain(f"{error.filename or ''}: {error.strerror or error}")
    except Exception as error:
        if not complaints.older(error):
            raise
        _complain("席位的库是较早的版本建的。先停 zhika work, 备份席位目录, 再运行: zhika -C 席位目录 upgrade")


def _complain(text: str) -> NoReturn:
    ERRORS.print("[bold red]错误[/]", Text(text), soft_wrap=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
