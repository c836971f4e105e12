"""No code of the platform's lanes, nor what they import, reads a stripe or the financial application."""

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp

from tests.city.city import REPOSITORY
from zhika.flows.lanes import PLATFORM

STRIPE = {"stripe", "read_stripe", "write_stripe", "tracks", "tracks_of", "financial"}


def test_no_code_of_the_platforms_lanes_reads_a_stripe_or_the_financial_application() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{line} {name}"
        for lane in sorted(PLATFORM)
        for path in sorted((REPOSITORY / "src" / "zhika" / "lanes" / lane).rglob("*.py"))
        for line, name in _names(path)
        if name in STRIPE
    ]
    assert found == []


def test_nothing_that_the_platforms_lanes_import_leads_to_them_either() -> None:
    graph = grimp.build_graph("zhika", include_external_packages=False)
    for lane in sorted(PLATFORM):
        package = f"zhika.lanes.{lane}"
        reached = {
            module for own in {package, *graph.find_descendants(package)} for module in graph.find_upstream_modules(own)
        }
        assert not reached & {"zhika.card.stripe", "zhika.card.chip.financial", "zhika.card.cvv"}, lane
        # The tray has a stripe head, as every machine's bench: whoever is reached besides it must not touch it.
        for module in sorted(reached - {"zhika.card.tray"}):
            path = REPOSITORY / "src" / Path(*module.split("."))
            source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            assert not {"read_stripe", "write_stripe"} & {name for _, name in _names(source)}, module


def test_the_search_for_names_sees_what_a_bank_does() -> None:
    bank = REPOSITORY / "src" / "zhika" / "lanes" / "bank" / "finishing.py"
    assert {"stripe", "read_stripe", "write_stripe", "financial"} <= {name for _, name in _names(bank)}


def _names(path: Path) -> Iterator[tuple[int, str]]:
    """Every name, attribute and imported module of a source file, by line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            for name in (module, *(alias.name for alias in node.names)):
                yield from ((node.lineno, part) for part in name.split("."))
