"""Faults of the smart DMA: what is detected, that nothing is requested afterwards, and that a new start works."""

import dataclasses
import random

import pytest

from tests.hw_dma.bench import Run, run_all
from tests.hw_dma.compare import compare
from tests.hw_dma.descriptors import WINDOW_BYTES, random_words
from tests.hw_dma.model import Log, Model
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import MemoryModel, load_target
from tileloom.hw.spec.registers import Error

MEMORY = MemoryModel(read_latency=9, write_latency=6, pause_period=11, pause_cycles=3)
TARGET = dataclasses.replace(load_target("small"), memory=MEMORY)
MAPPED = dataclasses.replace(load_target("odd"), memory=MEMORY)
CYCLES = 700

LOAD = isa.Load(
    mask=1,
    address=0,
    advance=8,
    rows=1,
    rows_per_run=1,
    run_bytes=16,
    elements=4,
    take=4,
    write=4,
    last_take=4,
    last_write=4,
)
WEIGHTS = isa.Weights(mask=1, address=0, words=2, beats=4)
STORE = isa.Store(address=0, run_bytes=8)


def words(**lines: isa.Instruction) -> dict[str, list[int]]:
    """The words of every line; a LOAD goes to two."""
    if "addresses" in lines:
        lines["loader"] = lines["addresses"]
    names = ("addresses", "loader", "weights", "store")
    return {name: isa.encode(lines[name]) if name in lines else [] for name in names}


def good_run_after(fault: Run) -> None:
    """The faulty run, and after it one that goes exactly as if it were the first."""
    target = fault.target
    rng = random.Random(5)
    memory = rng.randbytes(WINDOW_BYTES)
    good = Run(target, memory, random_words(target, 3, 4), 3, CYCLES, (64, 400))
    run_all(target, [fault, good])
    compare(good.log, Model(target, memory, good.sent, 3).run(CYCLES, (64, 400), [True] * CYCLES))
    assert fault.drained
    assert not fault.memory.beats and not fault.memory.responses and not fault.memory.write_places


def requests_behind(log: Log, cycle: int) -> int:
    """Requests that were made behind a cycle, besides one of each kind that had been granted before."""
    return sum(
        max(0, sum(event[0] > cycle for event in log.get(kind, [])) - 1) for kind in ("request", "write request")
    )


