"""What a descriptor queue's shadow holds: one RTL layout per instruction, derived from the instruction set."""

from amaranth.hdl import ShapeLike, signed, unsigned
from amaranth.lib import data

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.widths import Width, field_widths

HEADER = {"opcode": unsigned(8), "length": unsigned(8), "tag": unsigned(16)}


def descriptor_words(kind: type[isa.Instruction]) -> int:
    """Words that a descriptor queue receives for one instruction: all, but for a JOB all without its mask.

    >>> descriptor_words(isa.Load) == isa.words_of(isa.Load), descriptor_words(isa.Job) == isa.words_of(isa.Job) - 1
    (True, True)
    """
    return isa.words_of(kind) - (kind is isa.Job)


def descriptor_layout(kind: type[isa.Instruction], target: Target | None = None) -> data.StructLayout:
    """The queue's words as a structure: ``opcode``, ``length`` and ``tag`` of the header, then the fields.

    The size is ``32 * descriptor_words(kind)``; the unused bits at the top are the member ``unused``. A JOB has no
    ``mask``: the sequencer keeps that word. On a compact ``target`` it is what the machine keeps of them: no opcode and
    no length, fields of :func:`~tileloom.hw.spec.widths.field_widths`, nothing unused.

    >>> descriptor_layout(isa.Store)["tag"].offset, descriptor_layout(isa.Store).size % 32
    (16, 0)
    """
    if target is not None and target.compact:
        kept: dict[str, ShapeLike] = {"tag": unsigned(16)}
        return data.StructLayout(kept | {name: _shape(width) for name, width in _fields(kind, target).items()})
    members: dict[str, ShapeLike] = dict(HEADER)
    for name, width, _ in isa.layout(kind):
        if not (kind is isa.Job and name == "mask"):
            members[name] = _shape(width)
    unused = 32 * descriptor_words(kind) - data.StructLayout(members).size
    if unused:
        members["unused"] = unsigned(unused)
    return data.StructLayout(members)


def kept_bits(kind: type[isa.Instruction], target: Target) -> tuple[tuple[int, int], ...] | None:
    """First bit in the queue's words, and number of bits, of every member of the layout; None where all are kept."""
    if not target.compact:
        return None
    encoded = descriptor_layout(kind)
    return tuple((encoded[name].offset, field.width) for name, field in descriptor_layout(kind, target))


def _fields(kind: type[isa.Instruction], target: Target) -> dict[str, Width]:
    widths = field_widths(kind, target)
    return {name: width for name, width in widths.items() if not (kind is isa.Job and name == "mask")}


def _shape(width: Width) -> ShapeLike:
    return signed(width.width) if width.signed else unsigned(width.width)
