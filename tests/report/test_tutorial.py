"""The tutorial: every cell runs in order, in an empty folder, and what it shows is a table that needs nothing else."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.float_in_process import float_runs_in_process
from tests.import_edges import ROOT
from tests.report.self_contained import faults

NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"
SHOWN = 9
"""Cells at least whose value shows itself."""


def cells(notebook: dict[str, Any], kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does; the value of its last expression, None where it ends otherwise."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    if last is None:
        return None
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)


def test_form() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    identities = [cell["id"] for cell in notebook["cells"]]
    assert len(set(identities)) == len(identities)
    assert all(cell["cell_type"] in ("markdown", "code") for cell in notebook["cells"])
    # What a cell shows is made when it runs: figures that stand in the file could be those of another version.
    assert all(
        cell["outputs"] == [] and cell["execution_count"] is None for cell in notebook["cells"] if "outputs" in cell
    )


def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TILELOOM_CACHE", str(tmp_path / "cache"))
    names: dict[str, Any] = {"__name__": "__main__"}
    shown = []
    with float_runs_in_process():
        for source in cells(json.loads(NOTEBOOK.read_text(encoding="utf-8")), "code"):
            value = run_cell(source, names)
            if value is not None:
                shown.append(value._repr_html_())
    assert len(shown) >= SHOWN
    assert [faults(html) for html in shown] == [[]] * len(shown)
    assert {"digits.tlp", "digits.html", "mine.toml", "explored"} <= {path.name for path in tmp_path.iterdir()}
    assert "multipliers busy (simulated)" in capsys.readouterr().out
