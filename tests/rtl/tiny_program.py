"""The smallest useful program, written by hand: one dense job on every tile, one pixel row, one weight word."""

import struct

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec import isa, quant, timing
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Codes, Program, TensorMap
from tileloom.hw.spec.validate import violations

PIXELS = 6
MULTIPLIER, SHIFT = 37, 10


def tiny_program(target: Target, seed: int = 0) -> Program:
    """``y[c] = requantise(bias[c] + sum(x[lane] * w[lane][c]))`` for six pixels; every tile stores its own copy."""
    rng = np.random.default_rng(seed)
    lanes, columns, tiles = target.lanes, target.columns, target.tiles
    weights = rng.integers(-128, 128, (lanes, columns)).astype(np.int8)
    bias = rng.integers(-20_000, 20_000, columns)
    constants = b"".join(struct.pack("<iI", int(b), MULTIPLIER | SHIFT << 18) for b in bias)
    words = constants.ljust(target.constant_words * target.word_bytes, b"\0") + weights.tobytes()
    window = PIXELS * lanes
    results = PIXELS * columns
    weights_at, input_at, output_at = 1024, 8192, 12_288
    stride = -(-results // 64) * 64 + 3  # stores start at odd bytes
    mask = (1 << tiles) - 1
    instructions = (
        isa.Begin(target_hash=target.hash),
        isa.Load(
            mask=mask, address=input_at, tag=1, advance=window, rows=1, rows_per_run=1, run_bytes=window,
            elements=PIXELS, take=lanes, write=lanes, last_take=lanes, last_write=lanes, pitch=lanes,
        ),
        isa.Weights(
            mask=mask, address=weights_at, tag=2, words=target.constant_words + 1,
            beats=-(-len(words) // target.port_bytes),
        ),
        isa.Job(
            mask=mask, tag=3, window_span=window, window_inner=window, window_free_inner=window,
            weights_span=target.constant_words + 1, weights_inner=target.constant_words + 1,
            weights_free_inner=target.constant_words + 1, steps=1, step_window=0,
            idle=timing.emission_cycles(target) - 1, pixels_x=PIXELS, pixel_x_window=lanes,
            group_words=target.constant_words + 1, slot_pitch=columns, last_valid=columns, zero_point=3,
        ),
        isa.Store(
            tile=0, address=output_at, tag=4, parts=tiles, part_stride=stride, part_tiles=1, run_bytes=results,
        ),
        isa.End(tag=5),
    )  # fmt: skip
    assert not violations(instructions, target)
    return Program(
        name="tiny", target=target, instructions=instructions, weights=words, weights_address=weights_at,
        memory_bytes=16_384,
        inputs=(TensorMap("x", input_at, lanes, 1, PIXELS, lanes, 1.0, 0),),
        outputs=tuple(
            TensorMap(f"y{t}", output_at + t * stride, columns, 1, PIXELS, columns, 1.0, 0) for t in range(tiles)
        ),
    )  # fmt: skip


def tiny_reference(program: Program, x: Codes) -> npt.NDArray[np.int64]:
    """What every output of :func:`tiny_program` must be, for inputs ``(frames, lanes, 1, pixels)``."""
    target = program.target
    body = np.frombuffer(program.weights, np.int8)[target.constant_words * target.word_bytes :]
    weights = body.reshape(target.lanes, target.columns).astype(np.int64)
    bias = np.array([struct.unpack_from("<i", program.weights, 8 * c)[0] for c in range(target.columns)])
    sums = np.einsum("flyx,lc->fcyx", x.astype(np.int64), weights) + bias[:, None, None]
    return np.asarray(quant.requantise(sums, MULTIPLIER, SHIFT, 3, -128, 127))
