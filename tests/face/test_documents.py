"""The JSON that other programs read: fixed names, a kind for every number, figures that fit each other."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.face.command import tileloom
from tests.face.networks import good, save
from tileloom.document import without_kind
from tileloom.hw.spec.config import load_target, presets
from tileloom.hw.spec.program import load_program
from tileloom.hw.spec.registers import Cause
from tileloom.sim.cycle.simulate import simulate

TARGET = "small"
EVERY = {"schema", "version", "command", "kinds", "problems"}
FIGURES = {
    "cycles",
    "macs",
    "utilisation",
    "dram_bytes",
    "dram_bytes_minimum",
    "roofline_efficiency",
    "latency_s",
    "gops",
    "energy_j",
    "power_w",
}
SIMULATE = FIGURES | {
    "interval_cycles",
    "macs_per_cycle_peak",
    "clock_hz",
    "interval_s",
    "frames_per_s",
    "layers",
}
VERIFY = {"frames", "mismatches", "cycles_simulated", "cycles_rtl", "trace_equal", "deviation", "layers"}
TARGETS = {"name", "macs_per_cycle_peak", "tiles", "lanes", "columns", "clock_hz", "bytes_per_cycle"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network, its program and frames for it."""
    place = tmp_path_factory.mktemp("documents")
    save(place, good())
    frames = np.random.default_rng(1).normal(0, 1, (5, 3, 8, 8)).astype(np.float32)
    np.savez(place / "frames.npz", x=frames)
    outcome = tileloom(
        "compile",
        place / "net.onnx",
        "--target",
        TARGET,
        "--output",
        place / "net.tlp",
        "--json",
        place / "compile.json",
    )
    assert outcome.status == 0, outcome.stderr
    return place


def document(*arguments: object) -> dict[str, Any]:
    """The JSON of a command that must succeed."""
    outcome = tileloom(*arguments, "--json", "-")
    assert outcome.status == 0, outcome.stderr
    found = outcome.document
    assert set(found) >= EVERY
    assert found["command"] == arguments[0]
    assert without_kind(found) == []
    return found


def test_targets() -> None:
    rows = document("targets")["targets"]
    assert [row["name"] for row in rows] == presets()
    for row in rows:
        assert set(row) >= TARGETS
        assert row["macs_per_cycle_peak"] == row["tiles"] * row["lanes"] * row["columns"]


def test_zoo() -> None:
    rows = document("zoo")["models"]
    assert [set(row) >= {"name", "macs", "parameters"} for row in rows] == [True, True]


def test_compile(folder: Path) -> None:
    found = document("compile", folder / "net.onnx", "--target", TARGET, "--output", folder / "again.tlp")
    assert (folder / "again.tlp").read_bytes() == (folder / "net.tlp").read_bytes(), "must be deterministic"
    assert found["macs"] == 8 * 8 * 4 * 27 == sum(layer["macs"] for layer in found["layers"])
    assert found["layers"][0]["source"] == "net.py:7"


@pytest.mark.parametrize("model", ["net.onnx", "net.tlp"])
def test_simulate(folder: Path, model: str) -> None:
    found = document("simulate", folder / model, "--target", TARGET, "--frames", 3)
    target = load_target(TARGET)
    assert set(found) >= SIMULATE
    cycles, macs = found["cycles"], found["macs"]
    assert macs == 8 * 8 * 4 * 27
    assert found["macs_per_cycle_peak"] == target.macs_per_cycle
    assert found["utilisation"] == pytest.approx(macs / (cycles * target.macs_per_cycle))
    assert found["dram_bytes_minimum"] == 4 * 27 + 3 * 64 + 4 * 64
    bound = max(macs / target.macs_per_cycle, found["dram_bytes_minimum"] / target.port_bytes)
    assert found["roofline_efficiency"] == pytest.approx(bound / cycles)
    assert found["latency_s"] == pytest.approx(cycles / target.clock_hz)
    assert found["frames_per_s"] == pytest.approx(1 / found["interval_s"])
    assert found["gops"] == pytest.approx(2e-9 * macs / found["latency_s"])
    assert found["dram_bytes"] > found["dram_bytes_minimum"]
    assert found["energy_low_j"] < found["energy_j"] < found["energy_high_j"]
    assert found["power_w"] == pytest.approx(found["energy_j"] / found["latency_s"])
    assert sum(found["energy_units_j"].values()) == pytest.approx(found["energy_j"])
    assert found["energy_basis"]


