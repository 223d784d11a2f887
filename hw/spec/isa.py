"""The instruction set: one frozen dataclass per instruction; encoding, decoding and the RTL layouts derive from it.

An instruction is a run of 32-bit words. The first is the header (opcode, number of words, tag); the fields follow
packed from bit 32 upwards in the order written here, least significant bit first, without gaps. The meaning of every
field is in ``docs/architecture.md``; the functional simulator is its executable form.

Memory addresses, strides and sizes of runs are in bytes: offsets into the address window set at start (``space`` 0) or
into the map buffer (1). What counts in a log, in an element of a LOAD or in an output slot is in activations, of one or
two bytes by the target; window addresses are relative to a base pointer of the tile, and logs wrap at their size.
"""

import dataclasses
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, ClassVar, get_args, get_type_hints

FORMAT_VERSION = 2
PIECE_MAXIMUM = 4
"""Longest piece of an element that a LOAD spreads."""


class EncodingError(ValueError):
    """A field out of range, or words that are not an instruction."""


@dataclass(frozen=True)
class Bits:
    """Width of an unsigned field."""

    width: int
    signed: ClassVar[bool] = False

    @property
    def range(self) -> tuple[int, int]:
        """Least and greatest value."""
        return 0, (1 << self.width) - 1


@dataclass(frozen=True)
class Signed:
    """Width of a two's-complement field."""

    width: int
    signed: ClassVar[bool] = True

    @property
    def range(self) -> tuple[int, int]:
        """Least and greatest value."""
        return -(1 << (self.width - 1)), (1 << (self.width - 1)) - 1


class Opcode(IntEnum):
    """First byte of an instruction."""

    BEGIN = 1
    LOAD = 2
    WEIGHTS = 3
    STORE = 4
    JOB = 5
    TABLE = 6
    BARRIER = 7
    END = 8


class Mode(IntEnum):
    """What the MAC array does with a step."""

    DENSE = 0
    """``lanes`` successive activations of the window, the same for all columns, are multiplied and summed."""
    CHANNELWISE = 1
    """Column ``c``, lane ``l`` takes activation ``l * columns + c`` (lanes below ``pixels_per_read``; others 0)."""
    MAXIMUM = 2
    """As channelwise, lane 0 only, without weights: the accumulator keeps the greatest."""


class Pool(IntEnum):
    """The pooling stage: over ``pool_count`` successive results of a column."""

    NONE = 0
    MAXIMUM = 1
    SUM = 2


class Combine(IntEnum):
    """What the add stage does with a value and its residual, where ``add`` is set."""

    ADD = 0
    """``scaled_add``."""
    MULTIPLY = 1
    """``scaled_multiply``: ``add_residual`` multiplies, ``add_value`` is the residual's and ``add_addend`` the value's
    offset."""
    MAXIMUM = 2
    """The greater code of both, clamped to ``add_low .. add_high``."""
    MINIMUM = 3
    """The lesser code of both, clamped likewise."""


class Space(IntEnum):
    """Where an address points."""

    MEMORY = 0
    MAP = 1


class Destination(IntEnum):
    """Which log of a tile a LOAD fills."""

    WINDOW = 0
    RESIDUAL = 1


@dataclass(frozen=True, kw_only=True)
class Begin:
    """First instruction of every program."""

    opcode: ClassVar[Opcode] = Opcode.BEGIN
    tag: int = 0
    version: Annotated[int, Bits(32)] = FORMAT_VERSION
    target_hash: Annotated[int, Bits(64)]


