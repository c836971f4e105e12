"""What stands on a terminal of 80 columns: codes that can be copied, words instead of codes, complaints in Chinese."""

import json
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rich.cells import cell_len
from rich.console import Console
from tests.lanes.house import House

from zhika.cli import books, complaints, doing, looking, screen
from zhika.engine import plastic
from zhika.errors import ConfigurationError, Refused
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.mail import Outbox
from zhika.ledger.places import Case, Handover
from zhika.ledger.standing import standings
from zhika.seat.introduction import welcome

SERIALS = [f"QZ26{n:09}" for n in range(1, 4)]


def terminal(width: int) -> Console:
    return Console(width=width, highlight=False, force_terminal=True, no_color=True)


def plain(text: str) -> str:
    """What stands on the screen, without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture
def batch(house: House, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """A batch of which three cards left; lists go to a terminal of 80 columns."""
    batch = house.batch()
    for card, serial in zip(Card.objects.filter(batch=batch), SERIALS, strict=False):
        Card.objects.filter(pk=card.pk).update(serial=serial)
        plastic.fail(batch, {card.application_ref: "area-differs"}, step="finish", source="icbc")
    for module in (looking, doing, books):
        monkeypatch.setattr(module, "here", lambda: house.seat)
    for module in (screen, doing):
        monkeypatch.setattr(module, "OUT", terminal(80))
    return batch


def test_codes_and_serials_never_break_and_lanes_and_steps_are_in_words(
    batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    looking.exceptions()
    looking.steps()
    looking.batches()
    said = plain(capsys.readouterr().out)
    assert all(len(line) <= 80 for line in said.splitlines())
    refs = Card.objects.filter(serial__in=SERIALS).values_list("application_ref", flat=True)
    for code in (batch.code, *SERIALS, *refs):
        assert code in said
    for word in ("finish", "integrator", "centre", "urban-batch"):
        assert word not in said
    assert "易联众" in said


COLUMNS = ("申请编号", "业务", "原卡", "结局")
ENDED = "重新发起 [A26112500000003], 已领取"
ROWS = (("A26112300000017", "损坏补换", "QZ26000000017", ENDED), ("A26112300000018", "", "", ""))
ROOM = 15 + 2 + 8 + 2 + 13 + 2 + 16
"""Cells: codes and short words as they are, running text folded, gaps between."""


@pytest.mark.parametrize("width", [ROOM, ROOM - 1, 20])
def test_a_table_that_does_not_fit_is_told_row_by_row_and_no_code_breaks(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    screen.show("申请", COLUMNS, ROWS, out=terminal(width))
    lines = plain(capsys.readouterr().out).splitlines()
    for code in ("A26112300000017", "QZ26000000017", "A26112500000003", "A26112300000018"):
        assert any(code in line for line in lines)
    if width == ROOM:
        assert max(map(cell_len, lines)) <= width
    else:
        assert lines[1:] == [
            "", "A26112300000017", "  业务  损坏补换", "  原卡  QZ26000000017", f"  结局  {ENDED}",
            "", "A26112300000018",
        ]  # fmt: skip


def test_a_code_within_a_text_breaks_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    code = "A1-02-261123-01~card-list+2"
    screen.show("交接", ("单据", "说明"), [("制卡清单", f"见 {code} 第 3 行")] * 2, out=terminal(30))
    assert plain(capsys.readouterr().out).count(code) == 2


def test_the_headings_of_the_help_are_chinese(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "zhika.cli.main", "demo", "--help"], cwd=tmp_path,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert "选项" in done.stdout and "[默认: demo]" in done.stdout and "Options" not in done.stdout


def test_without_a_standard_output_a_command_still_runs(tmp_path: Path) -> None:
    done = subprocess.run(["sh", "-c", f"{sys.executable} -m zhika.cli.main flows >&-"], cwd=tmp_path,
                          capture_output=True, text=True)  # fmt: skip
    assert "Traceback" not in done.stderr


def test_into_a_pipe_a_table_is_as_wide_as_it_is() -> None:
    pipe = StringIO()
    screen.show("申请", COLUMNS, ROWS, total=("合计", "2", "", ""), out=screen.console(pipe))
    lines = pipe.getvalue().splitlines()
    assert any(f"A26112300000017  损坏补换  QZ26000000017  {ENDED}" in line for line in lines)
    assert [line.split() for line in lines if line.strip()][-1] == ["合计", "2"]


def test_a_closed_batch_still_says_how_many_cards_wait_and_are_not_active(
    house: House, batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = timezone.now()
    Batch.objects.update(closed_at=now)
    alive = list(Card.objects.filter(failure=None))
    gone = Card.objects.exclude(failure=None)[0]
    told = [(alive[0], "hand_out"), (alive[0], "collected"), (alive[1], "hand_out"), (alive[0], "activated")]
    for card, kind in (*told, (gone, "hand_out")):
        CardEvent.objects.create(card=card, kind=kind, happened_at=now, booked_day=now.date(), by="test")
    handover = Handover.objects.create(
        code="h", from_organisation=batch.office, to_organisation=batch.office, group=plastic.batch_group(batch),
        batch=batch, given=1, given_at=now,
    )  # fmt: skip
    Case.objects.create(kind="missing", handover=handover, opened_at=now)
    Case.objects.create(kind="missing", handover=handover, opened_at=now, closed_at=now)
    Case.objects.create(kind="missing", batch=batch, count="PD-1", organisation=batch.office, opened_at=now)
    with CaptureQueriesContext(connection) as queries:
        (row,) = standings()
    assert (row.failed, row.waiting, row.inactive, row.missing) == (3, 1, 2, 2)
    assert len(queries) == 4
    looking.batches()
    head, _, line = [line for line in plain(capsys.readouterr().out).splitlines() if line.strip()][1:4]
    assert head.split()[-6:] == ["人数", "退出", "制卡", "待领", "未激活", "短少"]
    assert line.split()[-6:] == ["6", "3", "已结", "1", "2", "2"]


def test_what_is_not_there_is_named_and_never_an_empty_list(house: House, batch: Batch) -> None:
    for look in (looking.steps, books.books):
        with pytest.raises(ConfigurationError, match=r"没有批次 A1-nowhere.*zhika batches"):
            look(batch="A1-nowhere")
    with pytest.raises(Refused, match=r"nowhere\.json: 文件不存在"):
        welcome(house.seat, Path("nowhere.json"), ())


def test_an_empty_todo_list_names_its_seat(house: House, batch: Batch, capsys: pytest.CaptureFixture[str]) -> None:
    doing.todo(lane="unit")
    assert plain(capsys.readouterr().out) == f"{house.seat.title} 主管部门、乡镇: 没有待办。\n"


def test_mail_is_told_in_words(house: House, batch: Batch, capsys: pytest.CaptureFixture[str]) -> None:
    Outbox.objects.create(peer="icbc", number=1, document="production-data", payload_sha256="0" * 64, manifest=b"",
                          signature=b"")  # fmt: skip
    looking.mail()
    said = capsys.readouterr().out
    assert "制卡数据" in said and "待寄" in said
    assert "production-data" not in said and "waiting" not in said


def test_work_prints_a_line_in_chinese_for_each_thing_done_and_json_only_when_asked(
    house: House, batch: Batch, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doing.signal, "signal", lambda *_: None)
    doing.work()
    said = capsys.readouterr().out.splitlines()
    assert said and not any("{" in line for line in said)
    assert any(batch.code in line and "→" in line for line in said)
    house.stock(8)
    house.lot(house.people[:2])
    doing.work(as_json=True)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(event["seat"] == house.seat.name for event in told)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("tod", "没有命令 tod。是否要 todo"), ("todo --lan x", "没有选项 --lan。是否要 --lane"), ("do", "缺少 事项"),
        ("init x", "缺少选项 --seat"), ("init x --seat bnk --name a", "--seat 可用: platform、bank、supplier"),
        ("work extra", "多出 extra"), ("do x --by", "选项 --by 后面须有内容"), ("town x --people 3", "--people 至少 8"),
        ("town x --people ab", "--people 应为整数"),
    ],
)  # fmt: skip
def test_what_was_typed_wrongly_is_told_in_chinese(words: str, said: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zhika.cli.main", *words.split()], cwd=tmp_path, capture_output=True, text=True,
        env={k: v for k, v in os.environ.items() if k not in ("ZHIKA_HOME", "DJANGO_SETTINGS_MODULE")},
    )  # fmt: skip
    assert done.returncode == 2
    assert said in done.stderr and "用法: zhika" in done.stderr


def test_a_complaint_that_is_new_to_us_stays_as_it_is() -> None:
    assert complaints.in_chinese("Something else.") == "Something else."
