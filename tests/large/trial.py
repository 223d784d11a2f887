"""A whole trial of a large network: built, checked, calibrated, compiled, simulated, and compared at every tensor."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tileloom.comparison import count_mismatches
from tileloom.compiler import frontend
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import IntegerGraph
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Error
from tileloom.models.light import PIXEL_DEVIATION, light_model, random_images
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run

Codes = npt.NDArray[np.int8]
Made = TypeVar("Made")

CALIBRATION_FRAMES = 2
LEAST_SHARE = 0.2
"""Elements of every value that must be neither 0 nor its least nor its greatest value."""
LEAST_VALUES = 32
"""Different codes that every value must have."""


@dataclass(frozen=True)
class Trial:
    """Figures of one network, and what is wrong with it: elements that differ, and values too poor to prove much."""

    network: str
    target: str
    seed: int
    quantise_seconds: float
    compile_seconds: float
    cycle_seconds: float
    functional_seconds: float
    reference_seconds: float
    peak_bytes: int
    """Of the whole process so far."""
    compile_bytes: int
    """The same, right behind the compilation without taps."""
    macs: int
    cycles: int
    utilisation: float
    tensors: int
    elements: int
    mismatches: int
    poor: tuple[str, ...]


def try_network(name: str, target: Target, seed: int) -> Trial:
    """Compile with and without taps, run both on one random image, and compare every tensor with the reference."""
    (graph, values), quantise_seconds = _timed(lambda: quantised(name, seed))
    program, compile_seconds = _timed(lambda: compile_graph(graph, target))
    compile_bytes = peak_bytes()
    timed, cycle_seconds = _timed(lambda: simulate(program))
    codes = random_codes(graph, seed)
    expected, reference_seconds = _timed(lambda: evaluate(graph, codes))
    found, functional_seconds = _timed(lambda: tensors_of(program, codes))
    tapped = tensors_of(compile_graph(graph, target, taps=True), codes)
    cycles, macs = timed.frames[0].cycles, sum(job.macs for job in program.jobs)
    return Trial(
        network=name,
        target=target.name,
        seed=seed,
        quantise_seconds=quantise_seconds,
        compile_seconds=compile_seconds,
        cycle_seconds=cycle_seconds,
        functional_seconds=functional_seconds,
        reference_seconds=reference_seconds,
        peak_bytes=peak_bytes(),
        compile_bytes=compile_bytes,
        macs=macs,
        cycles=cycles,
        utilisation=macs / (cycles * target.macs_per_cycle),
        tensors=len(found) + len(tapped),
        elements=sum(codes.size for part in (found, tapped) for codes in part.values()),
        mismatches=sum(
            count_mismatches(expected[tensor], codes) for part in (found, tapped) for tensor, codes in part.items()
        ),
        poor=tuple(
            f"{tensor}: {why}" for tensor in expected if tensor in values and (why := poverty(expected[tensor]))
        ),
    )


def quantised(name: str, seed: int) -> tuple[IntegerGraph, frozenset[str]]:
    """The integer graph of a light network, calibrated on random images, and the names of the network's own values."""
    model = light_model(name, seed)
    network = frontend.take_model(model, name)
    graph = frontend.quantise(network, random_images(model, CALIBRATION_FRAMES, seed + 1), seed)
    return graph, frozenset(network.shapes)


def random_codes(graph: IntegerGraph, seed: int) -> dict[str, Codes]:
    """One random frame of the inputs that calibration saw, so that what follows is as it was there."""
    random = np.random.default_rng(seed + 2)
    found = {}
    for tensor in (graph.tensors[name] for name in graph.inputs):
        reals = random.standard_normal((1, tensor.channels, tensor.height, tensor.width)) * PIXEL_DEVIATION
        codes = np.rint(reals / tensor.scale) + tensor.zero_point
        found[tensor.name] = np.clip(codes, tensor.low, tensor.high).astype(np.int8)
    return found


def tensors_of(program: Program, codes: dict[str, Codes]) -> dict[str, Codes]:
    """All tensors that the functional engine can show of a program; it must end well."""
    result = run(program, codes, taps=True)
    assert result.error is Error.NONE, f"{program.name} halts with {result.error.name}"
    return {**result.taps, **result.outputs}


def poverty(codes: Codes) -> str:
    """What a tensor lacks to be a fair test; empty where nothing.

    >>> poverty(np.arange(-100, 100).astype(np.int8)), poverty(np.zeros(100, np.int8))
    ('', '0.00 of the elements lie between the limits, 1 values')
    """
    inside = (codes != 0) & (codes != codes.min()) & (codes != codes.max())
    share, values = float(inside.mean()), len(np.unique(codes))
    if share >= LEAST_SHARE and values >= LEAST_VALUES:
        return ""
    return f"{share:.2f} of the elements lie between the limits, {values} values"


def peak_bytes() -> int:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _timed(work: Callable[[], Made]) -> tuple[Made, float]:
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start
