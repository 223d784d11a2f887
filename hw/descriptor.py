"""What a descriptor queue's shadow holds: one RTL layout per instruction, derived from the instruction set."""

from amaranth.hdl import ShapeLike, signed, unsigned
from amaranth.lib import data

from tileloom.hw.spec import isa


def descriptor_words(kind: type[isa.Instruction]) -> int:
    """Words that a descriptor queue receives for one instruction: all, but for a JOB all without its mask.

    >>> descriptor_words(isa.Load) == isa.words_of(isa.Load), descriptor_words(isa.Job) == isa.words_of(isa.Job) - 1
    (True, True)
    """
    return isa.words_of(kind) - (kind is isa.Job)


def descriptor_layout(kind: type[isa.Instruction]) -> data.StructLayout:
    """The queue's words as a structure: ``opcode``, ``length`` and ``tag`` of the header, then the fields.

    The size is ``32 * descriptor_words(kind)``; the unused bits at the top are the member ``unused``. A JOB has no
    ``mask``: the sequencer keeps that word.

    >>> descriptor_layout(isa.Store)["tag"].offset, descriptor_layout(isa.Store).size % 32
    (16, 0)
    """
    members: dict[str, ShapeLike] = {"opcode": unsigned(8), "length": unsigned(8), "tag": unsigned(16)}
    for name, width, _ in isa.layout(kind):
        if not (kind is isa.Job and name == "mask"):
            members[name] = signed(width.width) if width.signed else unsigned(width.width)
    unused = 32 * descriptor_words(kind) - data.StructLayout(members).size
    if unused:
        members["unused"] = unsigned(unused)
    return data.StructLayout(members)
