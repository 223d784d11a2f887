"""Convolutions as programs, written by hand: rows of a thin feature map in the window, a string for each kernel row."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Program, TensorMap
from tileloom.hw.spec.validate import violations

Array = npt.NDArray[np.int64]
MULTIPLIER, SHIFT = 41_000, 24


@dataclass(frozen=True)
class Convolution:
    """A dense convolution, stride 1, of ``channels`` to ``outputs`` on an output of ``height`` x ``width``."""

    target: Target
    channels: int
    outputs: int
    kernel: int
    height: int
    width: int

    @property
    def padded_bytes(self) -> int:
        """The input with its border, in the window."""
        border = self.kernel - 1
        return (self.height + border) * (self.width + border) * self.channels

    @property
    def steps(self) -> int:
        """Steps of a kernel row."""
        return -(-self.kernel * self.channels // self.target.lanes)

    @property
    def groups(self) -> int:
        """Groups of output channels."""
        return -(-self.outputs // self.target.columns)

    @property
    def words(self) -> int:
        """Weight words of a unit."""
        return self.groups * (self.target.constant_words + self.kernel * self.steps)

    def load(self, **more: int) -> isa.Load:
        """The LOAD of the input, its border padded with ``pad_value``."""
        border = self.kernel // 2
        return isa.Load(
            **{
                **dict(
                    mask=1,
                    address=0,
                    advance=self.padded_bytes,
                    rows_before=border,
                    rows=self.height,
                    rows_after=border,
                    row_window=(self.width + self.kernel - 1) * self.channels,
                    rows_per_run=self.height,
                    run_bytes=self.height * self.width * self.channels,
                    elements=self.width,
                    take=self.channels,
                    write=self.channels,
                    last_take=self.channels,
                    last_write=self.channels,
                    pitch=self.channels,
                    pad_left=border,
                    pad_right=border,
                    pad_write=self.channels,
                    pad_pitch=self.channels,
                ),
                **more,
            }
        )

    def job(self, **more: int) -> isa.Job:
        """The JOB of one unit that makes all outputs; results are packed pixel by pixel."""
        row = (self.width + self.kernel - 1) * self.channels
        idle = max(0, timing.emission_cycles(self.target) - self.steps * self.kernel)
        return isa.Job(
            **{
                **dict(
                    mask=1,
                    window_span=self.padded_bytes,
                    window_inner=self.padded_bytes,
                    window_free_inner=self.padded_bytes,
                    weights_span=self.words,
                    weights_inner=self.words,
                    weights_free_inner=self.words,
                    steps=self.steps,
                    step_window=self.target.lanes,
                    kernel_y=self.kernel,
                    kernel_y_window=row,
                    pixels_x=self.width,
                    pixel_x_window=self.channels,
                    pixels_y=self.height,
                    pixel_y_window=row,
                    groups=self.groups,
                    group_words=self.words // self.groups,
                    idle=idle,
                    slot_pitch=self.outputs,
                    slot_group=self.target.columns,
                    last_valid=self.outputs - (self.groups - 1) * self.target.columns,
                ),
                **more,
            }
        )

    def pack(self, weights: Array, bias: Array) -> bytes:
        """Weight words of ``(outputs, channels, kernel, kernel)`` weights, constants in front of each group."""
        lanes, columns = self.target.lanes, self.target.columns
        packed = b""
        for group in range(self.groups):
            inside = range(group * columns, min((group + 1) * columns, self.outputs))
            packed += constants(self.target, [int(bias[o]) for o in inside])
            rows = np.zeros((self.kernel, self.steps * lanes, columns), np.int8)
            for column, o in enumerate(inside):
                rows[:, : self.kernel * self.channels, column] = weights[o].transpose(1, 2, 0).reshape(self.kernel, -1)
            packed += rows.tobytes()
        return packed


@dataclass(frozen=True)
class At:
    """A transfer whose address is that of an input, or of ``output``."""

    name: str
    transfer: isa.Load | isa.Weights | isa.Store


Part = isa.Instruction | At | tuple[int, bytes]


def constants(target: Target, biases: list[int]) -> bytes:
    """Constant words with one multiplier and shift."""
    packed = b"".join(struct.pack("<iI", bias, MULTIPLIER | SHIFT << 18) for bias in biases)
    return packed.ljust(target.constant_words * target.word_bytes, b"\0")


def program(
    target: Target,
    inputs: dict[str, tuple[int, int, int]],
    output: tuple[int, int, int],
    parts: Sequence[Part],
) -> Program:
    """A program of instructions, placed transfers, and weights (mask, bytes), each loaded as one portion.

    Shapes are (channels, height, width); everything is thin.
    """
    blob = b""
    cursor = 0
    places: dict[str, TensorMap] = {}
    for name, (channels, height, width) in {**inputs, "output": output}.items():
        places[name] = TensorMap(name, cursor, channels, height, width, channels, 1.0, 0)
        cursor += -(-places[name].size_bytes // 64) * 64
    made: list[isa.Instruction] = [isa.Begin(target_hash=target.hash)]
    for part in parts:
        if isinstance(part, tuple):
            mask, data = part
            words = len(data) // target.word_bytes
            beats = -(-len(data) // target.port_bytes)
            made.append(isa.Weights(mask=mask, address=cursor + len(blob), words=words, beats=beats))
            blob += data.ljust(beats * target.port_bytes, b"\0")
        elif isinstance(part, At):
            made.append(replace(part.transfer, address=places[part.name].address))
        else:
            made.append(part)
    made.append(isa.End())
    instruction_address = -(-(cursor + len(blob)) // 64) * 64
    size = sum(len(isa.encode(i)) for i in made) * 4
    memory_bytes = -(-(instruction_address + size) // 64) * 64
    assert violations(made, target, memory_bytes) == []
    return Program(
        name="hand made",
        target=target,
        instructions=tuple(made),
        weights=blob,
        weights_address=cursor,
        memory_bytes=memory_bytes,
        inputs=tuple(places[name] for name in inputs),
        outputs=(places["output"],),
        instruction_address=instruction_address,
    )
