"""Who occupies memory and map buffer, against a count byte by byte; lines, heat maps and energy of tiles add up."""

import numpy as np
import pytest

from tileloom.compilation import Compiled, compiled
from tileloom.hw.spec.isa import Space
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Cause
from tileloom.model_argument import find
from tileloom.report.floor import heat_maps, occupied_lines
from tileloom.report.lives import Holding, in_cycles, lives, occupancy, touched
from tileloom.report.memory import occupied
from tileloom.report.tile_energy import TILE_EVENTS, tile_events
from tileloom.sim.cycle.simulate import simulate

MADE = (("digits_modern", "default"), ("digits_modern", "odd"), ("lenet5", "neuflow"))


@pytest.fixture(scope="module", params=MADE)
def made(request: pytest.FixtureRequest) -> Compiled:
    model, target = request.param
    return compiled(find(model), target)


def alive(program: Program, space: int, size: int) -> np.ndarray:
    """For every layer and byte whether something lies there that is still read or is the network's output."""
    reads, writes = touched(program)
    needed = np.zeros(size, bool)
    for tensor in program.outputs:
        if tensor.space == space:
            needed[tensor.address : tensor.address + tensor.size_bytes] = True
    rows = []
    for read, write in zip(reversed(reads), reversed(writes), strict=True):
        row = needed.copy()
        for where, start, end in write:
            if where == space:
                row[start:end] = True
                needed[start:end] = False
        for where, start, end in read:
            if where == space:
                row[start:end] = needed[start:end] = True
        rows.append(row)
    filled = np.zeros(size, bool)
    for tensor in program.inputs:
        filled[tensor.address : tensor.address + tensor.size_bytes] |= tensor.space == space
    for row, write in zip(reversed(rows), writes, strict=True):
        for where, start, end in write:
            filled[start:end] |= where == space
        row &= filled  # what nobody has written yet holds nothing, whoever reads it
    return np.array(rows[::-1])


@pytest.mark.parametrize("space", [Space.MEMORY, Space.MAP])
def test_against_every_byte(made: Compiled, space: Space) -> None:
    program = made.program
    size = program.memory_bytes if space == Space.MEMORY else program.target.map_bytes
    wanted = alive(program, space, size)
    found = np.zeros_like(wanted)
    for life in lives(program):
        if life.space == space:
            part = found[max(life.first, 0) : life.last + 1, life.start : life.end]
            assert not part.any(), "no byte holds two things"
            part[:] = True
    assert np.array_equal(found, wanted)
    assert found.any() or (space == Space.MAP and not program.target.map_bytes)


def test_inputs_and_outputs_are_there(made: Compiled) -> None:
    program = made.program
    found = lives(program)
    inputs = [life for life in found if life.holding is Holding.INPUT]
    outputs = [life for life in found if life.holding is Holding.OUTPUT]
    assert sum(life.end - life.start for life in inputs) == sum(tensor.size_bytes for tensor in program.inputs)
    assert sum(life.end - life.start for life in outputs) <= sum(tensor.size_bytes for tensor in program.outputs)
    assert all(life.first == -1 for life in inputs)
    assert {life.maker for life in outputs} == {tensor.layer for tensor in program.outputs}


def test_occupancy_fits_and_comes_to_an_end(made: Compiled) -> None:
    program = made.program
    frame = simulate(program).frames[0]
    spans = in_cycles(lives(program), program, frame)
    for space in (Space.MEMORY, Space.MAP):
        steps = occupancy(spans, space)
        assert all(level >= 0 for _, level in steps)
        assert not steps or (steps[-1][1] == 0 and steps[-1][0] <= frame.cycles)
    shown = {space.name: space for space in occupied(program, frame)}
    assert shown["memory"].peak <= shown["memory"].capacity
    assert ("map buffer" in shown) == any(life.space == Space.MAP for life in lives(program))
    assert all(space.drawing.startswith("<svg ") for space in shown.values())


def test_events_of_tiles_sum_to_the_frame(made: Compiled) -> None:
    program = made.program
    result = simulate(program)
    tiles = [tile_events(program, tile) for tile in range(program.target.tiles)]
    for name in TILE_EVENTS:
        assert sum(tile[name] for tile in tiles) == result.events[name], name


def test_lines_carry_what_they_can(made: Compiled) -> None:
    program = made.program
    result = simulate(program)
    frame = result.frames[0]
    lines = occupied_lines(program, result.events, frame.cycles)
    shares = (lines.memory_reads, lines.memory_writes, lines.map_reads, lines.map_writes, lines.activations)
    assert all(0 <= share <= 1 for share in (*shares, lines.weights, lines.results, *lines.local.values()))
    assert lines.memory_reads * frame.cycles * program.target.port_bytes == pytest.approx(
        sum(count for name, count in result.events.items() if name.startswith("memory_"))
        - result.events["memory_result_bytes"]
    )
    maps = heat_maps(program.target, frame, "simulated", [1.0] * program.target.tiles, "estimated")
    causes = {cause for cause in Cause if any(stalls.get(cause) for stalls in frame.stalls)}
    assert len(maps) == len(causes) + 1
