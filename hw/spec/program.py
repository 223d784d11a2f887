"""The tile program: one file with instructions, weights, and the map of tensors and jobs; checked whole before use.

File: magic, format version, number of sections, target hash, then a table of sections (name, offset, length,
CRC-32), then the sections. ``instructions`` are 32-bit words and ``weights`` bytes, little-endian; ``map`` is JSON.

In memory a program lives in one address window: instructions, weights, then tensors, at the offsets that the map
states. Tensors are signed codes of 8 or 16 bits (little-endian), as the target's activations, laid out as
``[blocks][height][width][block]``: channel ``c`` of a pixel is element ``c % block`` of block ``c // block``; a thin
tensor has one block of all its channels.
"""

import json
import struct
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target, TargetError, target_from_dict
from tileloom.hw.spec.notebook import table

MAGIC = b"tileloom"
HEADER = struct.Struct("<8sIIQ")
SECTION = struct.Struct("<16sQQI4x")
SECTIONS = ("instructions", "weights", "map")
LARGEST_BYTES = 1 << 31

Codes = npt.NDArray[np.signedinteger[Any]]
"""int8 or int16."""


def code_type(element_bytes: int) -> np.dtype[np.signedinteger[Any]]:
    """Type of signed codes of 1 or 2 bytes, as they stand in memory."""
    return np.dtype(np.int8) if element_bytes == 1 else np.dtype("<i2")


class ProgramError(ValueError):
    """A program file that cannot be used, in one sentence."""


