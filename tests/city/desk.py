"""One seat's command line, kept open: `zhika` typed again and again in one process, as at a terminal.

    python -m tests.city.desk HOME [MODULE]

Reads one command a line (a JSON list of words), answers with one line: exit code, what was printed, what was complained
of. MODULE's `arrange()` is called once the seat is started: that is how a test makes a party work badly.
"""

import contextlib
import importlib
import io
import json
import sys
from pathlib import Path

from zhika.cli.main import main
from zhika.seat.start import start


def typed(words: list[str]) -> tuple[int, str, str]:
    """Run one command in this process."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    sys.argv = ["zhika", *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
    return code, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    start(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        importlib.import_module(sys.argv[2]).arrange()
    for line in sys.stdin:
        print(json.dumps(typed(json.loads(line))), flush=True)
