"""Each thing that a tile can do, as a program written by hand, against PyTorch on whole tensors."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.functional.hand_made import MULTIPLIER, SHIFT, Array, At, Convolution, Part, constants, program
from tileloom.hw.spec import isa, quant
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.program import Codes
from tileloom.sim.functional.run import run

FRAMES = 3
TARGETS = ("default", "small", "odd", "mac25")


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> Target:
    return load_target(request.param)


def codes(seed: int, *shape: int) -> Codes:
    generator = np.random.default_rng(seed)
    return generator.choice([-128, 127, *generator.integers(-128, 128, 60)], shape).astype(np.int8)


def convolve(x: Codes, weights: Array, bias: Array, **options: Any) -> Array:
    image, kernels, start = (torch.from_numpy(np.asarray(a, np.float64)) for a in (x, weights, bias))
    return np.asarray(functional.conv2d(image, kernels, start, **options).numpy(), np.int64)


def rescaled(sums: Array) -> Array:
    return np.asarray(quant.requantise(sums, MULTIPLIER, SHIFT, 3, -128, 127))


def layer(target: Target, channels: int = 4) -> tuple[Convolution, Codes, Array, Array]:
    c = Convolution(target, channels, 5, 3, 3, 4)
    weights = codes(1, c.outputs, c.channels, 3, 3).astype(np.int64)
    return c, codes(2, FRAMES, c.channels, c.height, c.width), weights, np.arange(-2, 3) * 9_000


def store(c: Convolution, **more: int) -> At:
    return stored(c.outputs * c.height * c.width, **more)


def stored(size: int, **more: int) -> At:
    return At("output", isa.Store(address=0, run_bytes=size, **more))


def test_dense(target: Target) -> None:
    c, x, weights, bias = layer(target)
    parts: list[Part] = [At("x", c.load()), (1, c.pack(weights, bias)), c.job(zero_point=3), store(c)]
    made = program(target, {"x": (4, 3, 4)}, (5, 3, 4), parts)
    wanted = rescaled(convolve(x, weights, bias, padding=1))
    assert np.array_equal(run(made, {"x": x}).outputs["output"], wanted)


def test_border_takes_the_pad_value(target: Target) -> None:
    c, x, weights, bias = layer(target)
    load = At("x", c.load(pad_value=-77))
    parts: list[Part] = [load, (1, c.pack(weights, bias)), c.job(zero_point=3), store(c)]
    made = program(target, {"x": (4, 3, 4)}, (5, 3, 4), parts)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-77)
    assert np.array_equal(run(made, {"x": x}).outputs["output"], rescaled(convolve(padded, weights, bias)))


def test_chunked(target: Target) -> None:
    """The input channels come in two chunks, whose sums meet in the accumulator memory."""
    c, x, weights, bias = layer(target)
    whole = codes(7, FRAMES, 4, c.height, c.width)
    more = codes(8, 5, 4, 3, 3).astype(np.int64)
    job = c.job(chunked=1, inner=2, zero_point=3)
    parts: list[Part] = [
        At("x", c.load()),
        At("y", c.load()),
        (1, c.pack(weights, bias)),
        (1, c.pack(more, bias)),
        job,
        store(c),
    ]
    made = program(target, {"x": (4, 3, 4), "y": (4, 3, 4)}, (5, 3, 4), parts)
    wanted = rescaled(convolve(x, weights, bias, padding=1) + convolve(whole, more, 0 * bias, padding=1))
    assert np.array_equal(run(made, {"x": x, "y": whole}).outputs["output"], wanted)


@pytest.mark.parametrize("name", ["default", "odd"])
def test_partial_sums_from_the_neighbour(name: str) -> None:
    target = load_target(name)
    c, x, weights, bias = layer(target)
    other = codes(7, FRAMES, 4, c.height, c.width)
    more = codes(8, 5, 4, 3, 3).astype(np.int64)
    parts: list[Part] = [
        At("x", c.load()),
        At("y", c.load(mask=2)),
        (1, c.pack(weights, bias)),
        (2, c.pack(more, 2 * bias)),
        c.job(to_neighbour=1),
        c.job(mask=2, from_neighbour=1, zero_point=3),
        store(c, tile=1),
    ]
    made = program(target, {"x": (4, 3, 4), "y": (4, 3, 4)}, (5, 3, 4), parts)
    wanted = rescaled(convolve(x, weights, bias, padding=1) + convolve(other, more, 2 * bias, padding=1))
    assert np.array_equal(run(made, {"x": x, "y": other}).outputs["output"], wanted)


def test_residual_add_and_floor(target: Target) -> None:
    c, x, weights, bias = layer(target)
    r = codes(9, FRAMES, 5, 3, 4)
    size = r[0].size
    elements = -(-size // target.window_banks)
    last = size - (elements - 1) * target.window_banks
    wide = {"take": target.window_banks, "write": target.window_banks, "pitch": target.window_banks}
    residual = isa.Load(
        mask=1,
        address=0,
        destination=isa.Destination.RESIDUAL,
        advance=size,
        rows=1,
        rows_per_run=1,
        run_bytes=size,
        elements=elements,
        last_take=last,
        last_write=last,
        **wide,
    )
    job = c.job(
        zero_point=3,
        floor=1,
        add=1,
        low=-300,
        high=300,
        residual_span=size,
        residual_pitch=5,
        add_value=3000,
        add_residual=-2000,
        add_addend=777,
        add_shift=12,
        add_zero_point=-4,
    )
    parts: list[Part] = [At("r", residual), At("x", c.load()), (1, c.pack(weights, bias)), job, store(c)]
    made = program(target, {"x": (4, 3, 4), "r": (5, 3, 4)}, (5, 3, 4), parts)
    sums = convolve(x, weights, bias, padding=1)
    value = np.clip((sums * MULTIPLIER >> SHIFT) + 3, -300, 300)
    exact = (value * 3000 - r.astype(np.int64) * 2000 + 777) / 4096
    wanted = np.clip(np.round(exact) - 4, -128, 127)
    assert np.array_equal(run(made, {"x": x, "r": r}).outputs["output"], wanted)


def test_table(target: Target) -> None:
    """A table of equal segments that makes |v| / 2."""
    c, x, weights, bias = layer(target)
    width = 65536 // target.segments
    starts = [-32768 + i * width for i in range(target.segments)]
    slopes = tuple(-1 if start < 0 else 1 for start in starts)
    table = isa.Table(mask=1, slopes=slopes, offsets=tuple(abs(start) for start in starts))
    job = c.job(table=1, table_shift=1, low=-4000, high=4000)
    parts: list[Part] = [table, At("x", c.load()), (1, c.pack(weights, bias)), job, store(c)]
    made = program(target, {"x": (4, 3, 4)}, (5, 3, 4), parts)
    value = np.asarray(quant.requantise(convolve(x, weights, bias, padding=1), MULTIPLIER, SHIFT, 0, -4000, 4000))
    assert np.array_equal(run(made, {"x": x}).outputs["output"], np.clip(np.round(np.abs(value) / 2), -128, 127))


def whole_load(target: Target, name: str, size: int) -> At:
    return At(name, Convolution(target, 1, 1, 1, 1, size).load())


@pytest.mark.parametrize("rounding", ["maximum", "average"])
def test_pooling_windows_of_two_by_two(target: Target, rounding: str) -> None:
    """A standalone pool: the MAXIMUM mode, or sums in the pooling stage behind a channelwise copy."""
    columns = target.columns
    x = codes(3, FRAMES, columns, 4, 6)
    size = x[0].size
    common: dict[str, int] = dict(
        mask=1,
        window_span=size,
        window_inner=size,
        window_free_inner=size,
        pixels_x=3,
        pixel_x_window=2 * columns,
        pixels_y=2,
        pixel_y_window=12 * columns,
        slot_pitch=columns,
        last_valid=columns,
        idle=columns,
    )
    if rounding == "maximum":
        words = target.constant_words
        job = isa.Job(
            **common,
            mode=isa.Mode.MAXIMUM,
            steps=2,
            step_window=columns,
            kernel_y=2,
            kernel_y_window=6 * columns,
            weights_span=words,
            weights_free_inner=words,
            weights_inner=words,
            group_words=words,
        )
        data = unit_constants(target, bias=-128)
        tensor = torch.from_numpy(x.astype(np.float64))
        wanted = functional.max_pool2d(tensor, 2).numpy()
    else:
        words = target.constant_words + 1
        job = isa.Job(
            **common,
            mode=isa.Mode.CHANNELWISE,
            steps=1,
            step_window=0,
            sub_x=2,
            sub_x_window=columns,
            sub_y=2,
            sub_y_window=6 * columns,
            pool=isa.Pool.SUM,
            pool_count=4,
            pool_multiplier=1,
            pool_shift=2,
            weights_span=words,
            weights_free_inner=words,
            weights_inner=words,
            group_words=words,
        )
        copy = np.zeros((target.lanes, columns), np.int8)
        copy[0] = 1
        data = unit_constants(target) + copy.tobytes()
        tensor = torch.from_numpy(x.astype(np.float64))
        wanted = np.round(functional.avg_pool2d(tensor, 2).numpy())
    parts: list[Part] = [whole_load(target, "x", size), (1, data), job, stored(columns * 6)]
    made = program(target, {"x": (columns, 4, 6)}, (columns, 2, 3), parts)
    assert np.array_equal(run(made, {"x": x}).outputs["output"], wanted)


def unit_constants(target: Target, bias: int = 0) -> bytes:
    """Constants that let sums pass as they are."""
    data = np.tile(np.array([bias, 1], "<i4"), target.columns)
    return data.tobytes().ljust(target.constant_words * target.word_bytes, b"\0")


def test_depthwise_with_neighbouring_pixels(target: Target) -> None:
    """A 1 x 5 depthwise kernel: each step reads as many pixels as an element holds."""
    columns, taps, width = target.columns, 5, 7
    x = codes(4, FRAMES, columns, 1, width)
    weights = codes(5, columns, taps).astype(np.int64)
    reads = -(-taps // target.pixels_per_read)
    packed = np.zeros((reads, target.lanes, columns), np.int8)
    for tap in range(taps):
        packed[tap // target.pixels_per_read, tap % target.pixels_per_read] = weights[:, tap]
    bias = np.arange(columns) * 500
    data = constants(target, bias.tolist()) + packed.tobytes()
    words = target.constant_words + reads
    size = width * columns
    pixels = width - taps + 1
    job = isa.Job(
        mask=1,
        mode=isa.Mode.CHANNELWISE,
        window_span=size,
        window_inner=size,
        window_free_inner=size,
        weights_span=words,
        weights_inner=words,
        weights_free_inner=words,
        group_words=words,
        steps=reads,
        step_window=target.pixels_per_read * columns,
        pixels_x=pixels,
        pixel_x_window=columns,
        slot_pitch=columns,
        last_valid=columns,
        idle=columns,
        zero_point=3,
    )
    parts: list[Part] = [whole_load(target, "x", size), (1, data), job, stored(columns * pixels)]
    made = program(target, {"x": (columns, 1, width)}, (columns, 1, pixels), parts)
    sums = convolve(x, weights.reshape(columns, 1, 1, taps), bias, groups=columns)
    assert np.array_equal(run(made, {"x": x}).outputs["output"], rescaled(sums))


def test_many_frames_equal_single_ones() -> None:
    """Frames in one batch, in several batches, and alone."""
    target = load_target("default")
    c, _, weights, bias = layer(target)
    x = codes(11, 300, 4, 3, 4)
    parts: list[Part] = [At("x", c.load()), (1, c.pack(weights, bias)), c.job(zero_point=3), store(c)]
    made = program(target, {"x": (4, 3, 4)}, (5, 3, 4), parts)
    together = run(made, {"x": x}).outputs["output"]
    for frame in (0, 1, 150, 299):
        assert np.array_equal(run(made, {"x": x[frame : frame + 1]}).outputs["output"][0], together[frame])


def test_weights_may_differ_between_frames() -> None:
    """Weight words that are an input: the ring then holds one copy a frame."""
    target = load_target("default")
    c, x, weights, bias = layer(target)
    both = [c.pack(weights, bias), c.pack(-weights // 2, bias)]
    w = np.stack([np.frombuffer(data, np.int8).reshape(-1, 1, 1) for data in both])
    words = w.shape[1] // target.word_bytes
    parts: list[Part] = [
        At("x", c.load()),
        At("w", isa.Weights(mask=1, address=0, words=words, beats=words * target.word_bytes // target.port_bytes)),
        c.job(zero_point=3),
        store(c),
    ]
    made = program(target, {"x": (4, 3, 4), "w": (w.shape[1], 1, 1)}, (5, 3, 4), parts)
    found = run(made, {"x": x[:2], "w": w}).outputs["output"]
    for frame, factor in enumerate((weights, -weights // 2)):
        wanted = rescaled(convolve(x[frame : frame + 1], factor, bias, padding=1))
        assert np.array_equal(found[frame : frame + 1], wanted)
