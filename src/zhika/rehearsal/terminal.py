"""A seat's terminal that stays open, as a clerk's does: to start `zhika` takes longer than most of its commands.

    python -m zhika.rehearsal.terminal HOME

has started the seat and reads one command a line, a JSON list of the words after `zhika -C HOME`. Each command runs in
a process of its own, forked from this one, which never opens the store nor any file, and computes nothing with polars,
whose threads would not come along: no command leaves anything for the next. Answers with one line: [exit code, what
was printed, what was complained of].
"""

import contextlib
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from django.utils import timezone

from zhika.errors import ZhikaError
from zhika.rehearsal.calendar import CALENDAR, live_by
from zhika.rehearsal.world import WORLD
from zhika.seat.start import start

NOTHING = Path(os.devnull)
PATIENCE = 10.0
"""Seconds that a command has to end when the terminal is closed."""


class TerminalEnded(ZhikaError):
    """A terminal's process has ended: its seat, how, and what it complained of last."""


class Terminal:
    """This side of a terminal: one command at a time is typed, whoever wants to."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        words = [sys.executable, "-m", "zhika.rehearsal.terminal", str(home)]
        self.home = home
        self._typing = threading.Lock()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the terminal
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, text=True,
            env=dict(environment),
        )  # fmt: skip

    def type(self, words: Sequence[str]) -> tuple[int, str, str]:
        """Run one command: its exit code, what it printed, what it complained of. Raises TerminalEnded."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._typing:
            try:
                print(json.dumps(list(words)), file=self._process.stdin, flush=True)
                answer = self._process.stdout.readline()
            except (BrokenPipeError, ValueError):  # it has ended, or was closed
                answer = ""
        if not answer:
            code, said = self._process.wait(), _read(self._complaints).strip().splitlines()
            raise TerminalEnded(f"席位 {self.home.name} 的终端已退出 (退出码 {code})。{said[-1] if said else ''}")
        code, printed, complained = json.loads(answer)
        return code, printed, complained

    def close(self) -> None:
        """Whatever runs may come to its end, if that does not take long."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended by itself
            self._process.stdin.close()
        try:
            self._process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._complaints.close()


def serve(home: Path) -> None:
    """This process is the terminal: until nobody types any more."""
    asked = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever types
    start(home)
    timezone.now = live_by(home.parent / WORLD / CALENDAR, timezone.now)
    # By its name: only what runs in the seat's process knows the house behind the commands, the rehearsal doesn't.
    zhika: Callable[[], NoReturn] = importlib.import_module("zhika.cli.main").main
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        sys.argv = ["zhika", "flows"]  # needs no store, and what it loads every command needs
        zhika()
    for line in sys.stdin:
        sys.argv = ["zhika", "-C", str(home), *json.loads(line)]
        print(json.dumps(_forked(zhika, asked)), flush=True)


def _forked(command: Callable[[], NoReturn], interrupted: Any) -> tuple[int, str, str]:
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complained, NOTHING.open("rb") as nothing:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGINT, interrupted)
            for stream, file in enumerate((nothing, printed, complained)):
                os.dup2(file.fileno(), stream)
            command()  # ends this process
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), _read(printed), _read(complained)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8")


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