@dataclass(frozen=True)
class TensorMap:
    """Where a tensor lives and what its codes mean: ``real = (code - zero_point) * scale``.

    ``shape`` is the user's shape without the batch axis, ``channels_last`` tells that its elements are ordered
    height, width, channels. A user may give floats (quantised by the runtime) or integer codes (taken as they are;
    codes of unsigned sources, ``code_offset`` 128, are shifted).
    """

    name: str
    address: int
    channels: int
    height: int
    width: int
    block: int
    scale: float
    zero_point: int
    low: int = -128
    high: int = 127
    shape: tuple[int, ...] = ()
    channels_last: bool = False
    code_offset: int = 0
    space: int = 0
    layer: str = ""
    """For taps and outputs: the layer (name in ``jobs``) that makes it."""
    element_bytes: int = 1
    slots: tuple[int, ...] = ()
    """For taps: where channel ``c`` lies, as if it were the ``slots[c]``-th; empty: channels lie one behind another."""

    @property
    def blocks(self) -> int:
        """Number of channel blocks."""
        return -(-(max(self.slots) + 1 if self.slots else self.channels) // self.block)

    @property
    def size_bytes(self) -> int:
        """Bytes that the tensor takes, padding of the last block included."""
        return self.blocks * self.height * self.width * self.block * self.element_bytes

    @property
    def code_type(self) -> np.dtype[np.signedinteger[Any]]:
        """Type of its codes."""
        return code_type(self.element_bytes)

    def pack(self, codes: Codes) -> npt.NDArray[np.uint8]:
        """Memory bytes of ``(channels, height, width)`` codes; the padding is zero."""
        padded = np.zeros((self.blocks * self.block, self.height, self.width), self.code_type)
        padded[self._chosen] = codes
        blocked = padded.reshape(self.blocks, self.block, self.height, self.width).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(blocked).view(np.uint8).reshape(-1)

    def unpack(self, data: npt.NDArray[np.uint8]) -> Codes:
        """Codes ``(..., channels, height, width)`` of memory bytes ``(..., size_bytes)``."""
        lead = data.shape[:-1]
        blocked = data.view(self.code_type).reshape(*lead, self.blocks, self.height, self.width, self.block)
        axes = (*range(len(lead)), *(len(lead) + a for a in (0, 3, 1, 2)))
        joined = blocked.transpose(axes).reshape(*lead, self.blocks * self.block, self.height, self.width)
        return np.ascontiguousarray(joined[..., self._chosen, :, :])

    @property
    def _chosen(self) -> slice | list[int]:
        return list(self.slots) if self.slots else slice(self.channels)


@dataclass(frozen=True)
class JobMap:
    """What the jobs with one tag compute, and the source they came from."""

    tag: int
    name: str
    op: str
    node: str = ""
    source: str = ""
    macs: int = 0
    mapping: str = ""


@dataclass(frozen=True)
class Program:
    """A compiled network for one target."""

    name: str
    target: Target
    instructions: tuple[isa.Instruction, ...]
    weights: bytes
    weights_address: int
    memory_bytes: int
    """Size of the address window that the program needs."""
    inputs: tuple[TensorMap, ...]
    outputs: tuple[TensorMap, ...]
    taps: tuple[TensorMap, ...] = ()
    """Tensors at job boundaries that can be read after a run (every one, when compiled with taps)."""
    jobs: tuple[JobMap, ...] = ()
    instruction_address: int = 0
    information: dict[str, Any] = field(default_factory=dict)
    """Versions, seeds, the compiler's decisions: nothing that an engine needs."""

    @property
    def words(self) -> list[int]:
        """The encoded instructions."""
        return [word for instruction in self.instructions for word in isa.encode(instruction)]

    @property
    def instruction_bytes(self) -> bytes:
        """The encoded instructions as they stand in memory."""
        words = self.words
        return struct.pack(f"<{len(words)}I", *words)

    def image(self) -> npt.NDArray[np.uint8]:
        """The address window before a run: instructions and weights placed, everything else zero."""
        memory = np.zeros(self.memory_bytes, np.uint8)
        for address, data in ((self.instruction_address, self.instruction_bytes), (self.weights_address, self.weights)):
            memory[address : address + len(data)] = np.frombuffer(data, np.uint8)
        return memory

    def _repr_html_(self) -> str:
        """Tensors and layers, for notebooks."""
        title = f"Program {self.name} for target {self.target.name} ({self.target.hash:016x})"
        sizes = (
            f"{len(self.instructions):,} instructions, {len(self.weights):,} bytes of weights, "
            f"{self.memory_bytes:,} bytes of memory"
        )
        tensors = [
            (
                role,
                tensor.name,
                f"{tensor.channels} x {tensor.height} x {tensor.width}",
                tensor.scale,
                tensor.zero_point,
            )
            for role, found in (("input", self.inputs), ("output", self.outputs))
            for tensor in found
        ]
        columns = ("", "tensor", "channels x height x width", "scale", "zero point")
        layers = [(job.name, job.op, job.macs, job.source, job.mapping) for job in self.jobs]
        return table(title, columns, tensors, sizes) + table(
            "", ("layer", "operator", "MACs", "source", "mapping"), layers
        )

    def save(self, path: str | Path) -> None:
        """Write the file; a failure leaves no half-written file behind. A pipe or device is written to as it is."""
        path = Path(path)
        if path.exists() and not path.is_file():
            path.write_bytes(self.to_bytes())
            return
        path = path.resolve()
        scratch = path.with_name(path.name + ".part")
        try:
            scratch.write_bytes(self.to_bytes())
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)

    def to_bytes(self) -> bytes:
        """The file's contents."""
        mapping = {
            "name": self.name,
            "target": self.target.to_dict(),
            "weights_address": self.weights_address,
            "instruction_address": self.instruction_address,
            "memory_bytes": self.memory_bytes,
            "inputs": [asdict(t) for t in self.inputs],
            "outputs": [asdict(t) for t in self.outputs],
            "taps": [asdict(t) for t in self.taps],
            "jobs": [asdict(j) for j in self.jobs],
            "information": self.information,
        }
        bodies = (self.instruction_bytes, self.weights, json.dumps(mapping, sort_keys=True).encode())
        offset = HEADER.size + SECTION.size * len(SECTIONS)
        table = b""
        for name, body in zip(SECTIONS, bodies, strict=True):
            table += SECTION.pack(name.encode(), offset, len(body), zlib.crc32(body))
            offset += len(body)
        header = HEADER.pack(MAGIC, isa.FORMAT_VERSION, len(SECTIONS), self.target.hash)
        return header + table + b"".join(bodies)


