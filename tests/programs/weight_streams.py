"""Random WEIGHTS that bring given words into weight rings."""

from collections.abc import Sequence

import numpy as np

from tests.programs.loads import TileSet
from tests.programs.memory_plan import MemoryPlan
from tileloom.hw.spec import isa
from tileloom.hw.spec.program import Codes


def weight_streams(
    plan: MemoryPlan, tiles: TileSet, words: Sequence[Codes], repeats: int, largest: int
) -> list[isa.Weights]:
    """WEIGHTS for words ``(count, lanes * columns)``, one such array for all tiles or one for each, ``repeats`` times.

    Repeats come in one instruction, in portions of equal length; otherwise lengths are random, at most ``largest``.
    """
    draw = plan.draw
    made: list[isa.Weights] = []
    total, done = len(words[0]), 0
    while done < total:
        left = total - done
        portions = draw.divisor(left, 6) if draw.chance(0.4) or repeats > 1 else 1
        length = left // portions
        if length > largest:
            portions = next(p for p in range(1, left + 1) if left % p == 0 and left // p <= largest)
            length = left // portions
        if repeats == 1 and draw.chance(0.4):
            portions, length = 1, draw.integer(1, min(left, largest))
        pieces = [w[done : done + portions * length].reshape(portions, length, -1) for w in words]
        made.append(_one(plan, tiles, pieces, repeats))
        done += portions * length
    return made


def _one(plan: MemoryPlan, tiles: TileSet, pieces: Sequence[Codes], repeats: int) -> isa.Weights:
    port = plan.target.port_bytes
    portions, length, word = pieces[0].shape
    beats = -(-length * plan.target.word_bytes // port)
    image = np.zeros((portions, len(pieces), beats * port // plan.target.element_bytes), pieces[0].dtype)
    for part, piece in enumerate(pieces):
        image[:, part, : length * word] = piece.reshape(portions, -1)
    single = len(pieces) == 1
    return isa.Weights(
        mask=tiles.mask if single else 1 << tiles.first,
        address=plan.weights(image.tobytes()),
        repeats=repeats,
        portions=portions,
        parts=len(pieces),
        part_shift=plan.draw.integer(0, 5) if single else tiles.step,
        words=length,
        beats=beats,
    )
