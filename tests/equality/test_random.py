"""Random layers and programs through all engines: the same bytes, and the same cycles, traces and stalls."""

import pytest

from tests.equality.memories import MEMORIES
from tests.equality.run import main
from tests.equality.sweep import TARGETS, Report, summary, sweep

LAYERS, PROGRAMS = 12, 25
"""Of each target, in ``make test``; the longer tests run 500 and 1,000."""
CHUNKS = 10
MOST_REFUSED = 0.05
"""Greatest share of layers that a target may refuse for its size."""


def accept(report: Report, layers: int, programs: int) -> None:
    """No difference, nothing left out; refusals are printed and few."""
    print(*report.layers.refusals, sep="\n")
    print(f"{report.target}: layers: {summary(report.layers)}; programs: {summary(report.programs)}")
    assert not report.differences, "\n".join(report.differences)
    assert report.programs.run == programs
    assert report.layers.run + len(report.layers.refusals) == layers
    assert len(report.layers.refusals) <= max(1, MOST_REFUSED * layers)


@pytest.mark.parametrize("target", TARGETS)
def test_layers(target: str) -> None:
    accept(sweep(target, range(LAYERS), ()), LAYERS, 0)


@pytest.mark.parametrize("target", TARGETS)
def test_programs(target: str) -> None:
    accept(sweep(target, (), range(PROGRAMS)), 0, PROGRAMS)


@pytest.mark.parametrize("memory", MEMORIES)
def test_programs_of_every_memory(memory: str) -> None:
    accept(sweep("small", (), range(PROGRAMS), memory=memory), 0, PROGRAMS)


@pytest.mark.full
@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("target", ["small", "odd"])
def test_thousand_programs_of_every_memory(target: str, memory: str) -> None:
    accept(sweep(target, (), range(5000, 6000), memory=memory), 0, 1000)


@pytest.mark.full
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("target", TARGETS)
def test_fifty_layers(target: str, chunk: int) -> None:
    accept(sweep(target, range(50 * chunk, 50 * chunk + 50), ()), 50, 0)


@pytest.mark.full
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("target", TARGETS)
def test_hundred_programs(target: str, chunk: int) -> None:
    accept(sweep(target, (), range(100 * chunk, 100 * chunk + 100)), 0, 100)


def test_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    """The command that messages ask for: one layer, as JSON."""
    assert main(["--target", "small", "--layers", "1", "--programs", "0", "--seed", "7", "--json", "-"]) == 0
    printed = capsys.readouterr()
    assert '"differing": 0' in printed.out
    assert "small: layers: 1 run, 0 differ" in printed.err