def load_program(path: str | Path) -> Program:
    """Read and check a program file; anything wrong raises :class:`ProgramError`."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ProgramError(f"program {path} cannot be read: {error.strerror}") from None
    return program_from_bytes(data)


def program_from_bytes(data: bytes) -> Program:
    """Check magic, version, sections, checksums, instructions and map, and build the program."""
    bodies, target_hash = _sections(data)
    try:
        mapping = json.loads(bodies["map"])
        target = target_from_dict(mapping["target"])
        words = list(struct.unpack(f"<{len(bodies['instructions']) // 4}I", bodies["instructions"]))
        program = Program(
            name=str(mapping["name"]),
            target=target,
            instructions=tuple(isa.decode_all(words)),
            weights=bodies["weights"],
            weights_address=int(mapping["weights_address"]),
            instruction_address=int(mapping["instruction_address"]),
            memory_bytes=int(mapping["memory_bytes"]),
            inputs=tuple(_tensor(t) for t in mapping["inputs"]),
            outputs=tuple(_tensor(t) for t in mapping["outputs"]),
            taps=tuple(_tensor(t) for t in mapping["taps"]),
            jobs=tuple(JobMap(**_typed(JobMap, j)) for j in mapping["jobs"]),
            information=dict(mapping["information"]),
        )
    except (isa.EncodingError, TargetError, struct.error) as error:
        raise ProgramError(f"program is not valid: {error}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ProgramError(f"program's map is not valid: {type(error).__name__} {error}") from None
    if target.hash != target_hash:
        raise ProgramError(f"program's target hash is {target_hash:#018x}, its map describes {target.hash:#018x}")
    _check_places(program)
    return program


def _typed(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    """Fields of a dataclass as JSON gives them, each of the type that the class says: nothing else is let in."""
    hints = get_type_hints(kind)
    for name, value in data.items():
        wanted = hints.get(name)
        if wanted == tuple[int, ...]:
            fits = isinstance(value, tuple) and all(type(item) is int for item in value)
        else:
            fits = type(value) is wanted or (wanted is float and type(value) is int)
        if not fits:
            raise ValueError(f"{kind.__name__}.{name} cannot be {value!r}")
    return data


def _tensor(data: dict[str, Any]) -> TensorMap:
    fields = {**data, "shape": tuple(data["shape"]), "slots": tuple(data["slots"])}
    tensor = TensorMap(**_typed(TensorMap, fields))
    sizes = (tensor.channels, tensor.height, tensor.width, tensor.block)
    if tensor.slots and (
        len(tensor.slots) != tensor.channels
        or not all(isinstance(slot, int) and 0 <= slot < 1 << 24 for slot in tensor.slots)
    ):
        raise ValueError(f"tensor {tensor.name!r} must have a slot for each of its {tensor.channels} channels")
    if tensor.element_bytes not in (1, 2):
        raise ValueError(f"tensor {tensor.name!r} must have elements of 1 or 2 bytes, not {tensor.element_bytes!r}")
    if not all(isinstance(n, int) and 1 <= n <= 1 << 24 for n in sizes) or not isinstance(tensor.address, int):
        raise ValueError(f"tensor {tensor.name!r} has impossible sizes {sizes}")
    return tensor


def _sections(data: bytes) -> tuple[dict[str, bytes], int]:
    if len(data) < HEADER.size or data[: len(MAGIC)] != MAGIC:
        raise ProgramError("program does not start with the magic bytes of a tile program")
    _, version, count, target_hash = HEADER.unpack_from(data)
    if version != isa.FORMAT_VERSION:
        raise ProgramError(
            f"program has format version {version}, this tileloom reads {isa.FORMAT_VERSION}; compile it again"
        )
    if count != len(SECTIONS) or len(data) < HEADER.size + count * SECTION.size:
        raise ProgramError(f"program must have {len(SECTIONS)} sections, not {count}, or is cut off")
    bodies = {}
    for i, wanted in enumerate(SECTIONS):
        name, offset, length, checksum = SECTION.unpack_from(data, HEADER.size + i * SECTION.size)
        if name.rstrip(b"\0") != wanted.encode():
            raise ProgramError(f"program's section {i} must be {wanted!r}, not {name.rstrip(bytes(1))!r}")
        body = data[offset : offset + length]
        if len(body) != length:
            raise ProgramError(f"program's section {wanted!r} is cut off after {len(body)} of {length} bytes")
        if zlib.crc32(body) != checksum:
            raise ProgramError(f"program's section {wanted!r} is damaged: its checksum differs")
        bodies[wanted] = body
    return bodies, target_hash


def _check_places(program: Program) -> None:
    if not 0 < program.memory_bytes <= LARGEST_BYTES:
        raise ProgramError(f"program's memory must be 1..{LARGEST_BYTES} bytes, not {program.memory_bytes}")
    if program.memory_bytes % program.target.element_bytes:
        raise ProgramError(f"program's memory must hold whole activations, not {program.memory_bytes} bytes")
    for tensor in (*program.inputs, *program.outputs, *program.taps):
        limit = program.target.map_bytes if tensor.space else program.memory_bytes
        if tensor.address < 0 or tensor.address + tensor.size_bytes > limit:
            raise ProgramError(f"tensor {tensor.name!r} lies outside the {limit} bytes of its memory")
        size = program.target.element_bytes
        if tensor.element_bytes != size:
            raise ProgramError(
                f"tensor {tensor.name!r} must have elements of {size} bytes, as its target, not {tensor.element_bytes}"
            )
    for name, address, size in (
        ("instructions", program.instruction_address, len(program.instruction_bytes)),
        ("weights", program.weights_address, len(program.weights)),
    ):
        if address < 0 or address + size > program.memory_bytes:
            raise ProgramError(f"program's {name} lie outside its {program.memory_bytes} bytes of memory")
