"""Programs that never end, each for a reason of its own, and the sentence that names who waits for what."""

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.program import Program

DEFAULT = load_target("default")


def program_of(target: Target, *instructions: isa.Instruction) -> Program:
    """A program of these instructions between BEGIN and END."""
    return Program(
        name="hand",
        target=target,
        instructions=(isa.Begin(target_hash=target.hash), *instructions, isa.End()),
        weights=b"",
        weights_address=0,
        memory_bytes=1 << 16,
        inputs=(),
        outputs=(),
    )


LOAD = isa.Load(
    tag=1, mask=1, address=0x100, advance=64, rows=1, rows_per_run=1, run_bytes=64, elements=4, take=16, write=16,
    last_take=16, last_write=16, pitch=16,
)  # fmt: skip
WEIGHTS = isa.Weights(tag=1, mask=1, address=0x200, words=3, beats=12)
JOB = isa.Job(
    tag=1, mask=1, window_span=64, window_free_inner=64, window_inner=64, weights_span=3, weights_inner=3,
    weights_free_inner=3, steps=2, step_window=8, group_words=3, slot_pitch=8, last_valid=8,
)  # fmt: skip
STORE = isa.Store(tag=1, address=0x400, run_bytes=8)

HANGS: dict[str, tuple[tuple[isa.Instruction, ...], str]] = {
    "no weights": (
        (LOAD, JOB, STORE),
        "tile 0 (instruction 2, JOB tag 1, unit 0 of 1) waits for 3 more words in its weight ring, from line W",
    ),
    "short load": (
        (LOAD, WEIGHTS, isa.Job(**{**vars(JOB), "window_span": 65})),
        "tile 0 (instruction 3, JOB tag 1, unit 0 of 1) waits for 1 more activations in its window, from line A",
    ),
    "nobody stores": (
        (
            isa.Load(**{**vars(LOAD), "bands": 3}),
            isa.Weights(**{**vars(WEIGHTS), "portions": 3}),
            isa.Job(**{**vars(JOB), "outer": 3}),
        ),
        "tile 0 (instruction 3, JOB tag 1, unit 2 of 3) waits for a free output slot, which line O must empty",
    ),
    "nothing to store": (
        (STORE,),
        "stream O (instruction 1, STORE tag 1) waits for an output slot of tile 0 to be filled",
    ),
    "waits for more stores than there are": (
        (isa.Load(**{**vars(LOAD), "wait": 1, "after": 7}),),
        "stream A (instruction 1, LOAD tag 1) waits for `stored` to go up by 7 more",
    ),
    "window too small": (
        (isa.Load(**{**vars(LOAD), "advance": 20_000, "bands": 2}),),
        "stream A (instruction 1, LOAD tag 1) waits for room in a log of tile 0: 7232 more must become free",
    ),
    "no partial sums": (
        (isa.Load(**{**vars(LOAD), "mask": 2}), isa.Job(**{**vars(JOB), "mask": 2, "from_neighbour": 1})),
        "tile 1 (instruction 2, JOB tag 1, unit 0 of 1) waits for partial sums from the tile before, on the local line",
    ),
}
