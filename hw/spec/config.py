"""The target: everything about a machine that can vary, as one frozen dataclass with a TOML form.

A target is checked when it is made; an impossible one raises :class:`TargetError` with one sentence. Presets are the
TOML files in ``hw/spec/targets``; :func:`load_target` takes a preset's name or a file.
"""

import dataclasses
import difflib
import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tileloom.hw.spec.notebook import table
from tileloom.hw.spec.quant import accumulator_bits

PRESETS = Path(__file__).parent / "targets"
LATER = ("compact", "address_bits", "count_bits", "counters")
"""Fields that came when programs and hardware of older targets were already about."""


class TargetError(ValueError):
    """A target that cannot exist, or a target file that cannot be read.

    ``target`` is what :func:`load_target` was asked for, empty where a target was made otherwise.
    """

    target: str = ""


@dataclass(frozen=True)
class MemoryModel:
    """The deterministic memory that the cycle simulator and the RTL harness share (see :mod:`.timing`)."""

    read_latency: int = 40
    """Cycles from an accepted read burst to its first beat, at least 1."""
    write_latency: int = 10
    """Cycles from the last beat of a write burst to its response, at least 1."""
    pause_period: int = 0
    """Every so many cycles the memory pauses (0: never): no beat and no request passes on any channel."""
    pause_cycles: int = 0
    """Length of a pause, at the start of each period; less than ``pause_period``."""

    def __post_init__(self) -> None:
        _check(self.read_latency >= 1, f"memory.read_latency must be at least 1, not {self.read_latency}")
        _check(self.write_latency >= 1, f"memory.write_latency must be at least 1, not {self.write_latency}")
        _check(
            0 <= self.pause_cycles < max(self.pause_period, 1),
            f"memory.pause_cycles must be less than pause_period {self.pause_period}, not {self.pause_cycles}",
        )


