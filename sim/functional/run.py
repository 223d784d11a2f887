"""The functional engine: runs the bytes of a program on any number of frames at once."""

from collections.abc import Mapping

import numpy as np

from tileloom.hw.spec import isa
from tileloom.hw.spec.program import Codes, Program, ProgramError, TensorMap
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.result import Result
from tileloom.hw.spec.validate import violations
from tileloom.sim.functional.buffers import AddressSpace, Bytes
from tileloom.sim.functional.faults import MachineError
from tileloom.sim.functional.machine import Machine

BATCH_BYTES = 1 << 24
"""Memory that the state of a batch of frames may take; more frames run one batch after another."""


def run(
    program: Program,
    inputs: Mapping[str, Codes],
    taps: bool = False,
    *,
    bounded: bool = False,
    fill: int = 0,
) -> Result:
    """Run a program; every frame starts from the program's own memory image.

    Parameters
    ----------
    inputs : codes ``(frames, channels, height, width)`` for each of the program's inputs
    taps : also return the program's taps
    bounded, fill : see :class:`Machine`

    Raises
    ------
    ProgramError
        An input is missing or has another shape, the program breaks a rule, or it waits for ever
        (:class:`~tileloom.sim.functional.faults.Deadlock`).
    """
    frames = _check_inputs(program, inputs)
    words = _words(program)
    _check_rules(program, words)
    wanted = (*program.outputs, *(program.taps if taps else ()))
    collected: dict[str, list[Codes]] = {tensor.name: [] for tensor in wanted}
    batch = _batch(program)
    error, counter = Error.NONE, 0
    for first in range(0, frames, batch):
        part = {tensor.name: inputs[tensor.name][first : first + batch] for tensor in program.inputs}
        machine = _machine(program, words, part, min(batch, frames - first), bounded, fill)
        try:
            machine.run()
        except MachineError as fault:
            error = fault.code
        counter = machine.program_counter
        for tensor in wanted:
            space = machine.spaces[tensor.space].data
            data = np.ascontiguousarray(space[:, tensor.address : tensor.address + tensor.size_bytes])
            collected[tensor.name].append(tensor.unpack(data.view(np.uint8)))
        if error:
            break
    joined = {name: np.concatenate(parts) for name, parts in collected.items()}
    return Result(
        engine="functional",
        outputs={tensor.name: joined[tensor.name] for tensor in program.outputs},
        taps={tensor.name: joined[tensor.name] for tensor in wanted[len(program.outputs) :]},
        error=error,
        program_counter=counter,
    )


def _check_inputs(program: Program, inputs: Mapping[str, Codes]) -> int:
    frames = len(next(iter(inputs.values()))) if inputs else 1
    for tensor in program.inputs:
        if tensor.name not in inputs:
            raise ProgramError(f"input {tensor.name!r} must be given; the inputs given are {sorted(inputs)}")
        codes = inputs[tensor.name]
        shape = (frames, tensor.channels, tensor.height, tensor.width)
        if codes.shape != shape or not np.can_cast(codes.dtype, tensor.code_type):
            raise ProgramError(
                f"input {tensor.name!r} must be {tensor.code_type} of shape {shape}, not {codes.dtype} {codes.shape}"
            )
    return frames


def _words(program: Program) -> list[int]:
    """The program as it stands in memory."""
    place, size = program.instruction_address, len(program.instruction_bytes)
    words: list[int] = program.image()[place : place + size].view("<u4").tolist()
    return words


def _check_rules(program: Program, words: list[int]) -> None:
    """Refuse what breaks a static rule; words that are no instructions are left to the machine's own status."""
    try:
        instructions = isa.decode_all(words)
    except isa.EncodingError:
        return
    broken = violations(instructions, program.target)
    if broken:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        raise ProgramError(f"program {program.name!r} breaks a rule of the machine: {broken[0]}{more}")


def _batch(program: Program) -> int:
    """Frames whose state takes about BATCH_BYTES."""
    target = program.target
    tile = target.window_bytes + target.residual_bytes + 2 * target.slot_bytes
    tile += 8 * target.accumulator_entries * target.columns
    return max(1, BATCH_BYTES // (program.memory_bytes + target.map_bytes + target.tiles * tile))


def _machine(
    program: Program, words: list[int], inputs: Mapping[str, Codes], frames: int, bounded: bool, fill: int
) -> Machine:
    image = program.image().view(np.int8)
    memory = np.repeat(image[None], frames, axis=0)
    varies = np.zeros(program.memory_bytes, np.bool_)
    for tensor in program.inputs:
        place = slice(tensor.address, tensor.address + tensor.size_bytes)
        memory[:, place] = _pack(tensor, inputs[tensor.name])
        varies[place] = True
    target = program.target
    map_data = np.full((frames, target.map_bytes), fill, np.int8)
    return Machine(
        target,
        words,
        AddressSpace(memory, varies, target.port_bytes, target.element_bytes),
        AddressSpace(map_data, np.ones(target.map_bytes, np.bool_), target.port_bytes, target.element_bytes),
        bounded=bounded,
        fill=fill,
    )


def _pack(tensor: TensorMap, codes: Codes) -> Bytes:
    """Memory bytes ``(frames, size_bytes)`` of a batch of codes."""
    return np.stack([tensor.pack(frame) for frame in codes]).view(np.int8)
