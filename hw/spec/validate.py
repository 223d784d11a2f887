"""The rules of ``docs/architecture.md`` that an instruction stream can break, checked before anything runs.

They are static: what depends on the run (freed data that is still read, deadlock, sums wider than the accumulators)
the simulators find. What the machine itself guards with a status (opcode, version, target hash, address window) is not
repeated here, except for the addresses when the size of the window is given.
"""

from collections.abc import Iterator, Sequence

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.quant import signed_range
from tileloom.hw.spec.validate_job import job_violations
from tileloom.hw.spec.validate_transfer import load_violations, store_violations, weights_violations
from tileloom.hw.spec.widths import width_violations


def violations(instructions: Sequence[isa.Instruction], target: Target, memory_bytes: int | None = None) -> list[str]:
    """One sentence for every broken rule, with the instruction's number, the field, the rule and the value.

    Parameters
    ----------
    memory_bytes : size of the address window; when given, addresses in memory and map buffer are checked too

    >>> violations([isa.Begin(target_hash=0), isa.End()], Target("default"))
    []
    >>> violations([isa.End()], Target("default"))
    ['instruction 0 (END tag 0): the first instruction must be BEGIN']
    """
    found = [*_order(instructions)]
    for number, instruction in enumerate(instructions):
        name = f"instruction {number} ({instruction.opcode.name} tag {instruction.tag})"
        found += [f"{name}: {text}" for text in _one(instruction, target, memory_bytes)]
    return [*found, *_tables(instructions, target), *_shared_accumulators(instructions, target)]


def _order(instructions: Sequence[isa.Instruction]) -> Iterator[str]:
    last = len(instructions) - 1
    if not instructions:
        yield "a program must have at least BEGIN and END"
    for number, instruction in enumerate(instructions):
        name = f"instruction {number} ({instruction.opcode.name} tag {instruction.tag})"
        if (number == 0) != isinstance(instruction, isa.Begin):
            yield f"{name}: " + ("the first instruction must be BEGIN" if number == 0 else "BEGIN must be the first")
        if (number == last) != isinstance(instruction, isa.End):
            yield f"{name}: " + ("the last instruction must be END" if number == last else "END must be the last")


def _one(instruction: isa.Instruction, target: Target, memory_bytes: int | None) -> Iterator[str]:
    yield from width_violations(instruction, target)
    match instruction:
        case isa.Load():
            yield from load_violations(instruction, target, memory_bytes)
        case isa.Weights():
            yield from weights_violations(instruction, target, memory_bytes)
        case isa.Store():
            yield from store_violations(instruction, target, memory_bytes)
        case isa.Job():
            yield from job_violations(instruction, target)
        case isa.Table():
            yield from _table(instruction, target)
        case isa.Begin() | isa.Barrier() | isa.End():
            pass


def _table(table: isa.Table, target: Target) -> Iterator[str]:
    if not target.segments:
        yield f"TABLE needs the nonlinearity unit, which target {target.name} leaves out"
    if not 0 < table.mask < 1 << target.tiles:
        yield f"mask must name some of the {target.tiles} tiles, not {table.mask:#x}"
    for field, values, bits in (("slopes", table.slopes, 16), ("offsets", table.offsets, 32)):
        low, high = signed_range(bits)
        if len(values) != target.segments:
            yield f"{field} must be {target.segments}, one for each segment, not {len(values)}"
        for value in values:
            if not low <= value <= high:
                yield f"{field} must fit {bits} bits signed, not {value}"


def _tables(instructions: Sequence[isa.Instruction], target: Target) -> Iterator[str]:
    """Jobs with ``table`` come after a TABLE for their tiles."""
    have = 0
    for number, instruction in enumerate(instructions):
        if isinstance(instruction, isa.Table):
            have |= instruction.mask
        if not isinstance(instruction, isa.Job) or not instruction.table or instruction.to_neighbour:
            continue
        if target.segments and instruction.mask & ~have:
            yield (
                f"instruction {number} (JOB tag {instruction.tag}): table must follow a TABLE for all tiles of "
                f"mask {instruction.mask:#x}, tiles {instruction.mask & ~have:#x} have none"
            )


def _shared_accumulators(instructions: Sequence[isa.Instruction], target: Target) -> Iterator[str]:
    """Between two BARRIERs a tile does not both receive partial sums and run chunked jobs."""
    receives = chunked = 0
    for number, instruction in enumerate(instructions):
        if isinstance(instruction, isa.Barrier):
            receives = chunked = 0
        if isinstance(instruction, isa.Job):
            receives |= instruction.mask << 1 if instruction.to_neighbour else 0
            chunked |= instruction.mask if instruction.chunked else 0
            if receives & chunked:
                yield (
                    f"instruction {number} (JOB tag {instruction.tag}): a tile that receives partial sums must run no "
                    f"chunked job before the next BARRIER, tiles {receives & chunked:#x} do"
                )
                receives = chunked = 0
