"""How many bits of each field of a descriptor a machine keeps.

A machine that is not ``compact`` keeps all of them. A compact one keeps what its buffers, ``address_bits`` and
``count_bits`` ask for. What it drops of a *guarded* field must be 0 (of a signed one: its sign), else the machine halts
with ILLEGAL_INSTRUCTION, and :mod:`.validate` refuses the program before. The other fields (:data:`MODULO`) are
distances in a buffer, which count modulo its size on every machine; of them the low bits are enough.
"""

from collections.abc import Iterator, Mapping

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.isa import Bits, Signed

Width = Bits | Signed
COUNTS: Mapping[type[isa.Instruction], str] = {
    isa.Load: "bands blocks rows rows_per_run elements rows_before rows_after pad_left pad_right",
    isa.Weights: "repeats portions",
    isa.Store: "outer inner runs",
    isa.Job: "outer inner steps kernel_x kernel_y slices idle sub_x sub_y pixels_x pixels_y groups",
}
"""Counts of loops: at most ``count_bits``."""
STRIDES: Mapping[type[isa.Instruction], str] = {
    isa.Load: "band_stride part_stride block_stride run_stride",
    isa.Store: "outer_stride inner_stride part_stride subpart_stride run_stride",
}
"""Distances of addresses: one bit more than an address, and the sign."""
WINDOW_STRIDES = (
    "step_window kernel_x_window kernel_y_window slice_window sub_x_window sub_y_window pixel_x_window pixel_y_window"
    " group_window"
)
MODULO: Mapping[type[isa.Instruction], str] = {
    isa.Load: "block_window row_window pitch pad_pitch last_pitch",
    isa.Store: "run_slot",
    isa.Job: f"{WINDOW_STRIDES} group_words slot_pitch slot_group residual_pitch",
}
"""Fields of which the low bits are enough."""
PARTS = "part_stride part_shift part_tiles subpart_stride subpart_tiles"
"""Fields without a meaning where there are no parts: what they hold is left alone."""
LIMITS = ("low", "high")
"""Limits of the requantiser: as wide as an activation where no further stage of the back end follows it."""


def field_widths(kind: type[isa.Instruction], target: Target) -> Mapping[str, Width]:
    """Width that the machine keeps of every field of a kind of descriptor, in the order of the encoding."""
    fields = {name: width for name, width, _ in isa.layout(kind)}
    if not target.compact:
        return fields
    kept = _limits(kind, target)
    return {name: _narrower(width, kept[name]) if name in kept else width for name, width in fields.items()}


def guarded(kind: type[isa.Instruction], target: Target) -> Mapping[str, Width]:
    """The widths of the fields of which the machine drops bits that must hold nothing."""
    free = MODULO.get(kind, "").split() + ([] if target.has_parts else PARTS.split())
    full = {name: width for name, width, _ in isa.layout(kind)}
    kept = field_widths(kind, target)
    return {name: width for name, width in kept.items() if width.width < full[name].width and name not in free}


def width_violations(instruction: isa.Instruction, target: Target) -> Iterator[str]:
    """One sentence for every field that the machine's registers cannot hold."""
    for name, width in guarded(type(instruction), target).items():
        low, high = width.range
        value = getattr(instruction, name)
        if not low <= value <= high:
            yield f"{name} must be from {low} to {high} on target {target.name}, not {value}"


def address_bits(target: Target) -> int:
    """Bits in which addresses are added: with one more than an address every step out of the window is seen."""
    return min(target.address_bits + 1, 32) if target.compact else 32


def _limits(kind: type[isa.Instruction], target: Target) -> dict[str, int]:
    """Bits that a compact machine needs of a field, where that may be fewer than the encoding has."""
    window = (target.window_activations - 1).bit_length()
    log = max(target.window_activations, target.residual_activations).bit_length()
    ring = target.weight_words.bit_length()
    bits = dict.fromkeys(COUNTS.get(kind, "").split(), target.count_bits)
    bits |= dict.fromkeys(STRIDES.get(kind, "").split(), address_bits(target))
    bits["address"] = target.address_bits
    bits["mask"] = target.tiles
    if not target.has_parts:
        bits |= dict.fromkeys(("parts", "subparts", *PARTS.split()), 1)
    match kind:
        case isa.Load:
            width = target.window_banks.bit_length()
            bits |= dict.fromkeys(("take", "write", "last_take", "last_write", "pad_write"), width)
            bits |= dict.fromkeys(("block_window", "row_window"), log)
            bits |= dict.fromkeys(("pitch", "pad_pitch", "last_pitch"), log)
            bits |= {"advance": log, "run_bytes": target.address_bits, "pad_value": target.activation_bits}
        case isa.Weights:
            beats = -(-target.weight_words * target.word_bytes // target.port_bytes)
            bits |= {"words": ring, "beats": beats.bit_length()}
        case isa.Store:
            bits |= {"run_bytes": target.slot_bytes.bit_length(), "run_slot": target.slot_activations.bit_length()}
            if not target.has_parts:
                bits["tile"] = 1
        case isa.Job:
            bits |= dict.fromkeys(WINDOW_STRIDES.split(), max(window, 1))
            bits |= dict.fromkeys(("window_span", "window_free_inner", "window_free_outer"), log)
            bits |= dict.fromkeys(("window_inner", "window_outer"), log + 1)
            bits |= dict.fromkeys(("weights_span", "weights_free_inner", "weights_free_outer", "group_words"), ring)
            bits |= dict.fromkeys(("weights_inner", "weights_outer"), ring + 1)
            bits |= {"residual_span": log, "last_valid": target.columns.bit_length()}
            slot = (target.slot_activations - 1).bit_length()
            bits |= dict.fromkeys(("slot_pitch", "slot_group"), max(slot, window))
            bits["residual_pitch"] = window
            if not (target.segments or target.residual_bytes or target.pool):
                bits |= dict.fromkeys(LIMITS, target.activation_bits)
    return bits


def _narrower(width: Width, bits: int) -> Width:
    return type(width)(min(width.width, bits))