OUTSIDE = {
    "load": words(addresses=dataclasses.replace(LOAD, address=WINDOW_BYTES - 12)),
    "load, unaligned": words(addresses=dataclasses.replace(LOAD, address=WINDOW_BYTES - 15)),
    "load, below": words(addresses=dataclasses.replace(LOAD, bands=2, band_stride=-4)),
    "weights": words(weights=dataclasses.replace(WEIGHTS, address=WINDOW_BYTES - 12)),
    "store": words(store=dataclasses.replace(STORE, address=WINDOW_BYTES - 7)),
    "store, far": words(store=dataclasses.replace(STORE, address=0xFFFF_FFFC)),
    "map that is not there": words(addresses=dataclasses.replace(LOAD, space=1)),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_bursts_outside_the_window_are_never_made(case: str) -> None:
    run = Run(TARGET, bytes(WINDOW_BYTES), OUTSIDE[case], 1, CYCLES)
    good_run_after(run)
    assert {code for _, code in run.log["error"]} == {Error.OUTSIDE_WINDOW}


def test_the_last_bytes_of_the_window_are_inside() -> None:
    lines = words(
        addresses=dataclasses.replace(LOAD, address=WINDOW_BYTES - 16),
        weights=dataclasses.replace(WEIGHTS, address=WINDOW_BYTES - 16),
        store=dataclasses.replace(STORE, address=WINDOW_BYTES - 8),
    )
    run = Run(TARGET, bytes(WINDOW_BYTES), lines, 1, CYCLES)
    run_all(TARGET, [run])
    assert "error" not in run.log
    assert run.log["state"][-1][1:] == (True, True, True, True, 1)


@pytest.mark.parametrize("over", [0, 1])
def test_the_map_buffer_ends_where_it_ends(over: int) -> None:
    size = MAPPED.map_bytes
    beats = dataclasses.replace(WEIGHTS, space=1, beats=2)
    cases = (
        words(addresses=dataclasses.replace(LOAD, space=1, address=size - 16 + over)),
        words(weights=dataclasses.replace(beats, address=size - 16 + 8 * over)),
        words(store=dataclasses.replace(STORE, space=1, address=size - 8 + over)),
    )
    for lines in cases:
        run = Run(MAPPED, bytes(WINDOW_BYTES), lines, 1, CYCLES)
        run_all(MAPPED, [run])
        assert {code for _, code in run.log.get("error", [])} == ({Error.OUTSIDE_WINDOW} if over else set())


def test_a_program_outside_the_window() -> None:
    run = Run(TARGET, bytes(WINDOW_BYTES), words(), 1, CYCLES, (WINDOW_BYTES - 64, 68))
    good_run_after(run)
    assert {code for _, code in run.log["error"]} == {Error.OUTSIDE_WINDOW}


ILLEGAL = {
    **{
        f"LOAD {name} 0": words(addresses=dataclasses.replace(LOAD, **{name: 0}))
        for name in ("bands", "parts", "blocks", "elements", "rows", "rows_per_run", "run_bytes")
    },
    **{
        f"LOAD {name} 5": words(addresses=dataclasses.replace(LOAD, **{name: 5}))
        for name in ("take", "write", "last_take", "last_write", "pad_write")
    },
    **{
        f"WEIGHTS {name} 0": words(weights=dataclasses.replace(WEIGHTS, **{name: 0}))
        for name in ("repeats", "portions", "parts", "words", "beats")
    },
    **{
        f"STORE {name} 0": words(store=dataclasses.replace(STORE, **{name: 0}))
        for name in ("outer", "inner", "parts", "subparts", "run_bytes")
    },
}


@pytest.mark.parametrize("case", ILLEGAL)
def test_illegal_descriptors_are_refused(case: str) -> None:
    run = Run(TARGET, bytes(WINDOW_BYTES), ILLEGAL[case], 1, 120)
    run_all(TARGET, [run])
    assert {code for _, code in run.log["error"]} == {Error.ILLEGAL_INSTRUCTION}
    assert "request" not in run.log and "write request" not in run.log and "release" not in run.log


@pytest.mark.parametrize("kind", ["read", "write"])
def test_errors_of_the_memory(kind: str) -> None:
    run = Run(TARGET, bytes(WINDOW_BYTES), random_words(TARGET, 4, 4), 4, CYCLES, (0, 600))
    getattr(run.memory, f"bad_{kind}s").add(4)
    good_run_after(run)
    at, code = run.log["error"][0]
    assert code == {"read": Error.READ_ERROR, "write": Error.WRITE_ERROR}[kind]
    assert requests_behind(run.log, at + 1) == 0


@pytest.mark.parametrize("seed", range(6))
def test_abort_ends_in_quiet(seed: int) -> None:
    at = 60 + 37 * seed
    run = Run(TARGET, bytes(WINDOW_BYTES), random_words(TARGET, seed, 8), seed, CYCLES, (0, 2000), abort_at=at)
    good_run_after(run)
    assert requests_behind(run.log, at + 1) == 0
    # Slot reads from the cycle of the halt on are written without strobes: three cycles on the way, four in the queue.
    strobes = [event[1] for event in run.log.get("write", []) if event[0] > at + 20]
    assert not any(strobes)
    assert not any(kind.startswith("claim") and event[0] > at + 1 for kind in run.log for event in run.log[kind])


def test_abort_in_the_middle_of_a_write_burst() -> None:
    lines = words(store=dataclasses.replace(STORE, run_bytes=60))
    before = Run(TARGET, bytes(WINDOW_BYTES), lines, 1, CYCLES)
    run_all(TARGET, [before])
    assert len(before.log["write"]) == 15
    begin = before.log["write request"][0][0]
    run = Run(TARGET, bytes(WINDOW_BYTES), lines, 1, CYCLES, abort_at=begin + 4)
    good_run_after(run)
    # The burst has all its beats; those read from the halt on write nothing.
    assert [event[0] for event in run.log["write"]] == [event[0] for event in before.log["write"]]
    strobes = [event[1] for event in run.log["write"]]
    assert strobes[0] == 0xF and strobes[-1] == 0 and strobes == sorted(strobes, reverse=True)
