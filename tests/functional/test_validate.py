"""Every static rule of programs, broken one at a time."""

from dataclasses import replace
from typing import Any

import pytest

from tests.programs.random_program import random_program
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target, load_target, presets
from tileloom.hw.spec.validate import violations

TARGET = load_target("default")
BARE = replace(TARGET, name="bare", segments=0, residual_bytes=0, pool=False, channelwise=False, local_lines=False)
BARE = replace(BARE, map_bytes=0)
LOAD = isa.Load(
    mask=1,
    address=0,
    advance=128,
    rows_before=1,
    rows=2,
    rows_after=1,
    row_window=32,
    rows_per_run=2,
    run_bytes=32,
    elements=2,
    take=8,
    write=8,
    last_take=8,
    last_write=8,
    pitch=8,
    pad_left=1,
    pad_right=1,
    pad_write=8,
    pad_pitch=8,
)
WEIGHTS = isa.Weights(mask=1, address=16, words=3, beats=12)
STORE = isa.Store(address=0, runs=4, run_bytes=8, run_slot=8)
JOB = isa.Job(
    mask=1,
    window_span=64,
    window_inner=64,
    window_free_inner=64,
    weights_span=5,
    weights_inner=5,
    weights_free_inner=5,
    steps=4,
    step_window=8,
    pixels_x=4,
    pixel_x_window=8,
    group_words=5,
    slot_pitch=8,
    last_valid=8,
    residual_span=32,
    residual_pitch=8,
)
TABLE = isa.Table(mask=1, slopes=(1,) * 64, offsets=(0,) * 64)


def broken(instruction: isa.Instruction, target: Target = TARGET, memory_bytes: int | None = None) -> list[str]:
    begin = isa.Begin(target_hash=target.hash)
    tables = [TABLE] if target.segments else []
    found = violations([begin, *tables, instruction, isa.End()], target, memory_bytes)
    name = f"instruction {1 + len(tables)} ({instruction.opcode.name} tag 0): "
    assert all(text.startswith(name) for text in found), found
    return [text.removeprefix(name) for text in found]


@pytest.mark.parametrize("instruction", [LOAD, WEIGHTS, STORE, JOB, TABLE], ids=lambda i: i.opcode.name)
def test_the_starting_points_break_nothing(instruction: isa.Instruction) -> None:
    assert broken(instruction, memory_bytes=1024) == []


