"""Byte mutants: a file with a few bytes changed, cut out, doubled, moved or added."""

import random

RUN = 24
"""Bytes of a run that moves at most."""
TELLING = (b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff", b"\xff" * 9 + b"\x01", b"\x80" * 4 + b"\x08")
"""Bytes that lengths and numbers break at: zero, signs, the greatest varint."""


def mutant(data: bytes, source: random.Random) -> bytes:
    """The data with one to eight changes; never the data itself."""
    changed = bytearray(data)
    while bytes(changed) == data:
        for _ in range(source.choice((1, 1, 1, 2, 3, 8))):
            _change(changed, source)
    return bytes(changed)


def _change(data: bytearray, source: random.Random) -> None:
    if not data:
        data += source.randbytes(RUN)
        return
    place, length = source.randrange(len(data)), source.randint(1, RUN)
    match source.randrange(8):
        case 0:
            data[place] ^= 1 << source.randrange(8)
        case 1 | 2:
            data[place] = source.randrange(256)
        case 3:
            telling = source.choice(TELLING)
            data[place : place + len(telling)] = telling
        case 4:
            del data[place : place + length]
        case 5:
            data[place:place] = data[place : place + length]
        case 6:
            other = source.randrange(len(data))
            data[place : place + length] = data[other : other + length]
        case _:
            if source.random() < 0.1:
                del data[place:]
            else:
                data[place:place] = source.randbytes(length)