def test_layers_sum_to_the_frame(folder: Path) -> None:
    found = document("simulate", "digits_modern", "--target", "odd")
    layers = found["layers"]
    assert all(set(layer) >= FIGURES | {"name", "op", "source", "stall_cycles"} for layer in layers)
    assert sum(layer["cycles"] for layer in layers) == found["cycles"]
    assert sum(layer["macs"] for layer in layers) == found["macs"] == 475_456
    assert sum(layer["dram_bytes_minimum"] for layer in layers) == found["dram_bytes_minimum"]
    # What belongs to no layer: the instructions BEGIN and END.
    assert sum(layer["energy_j"] for layer in layers) == pytest.approx(found["energy_j"], rel=0.01)
    tileloom("compile", "digits_modern", "--target", "odd", "--output", folder / "odd.tlp")
    frame = simulate(load_program(folder / "odd.tlp")).frames[0]
    for cause in Cause:
        if cause is not Cause.RUN:
            in_layers = sum(layer["stall_cycles"].get(cause.name.lower(), 0) for layer in layers)
            assert in_layers == sum(tile[cause] for tile in frame.stalls), cause


def test_simulate_writes_results(folder: Path) -> None:
    arguments = ("simulate", folder / "net.tlp", "--input", folder / "frames.npz")
    document(*arguments, "--output", folder / "cycle.npz")
    found = document(*arguments, "--output", folder / "functional.npz", "--engine", "functional")
    assert (found["cycles"], found["utilisation"], found["layers"]) == (None, None, [])
    with np.load(folder / "cycle.npz") as one, np.load(folder / "functional.npz") as other:
        assert one["y"].shape == (5, 4, 8, 8)
        assert np.array_equal(one["y"], other["y"])


def test_verify(folder: Path) -> None:
    found = document(
        "verify", folder / "net.onnx", "--target", TARGET, "--engine", "cycle", "--input", folder / "frames.npz"
    )
    assert set(found) >= VERIFY
    assert (found["frames"], found["mismatches"]) == (5, 0)
    assert (found["cycles_rtl"], found["trace_equal"]) == (None, None)
    assert found["cycles_simulated"] == document("simulate", folder / "net.tlp")["cycles"]
    for deviation in (found["deviation"]["float"], found["deviation"]["onnxruntime"]):
        assert set(deviation) == {"max_abs", "rms", "snr_db"}
        assert deviation["snr_db"] > 25
    assert found["onnxruntime_level"] == "ORT_ENABLE_ALL"
    assert [set(layer) >= {"name", "mismatches", "deviation"} for layer in found["layers"]] == [True]


def test_verify_of_a_program(folder: Path) -> None:
    found = document("verify", folder / "net.tlp", "--engine", "rtl")
    assert (found["reference"], found["mismatches"], found["deviation"]) == ("functional simulator", 0, None)
    assert [comparison["engine"] for comparison in found["comparisons"]] == ["RTL"]


def test_disassemble(folder: Path) -> None:
    rows = document("disassemble", folder / "net.tlp")["instructions"]
    assert rows[0]["text"].startswith("BEGIN")
    assert rows[-1]["text"].startswith("END")
    assert [row["word"] for row in rows] == sorted({row["word"] for row in rows})


def test_bench(folder: Path) -> None:
    (row,) = document("bench", "lenet5", "--target", "mac25")["rows"]
    names = {"network", "target", "macs", "bytes_per_cycle", "memory_kb", "cycles", "value", "goal", "reached"}
    assert names < set(row)
    assert row["cycles"] <= 24_000
    assert row["reached"] is True
    assert row["value"] == pytest.approx(416_520 / (row["cycles"] * 25))