ONE_FIELD: list[tuple[isa.Instruction, dict[str, Any], str]] = [
    (LOAD, {"mask": 0}, "mask must name some of the 4 tiles in every part, not 0x0 to 0x0"),
    (LOAD, {"parts": 2, "part_shift": 4}, "mask must name some of the 4 tiles in every part, not 0x1 to 0x10"),
    (LOAD, {"bands": 0}, "bands must be at least 1, not 0"),
    (LOAD, {"elements": 0}, "elements must be at least 1, not 0"),
    (LOAD, {"rows_per_run": 0}, "rows_per_run must be at least 1, not 0"),
    (LOAD, {"rows": 0, "rows_before": 0, "rows_after": 0}, "rows_before + rows + rows_after must be at least 1, not 0"),
    (LOAD, {"write": 9}, "write and take must be 1 <= write <= take <= window_banks = 16, not 9 and 8"),
    (LOAD, {"last_take": 17}, "last_write and last_take must be 1 <= last_write <= last_take <= window_banks = 16"),
    (LOAD, {"pad_write": 0}, "pad_write must be from 1 to window_banks = 16, not 0"),
    (LOAD, {"piece": 5, "spread": 6}, "piece and spread must be piece <= 4 and piece < spread, not 5 and 6"),
    (LOAD, {"piece": 2, "spread": 2}, "piece and spread must be piece <= 4 and piece < spread, not 2 and 2"),
    (LOAD, {"piece": 2, "spread": 5}, "write must end below window_banks = 16 when it is spread, not at 17"),
    (LOAD, {"piece": 4, "spread": 8, "last_pitch": 50}, "what is written must lie within 0 .. advance = "),
    (LOAD, {"pad_value": 128}, "pad_value must be from -128 to 127, not 128"),
    (LOAD, {"advance": 32_769}, "advance must be at most the log's 32768 activations, not 32769"),
    (LOAD, {"advance": 127}, "what is written must lie within 0 .. advance = 127 of the head, not 0 .. 128"),
    (LOAD, {"pad_pitch": -8}, "what is written must lie within 0 .. advance = 128 of the head, not -8 .. "),
    (LOAD, {"row_window": -32}, "what is written must lie within 0 .. advance = 128 of the head, not -96 .. 32"),
    (LOAD, {"rows_per_run": 4}, "rows_per_run must divide rows = 2, not 4"),
    (LOAD, {"run_bytes": 31}, "run_bytes must be at least the 32 bytes that the run's elements take, not 31"),
    (LOAD, {"run_bytes": 2080}, "run_bytes must leave fewer than staging_bytes = 2048 bytes of a run unread, not 2048"),
    (LOAD, {"address": 993}, "addresses must stay within the 1024 bytes of their space, not 993 .. 1040"),
    (LOAD, {"bands": 2, "band_stride": -1}, "addresses must stay within the 1024 bytes of their space, not -1 .. 32"),
    (WEIGHTS, {"address": 8}, "address must be a multiple of port_bytes = 16, not 8"),
    (WEIGHTS, {"words": 0, "beats": 0}, "words must be at least 1, not 0"),
    (WEIGHTS, {"words": 513, "beats": 2052}, "words must be at most weight_words = 512, not 513"),
    (WEIGHTS, {"beats": 11}, "beats must be 12, which hold 3 words, not 11"),
    (WEIGHTS, {"mask": 16}, "mask must name some of the 4 tiles in every part, not 0x10 to 0x10"),
    (WEIGHTS, {"portions": 6}, "addresses must stay within the 1024 bytes of their space, not 16 .. 1168"),
    (STORE, {"tile": 4}, "tile must stay below 4 for all parts and subparts, not 4"),
    (STORE, {"parts": 2, "part_tiles": -1}, "tile must stay below 4 for all parts and subparts, not -1"),
    (STORE, {"outer": 0}, "outer must be at least 1, not 0"),
    (STORE, {"run_bytes": 0}, "run_bytes must be at least 1, not 0"),
    (STORE, {"run_slot": 1400}, "runs must end within slot_bytes = 4096, not at 4208"),
    (STORE, {"run_stride": 400}, "addresses must stay within the 1024 bytes of their space, not 0 .. 1216"),
    (JOB, {"mask": 16}, "mask must name some of the 4 tiles, not 0x10"),
    (JOB, {"mode": 3}, "mode must be one of [0, 1, 2], not 3"),
    (JOB, {"pool": 3}, "pool must be one of [0, 1, 2], not 3"),
    (JOB, {"kernel_x": 0}, "kernel_x must be at least 1, not 0"),
    (JOB, {"from_neighbour": 1, "chunked": 1, "mask": 2}, "from_neighbour excludes chunked, both are 1"),
    (JOB, {"to_neighbour": 1, "mode": 2}, "mode MAXIMUM excludes from_neighbour and to_neighbour, one of them is 1"),
    (JOB, {"to_neighbour": 1, "mask": 9}, "to_neighbour must leave out the last tile, 3; mask is 0x9"),
    (JOB, {"from_neighbour": 1, "mask": 3}, "from_neighbour must leave out tile 0; mask is 0x3"),
    (JOB, {"window_span": 32_769}, "window_span must be at most 32768, not 32769"),
    (JOB, {"weights_span": 513}, "weights_span must be at most 512, not 513"),
    (JOB, {"add": 1, "residual_span": 4097}, "residual_span must be at most 4096, not 4097"),
    (JOB, {"window_inner": 65}, "window_inner and window_outer must move at most window_span = 64 at once, not 65"),
    (JOB, {"weights_outer": 1}, "weights_inner and weights_outer must move at most weights_span = 5 at once, not 6"),
    (JOB, {"pixels_x": 6}, "window_span must cover the first activation of every step, up to 64, not 64"),
    (JOB, {"steps": 5}, "weights_span must cover the 6 words of a unit, not 5"),
    (JOB, {"groups": 2}, "weights_span must cover the 10 words of a unit, not 5"),
    (JOB, {"steps": 1}, "a pixel must last at least 2 cycles, in which its results are taken, not 1"),
    (
        JOB,
        {"chunked": 1, "pixels_x": 1, "inner": 2},
        "a chunked unit must last at least 12 cycles, not 5",
    ),
    (
        JOB,
        {"chunked": 1, "pixels_x": 513, "pixel_x_window": 0, "slot_pitch": 0},
        "a chunked unit must have at most 512 pixels, all groups, not 513",
    ),
    (
        JOB,
        {"to_neighbour": 1, "pixels_x": 257, "pixel_x_window": 0, "slot_pitch": 0},
        "a unit with partial sums must have at most 256 pixels, all groups, not 257",
    ),
    (JOB, {"low": 5, "high": 4}, "low must be at most high = 4, not 5"),
    (JOB, {"high": 128}, "low .. high must lie within -128 .. 127, not -128 .. 128"),
    (JOB, {"table": 1, "table_low": -129}, "table_low .. table_high must lie within -128 .. 127, not -129 .. 127"),
    (JOB, {"add": 1, "add_shift": 48}, "add_shift must be at most 47, not 48"),
    (JOB, {"pool": 2, "pool_shift": 48}, "pool_shift must be at most 47, not 48"),
    (JOB, {"last_valid": 0}, "last_valid must be from 1 to columns = 8, not 0"),
    (JOB, {"last_valid": 9}, "last_valid must be from 1 to columns = 8, not 9"),
    (JOB, {"pool": 1, "pool_count": 3}, "pool_count must divide the 4 pixels of a group, not 3"),
    (JOB, {"slot_pitch": 1363}, "results must end within the slot's 4096 activations, not at 4097"),
    (
        JOB,
        {"groups": 2, "weights_span": 10, "slot_pitch": 1363, "slot_group": 1, "last_valid": 1},
        "results must end within the slot's 4096 activations, not at 4097",
    ),
    (JOB, {"add": 1, "residual_span": 31}, "residual_span must cover the 32 activations of a unit's operand, not 31"),
    (TABLE, {"mask": 0}, "mask must name some of the 4 tiles, not 0x0"),
    (TABLE, {"slopes": (1,) * 32, "offsets": (0,) * 32}, "slopes must be 64, one for each segment, not 32"),
    (TABLE, {"slopes": (32768,) + (1,) * 63}, "slopes must fit 16 bits signed, not 32768"),
    (TABLE, {"offsets": (1 << 31,) + (1,) * 63}, "offsets must fit 32 bits signed, not 2147483648"),
]


