"""The page of the hardware itself: timeline, trace and stalls from the RTL, equal to the cycle simulator's."""

import json
import re
from pathlib import Path

import pytest

from tests.report.kinds_walk import KindsWalk
from tileloom import api
from tileloom.document import Kind, without_kind
from tileloom.verbs.report import ReportDocument

TARGET = "small"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, ReportDocument]]:
    """By engine, the folder with page, table and trace of digits_modern, and the document."""
    made = {}
    for engine in ("cycle", "rtl"):
        folder = tmp_path_factory.mktemp(engine)
        made[engine] = (
            folder,
            api.report(
                "digits_modern",
                target=TARGET,
                engine=engine,
                wants=("cycles<=1e6",),
                output=folder / "output.out",
                csv=folder / "csv.out",
                trace=folder / "trace.out",
            ),
        )
    return made


def test_traces_are_equal(both: dict[str, tuple[Path, ReportDocument]]) -> None:
    simulated, hardware = ((both[engine][0] / "trace.out").read_bytes() for engine in ("cycle", "rtl"))
    events = json.loads(hardware)["traceEvents"]
    kinds = {kind: sum(event.get("cat") == kind for event in events) for kind in ("job", "wait")}
    assert kinds["job"] >= 7 and kinds["wait"] > 100
    assert simulated == hardware


def test_tables_are_equal(both: dict[str, tuple[Path, ReportDocument]]) -> None:
    simulated, hardware = ((both[engine][0] / "csv.out").read_text() for engine in ("cycle", "rtl"))
    assert simulated == hardware


def test_figures_are_the_hardwares(both: dict[str, tuple[Path, ReportDocument]]) -> None:
    (_, simulated), (folder, hardware) = both["cycle"], both["rtl"]
    assert hardware.simulate.cycles == simulated.simulate.cycles
    assert hardware.simulate.layers == simulated.simulate.layers
    document = hardware.to_json()
    assert without_kind(document) == []
    for name in ("cycles", "latency_s", "layers[].cycles", "layers[].stall_cycles"):
        assert document["kinds"][f"simulate.{name}"] == Kind.RTL
        assert document["simulate"]["kinds"][name] == Kind.RTL
    assert document["kinds"]["simulate.energy_j"] == Kind.ESTIMATED
    page = (folder / "output.out").read_text()
    assert KindsWalk(page).faults == []
    assert re.search(r'<div class="fact" data-kind="RTL">cycles<b>', page)
    assert "Verilog, SHA-256" in page


def test_drawings_are_equal_but_for_the_kind(both: dict[str, tuple[Path, ReportDocument]]) -> None:
    one, other = ((both[engine][0] / "output.out").read_text() for engine in ("cycle", "rtl"))
    drawings = [re.findall(r"<svg .*?</svg>", page, re.DOTALL) for page in (one, other)]
    assert len(drawings[0]) > 6
    assert drawings[0] == drawings[1]
