"""Random valid programs, made without the compiler; all engines must agree on what they store, and when.

A program that is returned keeps every static rule, never writes a byte twice, reads stored bytes only behind a wait or
a barrier, depends on nothing undefined, and ends on the machine whatever its timing (the functional simulator has run
it with descriptor queues of their least size).
"""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from tests.programs.draw import Draw
from tests.programs.map_weights import through_the_map
from tests.programs.memory_plan import BLOB, MemoryPlan
from tests.programs.phases import NoFit, Phase, chain_phase, plain_phase
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Codes, Program
from tileloom.hw.spec.validate import violations
from tileloom.hw.spec.widths import width_violations
from tileloom.sim.functional.faults import Deadlock
from tileloom.sim.functional.run import run

PIXEL_LIMIT = 40
"""Most pixels of a unit, all groups."""


def random_program(seed: int, target: Target, size: int = 4) -> Program:
    """A program of ``size`` phases of a few jobs each; the same seed, target and size give the same program."""
    for attempt in range(50):
        draw = Draw("program", seed, target.name, size, attempt)
        plan = MemoryPlan(target, draw)
        epochs = _epochs(plan, size)
        for lead in (3, 1, 0, -1):
            order = [instruction for epoch in epochs for instruction in _merge(draw, epoch, lead)]
            try:
                program = _assemble(plan, f"random{seed}", order)
            except NoFit:
                break
            if _ends(program):
                return program
    raise AssertionError(f"seed {seed} on target {target.name} gives no program that ends in 50 attempts")


def random_inputs(program: Program, seed: int, frames: int = 1) -> dict[str, Codes]:
    """Codes ``(frames, channels, height, width)`` for every input, extremes mixed in."""
    draw = Draw("inputs", seed, program.name)
    shapes = {t.name: (frames, t.channels, t.height, t.width) for t in program.inputs}
    size = program.target.element_bytes
    return {name: draw.codes(prod(shape), size).reshape(shape) for name, shape in shapes.items()}


def _epochs(plan: MemoryPlan, size: int) -> list[list[Phase]]:
    """Phases, cut where a BARRIER stands."""
    draw, target = plan.draw, plan.target
    epochs: list[list[Phase]] = [[]]
    tables = chunked = receivers = 0
    while sum(map(len, epochs)) < size:
        mark = plan.mark()
        chain = target.local_lines and target.tiles > 1 and draw.chance(0.35)
        try:
            phase = (chain_phase if chain else plain_phase)(plan, PIXEL_LIMIT, tables)
        except NoFit:
            plan.reset(mark)
            continue
        if _too_wide(phase, target):
            plan.reset(mark)
            continue
        if draw.chance(0.1) and (copy := through_the_map(plan, phase, mark[3])):
            epochs[-1].append(_tagged(copy, sum(map(len, epochs)) + 1))
            epochs.append([])
            chunked = receivers = 0
        chunked, receivers = chunked | phase.chunked, receivers | phase.receivers
        for instruction in phase.jobs:
            tables |= instruction.mask if isinstance(instruction, isa.Table) else 0
        if chunked & receivers:
            epochs.append([])
            chunked, receivers = phase.chunked, phase.receivers
        epochs[-1].append(_tagged(phase, sum(map(len, epochs)) + 1))
        if draw.chance(0.12):
            epochs.append([])
            chunked = receivers = 0
            plan.forget_map()
    return epochs


def _too_wide(phase: Phase, target: Target) -> bool:
    """Whether a compact machine keeps too few bits of a field; addresses of what is behind the data come later."""
    instructions = (*phase.loads, *phase.weights, *phase.jobs, *phase.stores)
    found = (text for i in instructions if not isinstance(i, isa.Table) for text in width_violations(i, target))
    return any(not text.startswith("address ") for text in found)


def _tagged(phase: Phase, tag: int) -> Phase:
    def mark(instructions: Sequence[isa.Instruction]) -> list[isa.Instruction]:
        return [replace(instruction, tag=tag) for instruction in instructions]

    return Phase(mark(phase.loads), mark(phase.weights), mark(phase.jobs), mark(phase.stores))


def _merge(draw: Draw, epoch: list[Phase], lead: int) -> list[isa.Instruction]:
    """The instructions of an epoch and its BARRIER, each unit's in order, units mixed.

    A unit may be ``lead`` phases ahead of the others; at -1 a phase is not mixed, jobs and stores first.
    """
    if lead < 0:
        mixed = [i for phase in epoch for i in (*phase.jobs, *phase.stores, *phase.weights, *phase.loads)]
        return [*mixed, isa.Barrier()]
    streams = [
        [(number, instruction) for number, phase in enumerate(epoch) for instruction in getattr(phase, unit)]
        for unit in ("loads", "weights", "jobs", "stores")
    ]
    order: list[isa.Instruction] = []
    while left := [stream for stream in streams if stream]:
        oldest = min(stream[0][0] for stream in left)
        stream = draw.pick([stream for stream in left if stream[0][0] <= oldest + lead])
        order.append(stream.pop(0)[1])
    return [*order, isa.Barrier()]


def _assemble(plan: MemoryPlan, name: str, order: list[isa.Instruction]) -> Program:
    """Data first, then weights, then instructions; what is behind the last BARRIER waits for END."""
    target, port = plan.target, plan.target.port_bytes
    weights_address = -(-plan.size // port) * port
    body = [
        replace(i, address=i.address - BLOB + weights_address)
        if isinstance(i, isa.Weights | isa.Load) and i.address >= BLOB
        else i
        for i in order[:-1]
    ]
    instructions = (isa.Begin(target_hash=target.hash), *body, isa.End())
    instruction_address = -(-(weights_address + len(plan.blob)) // port) * port
    size = 4 * sum(len(isa.encode(instruction)) for instruction in instructions)
    memory_bytes = -(-(instruction_address + size) // port) * port
    if target.compact and memory_bytes > 1 << target.address_bits:
        raise NoFit
    broken = violations(instructions, target, memory_bytes)
    assert not broken, broken
    return Program(
        name=name,
        target=target,
        instructions=instructions,
        weights=bytes(plan.blob),
        weights_address=weights_address,
        memory_bytes=memory_bytes,
        inputs=tuple(plan.inputs),
        outputs=tuple(plan.outputs),
        instruction_address=instruction_address,
    )


def _ends(program: Program) -> bool:
    inputs = {t.name: np.zeros((1, t.channels, t.height, t.width), np.int8) for t in program.inputs}
    try:
        run(program, inputs, bounded=True)
    except Deadlock:
        return False
    return True