@dataclass(frozen=True, kw_only=True)
class Load:
    """Memory to the window or residual log of the tiles in a mask: chunks of blocks of rows of elements, padded."""

    opcode: ClassVar[Opcode] = Opcode.LOAD
    tag: int = 0
    mask: Annotated[int, Bits(32)]
    address: Annotated[int, Bits(32)]
    destination: Annotated[int, Bits(1)] = Destination.WINDOW
    space: Annotated[int, Bits(1)] = Space.MEMORY
    pad_value: Annotated[int, Signed(16)] = 0
    after: Annotated[int, Bits(16)] = 0
    after_step: Annotated[int, Bits(16)] = 0
    wait: Annotated[int, Bits(1)] = 0
    bands: Annotated[int, Bits(16)] = 1
    band_stride: Annotated[int, Signed(32)] = 0
    parts: Annotated[int, Bits(6)] = 1
    part_stride: Annotated[int, Signed(32)] = 0
    part_shift: Annotated[int, Bits(6)] = 0
    advance: Annotated[int, Bits(24)]
    blocks: Annotated[int, Bits(16)] = 1
    block_stride: Annotated[int, Signed(32)] = 0
    block_window: Annotated[int, Signed(24)] = 0
    rows_before: Annotated[int, Bits(12)] = 0
    rows: Annotated[int, Bits(16)]
    rows_after: Annotated[int, Bits(12)] = 0
    row_window: Annotated[int, Signed(24)] = 0
    rows_per_run: Annotated[int, Bits(16)]
    run_bytes: Annotated[int, Bits(24)]
    run_stride: Annotated[int, Signed(32)] = 0
    elements: Annotated[int, Bits(16)]
    take: Annotated[int, Bits(8)]
    write: Annotated[int, Bits(8)]
    last_take: Annotated[int, Bits(8)]
    last_write: Annotated[int, Bits(8)]
    pitch: Annotated[int, Signed(16)] = 0
    pad_left: Annotated[int, Bits(12)] = 0
    pad_right: Annotated[int, Bits(12)] = 0
    pad_write: Annotated[int, Bits(8)] = 0
    pad_pitch: Annotated[int, Signed(16)] = 0
    piece: Annotated[int, Bits(3)] = 0
    spread: Annotated[int, Bits(6)] = 0
    last_pitch: Annotated[int, Signed(16)] = 0


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Memory to the weight ring of every tile in a mask: a linear run of portions, repeated."""

    opcode: ClassVar[Opcode] = Opcode.WEIGHTS
    tag: int = 0
    mask: Annotated[int, Bits(32)]
    address: Annotated[int, Bits(32)]
    space: Annotated[int, Bits(1)] = Space.MEMORY
    repeats: Annotated[int, Bits(16)] = 1
    portions: Annotated[int, Bits(16)] = 1
    parts: Annotated[int, Bits(6)] = 1
    part_shift: Annotated[int, Bits(6)] = 0
    words: Annotated[int, Bits(16)]
    beats: Annotated[int, Bits(20)]


@dataclass(frozen=True, kw_only=True)
class Store:
    """Output slots to memory, in a fixed order of tiles and units."""

    opcode: ClassVar[Opcode] = Opcode.STORE
    tag: int = 0
    tile: Annotated[int, Bits(6)] = 0
    space: Annotated[int, Bits(1)] = Space.MEMORY
    address: Annotated[int, Bits(32)]
    outer: Annotated[int, Bits(16)] = 1
    outer_stride: Annotated[int, Signed(32)] = 0
    inner: Annotated[int, Bits(16)] = 1
    inner_stride: Annotated[int, Signed(32)] = 0
    parts: Annotated[int, Bits(6)] = 1
    part_stride: Annotated[int, Signed(32)] = 0
    part_tiles: Annotated[int, Signed(6)] = 0
    subparts: Annotated[int, Bits(6)] = 1
    subpart_stride: Annotated[int, Signed(32)] = 0
    subpart_tiles: Annotated[int, Signed(6)] = 0
    runs: Annotated[int, Bits(16)] = 1
    run_bytes: Annotated[int, Bits(20)]
    run_stride: Annotated[int, Signed(32)] = 0
    run_slot: Annotated[int, Bits(16)] = 0


@dataclass(frozen=True, kw_only=True)
class Job:
    """One configured pass of a tile: a loop nest over window and weights, repeated as units, and its back end."""

    opcode: ClassVar[Opcode] = Opcode.JOB
    tag: int = 0
    mask: Annotated[int, Bits(32)]
    mode: Annotated[int, Bits(2)] = Mode.DENSE
    chunked: Annotated[int, Bits(1)] = 0
    to_neighbour: Annotated[int, Bits(1)] = 0
    from_neighbour: Annotated[int, Bits(1)] = 0
    table: Annotated[int, Bits(1)] = 0
    add: Annotated[int, Bits(1)] = 0
    combine: Annotated[int, Bits(2)] = Combine.ADD
    pool: Annotated[int, Bits(2)] = Pool.NONE
    floor: Annotated[int, Bits(1)] = 0
    # unit loops
    outer: Annotated[int, Bits(16)] = 1
    inner: Annotated[int, Bits(16)] = 1
    window_span: Annotated[int, Bits(24)]
    window_inner: Annotated[int, Signed(24)] = 0
    window_outer: Annotated[int, Signed(24)] = 0
    window_free_inner: Annotated[int, Bits(24)] = 0
    window_free_outer: Annotated[int, Bits(24)] = 0
    weights_span: Annotated[int, Bits(16)]
    weights_inner: Annotated[int, Signed(17)] = 0
    weights_outer: Annotated[int, Signed(17)] = 0
    weights_free_inner: Annotated[int, Bits(16)] = 0
    weights_free_outer: Annotated[int, Bits(16)] = 0
    residual_span: Annotated[int, Bits(24)] = 0
    # loop nest of a unit, innermost first; step, kernel x, kernel y, slice are the reduction
    steps: Annotated[int, Bits(16)]
    step_window: Annotated[int, Signed(16)]
    kernel_x: Annotated[int, Bits(12)] = 1
    kernel_x_window: Annotated[int, Signed(24)] = 0
    kernel_y: Annotated[int, Bits(12)] = 1
    kernel_y_window: Annotated[int, Signed(24)] = 0
    slices: Annotated[int, Bits(12)] = 1
    slice_window: Annotated[int, Signed(24)] = 0
    idle: Annotated[int, Bits(16)] = 0
    sub_x: Annotated[int, Bits(8)] = 1
    sub_x_window: Annotated[int, Signed(24)] = 0
    sub_y: Annotated[int, Bits(8)] = 1
    sub_y_window: Annotated[int, Signed(24)] = 0
    pixels_x: Annotated[int, Bits(16)] = 1
    pixel_x_window: Annotated[int, Signed(24)] = 0
    pixels_y: Annotated[int, Bits(16)] = 1
    pixel_y_window: Annotated[int, Signed(24)] = 0
    groups: Annotated[int, Bits(12)] = 1
    group_window: Annotated[int, Signed(24)] = 0
    group_words: Annotated[int, Bits(16)]
    # back end
    zero_point: Annotated[int, Signed(16)] = 0
    low: Annotated[int, Signed(16)] = -128
    high: Annotated[int, Signed(16)] = 127
    table_shift: Annotated[int, Bits(5)] = 0
    table_low: Annotated[int, Signed(16)] = -128
    table_high: Annotated[int, Signed(16)] = 127
    add_value: Annotated[int, Signed(18)] = 0
    add_residual: Annotated[int, Signed(18)] = 0
    add_addend: Annotated[int, Signed(40)] = 0
    add_shift: Annotated[int, Bits(6)] = 0
    add_zero_point: Annotated[int, Signed(16)] = 0
    add_low: Annotated[int, Signed(16)] = -128
    add_high: Annotated[int, Signed(16)] = 127
    pool_count: Annotated[int, Bits(8)] = 1
    pool_multiplier: Annotated[int, Signed(18)] = 0
    pool_addend: Annotated[int, Signed(40)] = 0
    pool_shift: Annotated[int, Bits(6)] = 0
    pool_zero_point: Annotated[int, Signed(16)] = 0
    pool_low: Annotated[int, Signed(16)] = -128
    pool_high: Annotated[int, Signed(16)] = 127
    # output slot and residual, in activations
    slot_pitch: Annotated[int, Bits(12)]
    slot_group: Annotated[int, Bits(12)] = 0
    last_valid: Annotated[int, Bits(8)]
    residual_pitch: Annotated[int, Bits(12)] = 0


@dataclass(frozen=True, kw_only=True)
class Table:
    """The nonlinearity table of every tile in a mask; waits until those tiles are idle. Two words follow a segment."""

    opcode: ClassVar[Opcode] = Opcode.TABLE
    tag: int = 0
    mask: Annotated[int, Bits(32)]
    slopes: tuple[int, ...] = ()
    offsets: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Barrier:
    """Wait until every unit is idle and every store has its response."""

    opcode: ClassVar[Opcode] = Opcode.BARRIER
    tag: int = 0


@dataclass(frozen=True, kw_only=True)
class End:
    """Wait as a barrier does, then raise done. The last instruction of every program."""

    opcode: ClassVar[Opcode] = Opcode.END
    tag: int = 0


Instruction = Begin | Load | Weights | Store | Job | Table | Barrier | End
KINDS: dict[Opcode, type[Instruction]] = {
    kind.opcode: kind for kind in (Begin, Load, Weights, Store, Job, Table, Barrier, End)
}


def _pack(kind: type[Instruction]) -> tuple[tuple[str, Bits | Signed, int], ...]:
    fields, offset = [], 0
    hints = get_type_hints(kind, include_extras=True)
    for f in dataclasses.fields(kind):
        arguments = get_args(hints[f.name])
        if len(arguments) == 2 and isinstance(arguments[1], Bits | Signed):
            fields.append((f.name, arguments[1], offset))
            offset += arguments[1].width
    return tuple(fields)


_LAYOUTS = {opcode: _pack(kind) for opcode, kind in KINDS.items()}


def layout(kind: type[Instruction]) -> tuple[tuple[str, Bits | Signed, int], ...]:
    """``(name, width, offset in bits behind the header word)`` of every packed field, in order."""
    return _LAYOUTS[kind.opcode]


def words_of(kind: type[Instruction]) -> int:
    """Words of an instruction with its header; of a TABLE, without its segments."""
    fields = layout(kind)
    bits = fields[-1][2] + fields[-1][1].width if fields else 0
    return 1 + -(-bits // 32)


def encode(instruction: Instruction) -> list[int]:
    """The 32-bit words of an instruction; a value out of its field's range raises :class:`EncodingError`."""
    kind = type(instruction)
    packed = 0
    for name, width, offset in layout(kind):
        value = getattr(instruction, name)
        low, high = width.range
        if not low <= value <= high:
            raise EncodingError(f"{kind.__name__}.{name} must be from {low} to {high}, not {value}")
        packed |= (int(value) & ((1 << width.width) - 1)) << offset
    if not 0 <= instruction.tag <= 0xFFFF:
        raise EncodingError(f"{kind.__name__}.tag must be from 0 to 65535, not {instruction.tag}")
    count = words_of(kind)
    words = [packed >> (32 * i) & 0xFFFFFFFF for i in range(count - 1)]
    if isinstance(instruction, Table):
        for slope, offset in zip(instruction.slopes, instruction.offsets, strict=True):
            words += [slope & 0xFFFF, offset & 0xFFFFFFFF]
        count = 1 + len(words)
    return [int(kind.opcode) | count << 8 | instruction.tag << 16, *words]


