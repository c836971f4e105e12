"""`zhika`: one program, run as the seat of each organisation."""

import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from zhika.cli import doing, flows, looking, setting_up
from zhika.errors import ZhikaError

app = typer.Typer(
    name="zhika",
    help="Zhika 制卡: 城市社会保障卡的制作与发放。先 zhika demo 看一遍, 再 zhika init 建自己的席位。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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
app.add_typer(setting_up.trust, name="trust")
app.add_typer(setting_up.keys, name="keys")
app.add_typer(setting_up.organisations, name="organisations")
app.command()(flows.flows)
app.command()(doing.work)
app.command()(doing.todo)
app.command("do")(doing.do)
app.command()(looking.books)
app.command()(looking.batches)
app.command()(looking.steps)
app.command("exceptions")(looking.exceptions)
app.command()(looking.rejected)
app.command()(looking.mail)


for entry in entry_points(group="zhika.commands"):
    app.command(entry.name)(entry.load())


def main() -> None:
    """Run, and say what was refused in words instead of a traceback."""
    try:
        app()
    except ZhikaError as error:
        ERRORS.print("[bold red]错误[/]", Text(str(error)), soft_wrap=True)
        sys.exit(2)
    except OSError as error:
        ERRORS.print("[bold red]错误[/]", Text(f"{error.filename or ''}: {error.strerror or error}"), soft_wrap=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
