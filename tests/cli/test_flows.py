"""`zhika flows` as a person or a program types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from lxml import etree
from typer.testing import CliRunner

from zhika.cli.flows import flows
from zhika.errors import ConfigurationError
from zhika.flows import FLOWS

KEYS = ["number", "lane", "title", "kind", "grain", "box", "work", "sends", "awaits"]


def run(*arguments: str) -> str:
    app = typer.Typer()
    app.command()(flows)
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_without_a_name_the_six_are_listed() -> None:
    listed = run()
    for chart in FLOWS.values():
        assert chart.name in listed and chart.title in listed


@pytest.mark.parametrize("name", FLOWS)
def test_json_is_a_list_of_rows_with_exactly_the_nine_keys(name: str) -> None:
    rows = json.loads(run(name, "--json"))
    assert [list(row) for row in rows] == [KEYS] * len(FLOWS[name].steps)
    assert [(r["number"], r["lane"], r["work"]) for r in rows] == [
        (s.number, s.lane, s.work) for s in FLOWS[name].steps
    ]
    assert all(isinstance(code, str) for r in rows for code in r["sends"] + r["awaits"])


def test_a_name_prints_each_row_in_full() -> None:
    printed = run("urban-new")
    assert "填制参保表格并提供一寸免冠彩照" in printed and "号码对应关系" in printed and "逐件" in printed


def test_svg_and_bpmn_are_written_to_the_files_named(tmp_path: Path) -> None:
    run("rural-batch", "--svg", str(tmp_path / "a.svg"), "--bpmn", str(tmp_path / "a.bpmn"))
    assert etree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    assert etree.parse(tmp_path / "a.bpmn").getroot().tag.endswith("definitions")


def test_an_unknown_name_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(ConfigurationError, match="urban-batch"):
        run("urban")


def test_a_picture_without_a_chart_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="流程名称"):
        run("--svg", str(tmp_path / "a.svg"))


def test_help_shows_an_example() -> None:
    assert "zhika flows urban-batch --svg" in run("--help")


def test_the_charts_are_listed_without_django() -> None:
    code = "import sys, zhika.cli.flows; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