def decode(words: list[int]) -> Instruction:
    """The instruction at the start of ``words``; anything that ``encode`` cannot give raises :class:`EncodingError`."""
    if not words:
        raise EncodingError("program ends without END")
    header = words[0]
    code, count, tag = header & 0xFF, header >> 8 & 0xFF, header >> 16 & 0xFFFF
    if code not in KINDS:
        raise EncodingError(f"opcode must be from 1 to {len(KINDS)}, not {code}")
    kind = KINDS[Opcode(code)]
    fixed = words_of(kind)
    segments = (count - fixed) // 2 if kind is Table else 0
    if count != fixed + 2 * segments or segments < 0:
        raise EncodingError(f"{kind.__name__} must have {fixed} words, not {count}")
    if len(words) < count:
        raise EncodingError(f"{kind.__name__} is cut off after {len(words)} of {count} words")
    packed = 0
    for i, word in enumerate(words[1:fixed]):
        packed |= word << (32 * i)
    values: dict[str, Any] = {"tag": tag}
    for name, width, offset in layout(kind):
        value = packed >> offset & ((1 << width.width) - 1)
        if width.signed and value >> (width.width - 1):
            value -= 1 << width.width
        values[name] = value
    if kind is Table:
        tail = words[fixed:count]
        values["slopes"] = tuple((w & 0xFFFF) - ((w & 0x8000) << 1) for w in tail[::2])
        values["offsets"] = tuple(w - ((w & 0x80000000) << 1) for w in tail[1::2])
    return kind(**values)


def decode_all(words: list[int]) -> list[Instruction]:
    """Every instruction of a program, up to and with END; what follows END is refused."""
    instructions: list[Instruction] = []
    position = 0
    while not instructions or not isinstance(instructions[-1], End):
        instruction = decode(words[position : position + 255])
        instructions.append(instruction)
        position += words[position] >> 8 & 0xFF
    if position != len(words):
        raise EncodingError(f"program has {len(words) - position} words behind END")
    return instructions


def disassemble(instruction: Instruction) -> str:
    """One line: the name, the tag, and every field that differs from its default.

    >>> disassemble(End(tag=3))
    'END tag=3'
    """
    kind = type(instruction)
    parts = [instruction.opcode.name, f"tag={instruction.tag}"]
    for f in dataclasses.fields(kind):
        value = getattr(instruction, f.name)
        if f.name != "tag" and value != f.default:
            parts.append(
                f"{f.name}={value:#x}" if f.name in ("mask", "address", "target_hash") else f"{f.name}={value}"
            )
    return " ".join(parts)
