"""`zhika where`, `audit`, `recall` as people type them: what they print, and what they never print."""

import io
import json
from pathlib import Path

import pytest
import typer

from tests.lanes.house import House
from tests.lanes.platform import journey
from zhika.cli import auditing, recalling, where
from zhika.errors import ConfigurationError, NotAllowed
from zhika.flows.lanes import Lane
from zhika.ledger.cards import Card
from zhika.people.models import Application, Person
from zhika.seat.config import Seat


@pytest.fixture(autouse=True)
def _seat(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (where, auditing, recalling):
        monkeypatch.setattr(module, "here", lambda: house.seat)


def unmasked(printed: str) -> list[str]:
    """Names and ID numbers of people that stand in what was printed."""
    told = Person.objects.values_list("id_no", "name")
    return [value for row in told for value in row if value in printed]


def test_an_id_number_is_read_from_standard_input_and_never_from_the_command(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = journey.personalised(house)
    number = journey.first(batch).person.id_no
    with pytest.raises(NotAllowed, match="命令历史") as caught:
        where.where(number)
    assert number not in str(caught.value)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{number}\n"))
    where.where("-")
    printed = capsys.readouterr().out
    assert journey.first(batch).ref in printed and unmasked(printed) == []


def test_both_ways_of_printing_tell_the_same_and_nothing_unmasked(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = journey.at_the_bank(house)
    ref = journey.first(batch).ref
    where.where(ref)
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("12 读芯片", "下一步: 13 提交制卡清单", "已开户", "制卡信息文档", "良品"))
    where.where(ref, as_json=True)
    machine = capsys.readouterr().out
    (one,) = json.loads(machine)["applications"]
    assert (one["row"]["number"], one["next"][0]["number"], one["plastic"]["state"]) == (12, 13, "good")
    assert one["promise"]["batches"] == 0 and one["bank"]["life"] == "opened"
    assert unmasked(printed + machine) == []


def test_a_seat_without_people_sends_the_question_to_the_platform(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = Seat(**{**vars(house.seat), "lanes": frozenset({Lane.BANK})})
    asked = {where: lambda: where.where("A1"), auditing: auditing.audit, recalling: lambda: recalling.recall(batch="B")}
    for module, ask in asked.items():
        monkeypatch.setattr(module, "here", lambda: bank)
        with pytest.raises(NotAllowed, match="平台席位"):
            ask()


def test_the_audit_ends_in_words_and_in_the_exit_code(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    auditing.audit()
    assert capsys.readouterr().out.strip() == "还没有批次。"
    batch = journey.delivered(house)
    auditing.audit(batch=batch.code)
    assert "一致: 人、申请、卡、账号、实物相符。" in capsys.readouterr().out
    Card.objects.filter(batch=batch, line=2).update(serial="QZ26000099999")
    with pytest.raises(typer.Exit) as ended:
        auditing.audit()
    printed = capsys.readouterr().out
    assert ended.value.exit_code == 1 and "不一致: 3 处差异" in printed and unmasked(printed) == []
    with pytest.raises(typer.Exit):
        auditing.audit(as_json=True)
    (told,) = json.loads(capsys.readouterr().out)
    assert not told["agrees"] and {x["code"] for x in told["differences"]} == {"serial-differs"}
    with pytest.raises(ConfigurationError, match="没有批次"):
        auditing.audit(batch="nowhere")


def test_a_recall_is_printed_in_short_and_written_whole(
    house: House, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = journey.personalised(house)
    monkeypatch.setattr(recalling, "SHOWN", 2)
    recalling.recall(batch=batch.code, csv_file=tmp_path / "召回.csv")
    printed, written = capsys.readouterr().out, (tmp_path / "召回.csv").read_text(encoding="utf-8")
    assert "其余 4 张" in printed and "有效 6 张" in printed and unmasked(printed + written) == []
    assert written.splitlines()[0].split(",")[0] == "subject" and len(written.splitlines()) == 7
    recalling.recall(batch=batch.code, as_json=True)
    assert len(json.loads(capsys.readouterr().out)) == 6
    Card.objects.update(serial=None)
    recalling.recall(batch=batch.code)
    assert "没有已制成的卡受影响" in capsys.readouterr().out


def test_a_person_of_no_card_yet_is_told_the_term(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    batch = house.batch()
    Application.objects.filter(batch_code=batch.code).update(batch_code="")
    Card.objects.all().delete()
    where.where(Application.objects.order_by("ref")[0].ref)
    printed = capsys.readouterr().out
    assert "尚无已结批次的记录, 按规定期限" in printed and "下一步: 2 提交制卡数据" in printed