@pytest.mark.parametrize(("instruction", "change", "text"), ONE_FIELD, ids=lambda value: str(value)[:40])
def test_one_rule(instruction: isa.Instruction, change: dict[str, Any], text: str) -> None:
    assert any(found.startswith(text) for found in broken(replace(instruction, **change), memory_bytes=1024))


@pytest.mark.parametrize(
    ("instruction", "change", "what"),
    [
        (LOAD, {"destination": 1}, "destination residual needs the element-wise add"),
        (LOAD, {"space": 1}, "space map needs the map buffer"),
        (JOB, {"mode": 1}, "mode needs the channelwise modes"),
        (JOB, {"to_neighbour": 1}, "to_neighbour needs local lines"),
        (JOB, {"table": 1}, "table needs the nonlinearity unit"),
        (JOB, {"add": 1}, "add needs the element-wise add"),
        (JOB, {"pool": 1}, "pool needs the pooling stage"),
        (TABLE, {}, "TABLE needs the nonlinearity unit"),
    ],
)
def test_what_the_target_leaves_out(instruction: isa.Instruction, change: dict[str, Any], what: str) -> None:
    assert f"{what}, which target bare leaves out" in broken(replace(instruction, **change), BARE)


def test_order_of_instructions() -> None:
    begin, end = isa.Begin(target_hash=0), isa.End()
    assert violations([], TARGET) == ["a program must have at least BEGIN and END"]
    assert violations([begin, begin, end], TARGET) == ["instruction 1 (BEGIN tag 0): BEGIN must be the first"]
    assert violations([begin, end, end], TARGET) == ["instruction 1 (END tag 0): END must be the last"]
    assert violations([begin, isa.Barrier()], TARGET) == [
        "instruction 1 (BARRIER tag 0): the last instruction must be END"
    ]


def test_a_table_comes_before_its_job() -> None:
    begin, end = isa.Begin(target_hash=0), isa.End()
    job = replace(JOB, mask=3, table=1)
    assert violations([begin, TABLE, job, end], TARGET) == [
        "instruction 2 (JOB tag 0): table must follow a TABLE for all tiles of mask 0x3, tiles 0x2 have none"
    ]
    assert violations([begin, replace(TABLE, mask=6), TABLE, job, end], TARGET) == []


def test_partial_sums_and_chunks_share_the_accumulators() -> None:
    begin, end = isa.Begin(target_hash=0), isa.End()
    send = replace(JOB, mask=1, to_neighbour=1)
    chunk = replace(JOB, mask=2, chunked=1)
    found = violations([begin, chunk, send, end], TARGET)
    assert len(found) == 1 and "a tile that receives partial sums must run no chunked job" in found[0]
    assert violations([begin, chunk, isa.Barrier(), send, end], TARGET) == []


@pytest.mark.parametrize("name", presets())
def test_random_programs_keep_the_rules_of_their_target_only(name: str) -> None:
    program = random_program(5, load_target(name), 6)
    assert violations(program.instructions, program.target, program.memory_bytes) == []
    target = program.target
    window = 16 * target.window_banks * target.element_bytes
    tiny = replace(target, name="tiny", weight_words=16, window_bytes=window)
    assert violations(program.instructions, tiny) != []
