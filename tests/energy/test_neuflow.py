"""The ancestor's size and precision as a 45 nm chip, at the ancestor's throughput."""

import json
import sys

import pytest

from benchmarks import neuflow_power
from benchmarks.neuflow_power import PARTS, chip_power


@pytest.mark.full
def test_power_of_the_chip_at_150_gops(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Published for the neuFlow ASIC: 0.5 W, simulated. Nothing here is fitted to it."""
    power = chip_power(gops=150.0)
    assert power.sustained_gops >= 150.0
    assert 0.25 < power.total.value < 1.0
    assert power.total.low < power.total.value < power.total.high
    assert set(power.parts) == set(PARTS)
    assert all(figure.value > 0 for figure in power.parts.values())
    assert power.total.value == pytest.approx(sum(figure.value for figure in power.parts.values()))
    assert power.memory.value > 0
    with pytest.raises(ValueError, match=r"sustains 15\d\.\d GOP/s on the scene parser, not 200"):
        chip_power(gops=200.0)
    monkeypatch.setattr(neuflow_power, "chip_power", lambda *_: power)
    monkeypatch.setattr(sys, "argv", ["neuflow_power", "--json"])
    neuflow_power.main()
    assert json.loads(capsys.readouterr().out)["total"]["value"] == power.total.value


def test_no_number_of_the_table_names_neuflow() -> None:
    from tileloom.sim.energy.technology import load_technology

    assert not [n.name for n in load_technology("asic45").numbers.values() if "neuflow" in n.source.lower()]