@dataclass(frozen=True)
class Target:
    """A named hardware configuration; an activation or a weight takes ``element_bytes``."""

    name: str
    tiles_x: int = 2
    """Tiles side by side; tile ``t`` stands at ``(t % tiles_x, t // tiles_x)``."""
    tiles_y: int = 2
    """Rows of tiles; 1 .. 32 tiles in all."""
    lanes: int = 8
    """Multipliers reduced together in a column, 1 .. 64."""
    columns: int = 8
    """Outputs side by side, 1 .. 64."""
    port_bytes: int = 16
    """Width of the memory port and of every line: 4, 8, 16, 32 or 64; at most ``lanes * columns``."""
    clock_hz: int = 200_000_000
    window_banks: int = 16
    """Banks of the window buffer, each one activation wide: a power of two, at least ``lanes`` and ``columns``; the
    widest element of a LOAD."""
    window_bytes: int = 32_768
    """Window buffer of a tile: a power of two, at least 16 rows of banks."""
    weight_words: int = 512
    """Depth of a tile's weight ring, at least 16; any number."""
    accumulator_entries: int = 512
    """Accumulator memory of a tile, in entries of ``columns`` sums; even, at least 8."""
    slot_bytes: int = 4096
    """One of a tile's two output slots: a multiple of ``port_bytes``."""
    residual_bytes: int = 4096
    """Residual buffer of a tile, a power of two of bank rows; 0 leaves the element-wise add out."""
    results_per_cycle: int = 4
    """Results that a tile's back end takes in a cycle: 1 .. columns, at most those of a beat."""
    map_bytes: int = 65_536
    """Map buffer of the grid: a multiple of ``burst_beats * port_bytes``; 0 leaves it out."""
    burst_beats: int = 16
    """Longest burst, a power of two; bursts end at multiples of ``burst_beats * port_bytes`` (at most 4096)."""
    staging_bursts: int = 8
    """Read bursts of activations that the smart DMA holds, a power of two from 2."""
    outstanding: int = 4
    """Read bursts under way at once per memory, and write bursts awaiting their response."""
    segments: int = 64
    """Segments of the nonlinearity unit: a power of two from 8 to 64; 0 leaves the unit out."""
    pool: bool = True
    """The pooling stage behind the nonlinearity."""
    channelwise: bool = True
    """The depthwise and pooling modes of the MAC array."""
    local_lines: bool = True
    """Partial sums to the next tile."""
    activation_bits: int = 8
    """Bits of an activation, signed: 8 or 16."""
    weight_bits: int = 8
    """Bits of a weight, signed: as many as those of an activation."""
    accumulator_bits: int = 32
    """Bits of a sum: 32 for 8-bit operands, 48 for 16-bit ones."""
    watchdog_cycles: int = 65_536
    """Cycles without any progress after which the grid halts with a status."""
    compact: bool = False
    """For small FPGAs: a unit works on its descriptor where the queue puts it together, so that the next one comes only
    when it is at rest; of every field only the bits are kept that buffers, ``address_bits`` and ``count_bits`` ask for
    (:mod:`.widths`)."""
    address_bits: int = 32
    """Bits of an address: memory, program and map buffer end at ``2 ** address_bits`` or before; 32 where not
    ``compact``."""
    count_bits: int = 16
    """Bits that are kept of the counts of loops, 8 to 16; 16 where not ``compact``."""
    counters: bool = True
    """The stall counters by cause; without them their registers read 0."""
    memory: MemoryModel = field(default_factory=MemoryModel)

    def __post_init__(self) -> None:
        _check(
            bool(self.name) and all(c.isalnum() or c in "_-" for c in self.name),
            f"name must be letters, digits, _ and -, not {self.name!r}",
        )
        _between("tiles_x * tiles_y", self.tiles, 1, 32)
        self._check_precision()
        _between("lanes", self.lanes, 1, 64)
        _between("columns", self.columns, 1, 64)
        _check(self.port_bytes in (4, 8, 16, 32, 64), f"port_bytes must be 4, 8, 16, 32 or 64, not {self.port_bytes}")
        _check(
            self.port_bytes <= self.word_bytes,
            f"port_bytes must be at most the {self.word_bytes} bytes of lanes * columns weights, not {self.port_bytes}",
        )
        least = max(self.lanes, self.columns, 4)
        _check(
            _power_of_two(self.window_banks) and self.window_banks >= least,
            f"window_banks must be a power of two, at least {least}, not {self.window_banks}",
        )
        _between("window_banks", self.window_banks, 4, 64)
        row = self.window_banks * self.element_bytes
        _check(
            _power_of_two(self.window_bytes) and self.window_bytes >= 16 * row,
            f"window_bytes must be a power of two, at least {16 * row}, not {self.window_bytes}",
        )
        _between("window_bytes", self.window_bytes, 64, 1 << 20)
        _between("weight_words", self.weight_words, 16, 32_768)
        _between("accumulator_entries", self.accumulator_entries, 8, 8192)
        _check(self.accumulator_entries % 2 == 0, f"accumulator_entries must be even, not {self.accumulator_entries}")
        _check(
            self.slot_bytes % self.port_bytes == 0 and self.slot_bytes >= self.port_bytes * 2,
            f"slot_bytes must be two or more times port_bytes {self.port_bytes}, not {self.slot_bytes}",
        )
        _between("slot_bytes", self.slot_bytes, 8, 65_536)
        _check(
            self.residual_bytes == 0 or (_power_of_two(self.residual_bytes) and self.residual_bytes >= 4 * row),
            f"residual_bytes must be 0 or a power of two, at least {4 * row}, not {self.residual_bytes}",
        )
        _between("results_per_cycle", self.results_per_cycle, 1, min(self.columns, self.port_activations))
        _check(
            _power_of_two(self.burst_beats) and 2 <= self.burst_beats <= 256 and self.burst_bytes <= 4096,
            f"burst_beats must be a power of two from 2 to {min(256, 4096 // self.port_bytes)}, not {self.burst_beats}",
        )
        _check(
            _power_of_two(self.staging_bursts) and 2 <= self.staging_bursts <= 64,
            f"staging_bursts must be a power of two from 2 to 64, not {self.staging_bursts}",
        )
        _check(
            self.staging_bytes >= 4 * row,
            f"staging_bursts * burst_bytes must be at least {4 * row}, not {self.staging_bytes}",
        )
        _check(
            self.map_bytes % self.burst_bytes == 0 and 0 <= self.map_bytes <= 1 << 24,
            f"map_bytes must be a multiple of burst_beats * port_bytes = {self.burst_bytes}, not {self.map_bytes}",
        )
        _between("outstanding", self.outstanding, 1, 16)
        _check(self.segments in (0, 8, 16, 32, 64), f"segments must be 0, 8, 16, 32 or 64, not {self.segments}")
        _between("watchdog_cycles", self.watchdog_cycles, 256, 1 << 30)
        _between("clock_hz", self.clock_hz, 1_000, 10_000_000_000)
        self._check_widths()

    def _check_widths(self) -> None:
        _between("address_bits", self.address_bits, 14, 32)
        _between("count_bits", self.count_bits, 8, 16)
        for name, usual in (("address_bits", 32), ("count_bits", 16)):
            value = getattr(self, name)
            _check(self.compact or value == usual, f"{name} must be {usual} where compact is false, not {value}")
        _check(
            self.map_bytes < 1 << self.address_bits,
            f"address_bits must be at least {self.map_bytes.bit_length()} for map_bytes = {self.map_bytes}, "
            f"not {self.address_bits}",
        )

    def _check_precision(self) -> None:
        bits = self.activation_bits
        _check(bits in (8, 16), f"activation_bits must be 8 or 16, not {bits}")
        _check(self.weight_bits == bits, f"weight_bits must be activation_bits = {bits}, not {self.weight_bits}")
        wanted = accumulator_bits(bits)
        _check(
            self.accumulator_bits == wanted,
            f"accumulator_bits must be {wanted} with {bits}-bit operands, not {self.accumulator_bits}",
        )

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return self.tiles_x * self.tiles_y

    @property
    def element_bytes(self) -> int:
        """Bytes of an activation and of a weight, in memory and in every buffer."""
        return self.activation_bits // 8

    @property
    def word_bytes(self) -> int:
        """Bytes of a weight word of ``lanes * columns`` weights."""
        return self.lanes * self.columns * self.element_bytes

    @property
    def window_activations(self) -> int:
        """Activations that the window buffer of a tile holds."""
        return self.window_bytes // self.element_bytes

    @property
    def residual_activations(self) -> int:
        """Activations that the residual buffer of a tile holds."""
        return self.residual_bytes // self.element_bytes

    @property
    def slot_activations(self) -> int:
        """Activations that an output slot holds."""
        return self.slot_bytes // self.element_bytes

    @property
    def port_activations(self) -> int:
        """Activations of a beat."""
        return self.port_bytes // self.element_bytes

    @property
    def has_parts(self) -> bool:
        """Whether transfers go from tile to tile in parts: all but compact machines of one tile."""
        return not (self.compact and self.tiles == 1)

    @property
    def macs_per_cycle(self) -> int:
        """Multipliers of all MAC arrays."""
        return self.tiles * self.lanes * self.columns

    @property
    def burst_bytes(self) -> int:
        """Bytes of the longest burst; no burst crosses a multiple of it."""
        return self.burst_beats * self.port_bytes

    @property
    def staging_bytes(self) -> int:
        """Bytes of the smart DMA's staging ring."""
        return self.staging_bursts * self.burst_bytes

    @property
    def channel_block(self) -> int:
        """Channels of one block of a feature map in memory: the most whole groups of columns that an element holds."""
        return self.window_banks // self.columns * self.columns

    @property
    def pixels_per_read(self) -> int:
        """Neighbouring pixels that a channelwise step reads, and lanes that it feeds."""
        return min(self.window_banks // self.columns, self.lanes)

    @property
    def constant_words(self) -> int:
        """Weight words that hold the per-channel constants of one group (:attr:`constant_bytes` a column)."""
        return -(-self.constant_bytes // (self.lanes * self.element_bytes))

    @property
    def constant_bytes(self) -> int:
        """Bytes of a column's constants: the bias (4, or 8 for wider accumulators), then 4 of multiplier and shift."""
        return 8 if self.accumulator_bits <= 32 else 12

    def _repr_html_(self) -> str:
        """The fields, those that differ from the default marked, for notebooks."""
        usual = Target(self.name).to_dict()
        rows = [
            (name, str(value), "" if value == usual[name] else f"instead of {usual[name]}")
            for name, value in self.to_dict().items()
        ]
        words = f"{self.macs_per_cycle:,} multiply-accumulates a cycle; hash {self.hash:016x}"
        return table(f"Target {self.name}", ("field", "value", ""), rows, words)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary, as in the TOML file."""
        return dataclasses.asdict(self)

    @property
    def hash(self) -> int:
        """64-bit identity of the hardware: everything but the name, clock and memory model; programs carry it.

        A field of :data:`LATER` that has its default is left out, so that older targets keep their identity.
        """
        fields = {k: v for k, v in self.to_dict().items() if k not in ("name", "clock_hz", "memory")}
        for f in dataclasses.fields(self):
            if f.name in LATER and fields[f.name] == f.default:
                del fields[f.name]
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).digest()
        return int.from_bytes(digest[:8], "little")


def presets() -> list[str]:
    """Names of the targets that ship with tileloom."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def load_target(name_or_path: str | Path) -> Target:
    """Read a preset by name, or a TOML file whose keys are :class:`Target`'s fields; raises :class:`TargetError`."""
    try:
        return _load(Path(name_or_path))
    except TargetError as error:
        error.target = str(name_or_path)
        raise


def _load(path: Path) -> Target:
    if path.suffix != ".toml":
        preset = PRESETS / f"{path}.toml"
        _check(
            preset.exists(), f"target {str(path)!r} is not a preset; use one of {', '.join(presets())} or a .toml file"
        )
        path = preset
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise TargetError(f"target file {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"target file {path} is not valid TOML: {error}") from None
    data.setdefault("name", path.stem)
    memory = data.pop("memory", {})
    return target_from_dict({**data, "memory": memory})


def target_from_dict(data: dict[str, Any]) -> Target:
    """Build a target from plain data, refusing unknown keys and wrong types by name."""
    memory = data.get("memory", {})
    _check(isinstance(memory, dict), f"memory must be a table, not {memory!r}")
    model = MemoryModel(**_fields(MemoryModel, memory, "memory."))
    return Target(**{**_fields(Target, {k: v for k, v in data.items() if k != "memory"}, ""), "memory": model})


def _fields(kind: type, data: dict[str, Any], prefix: str) -> dict[str, Any]:
    known = {f.name: f.type for f in dataclasses.fields(kind)}
    for key, value in data.items():
        near = difflib.get_close_matches(key, known, n=1)
        meant = f"did you mean {prefix}{near[0]}?" if near else f"known: {', '.join(sorted(known))}"
        _check(key in known, f"{prefix}{key} is not a field of a target; {meant}")
        wanted = known[key]
        _check(
            not isinstance(wanted, type) or type(value) is wanted,
            f"{prefix}{key} must be of type {getattr(wanted, '__name__', wanted)}, not {value!r}",
        )
    return data


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise TargetError(message)


def _between(name: str, value: int, low: int, high: int) -> None:
    _check(low <= value <= high, f"{name} must be from {low} to {high}, not {value}")


def _power_of_two(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0
