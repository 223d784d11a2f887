"""Which unit of the energy model an instance of the hardware belongs to, by its path of instance names."""

import re

TILE = r"grid\.tile_\d+\.tile"
PATTERNS = (
    (rf"{TILE}\.datapath\.accumulators", "accumulators"),
    (rf"{TILE}\.datapath\.(constants|emission)", "back ends"),
    (rf"{TILE}\.datapath", "MAC arrays"),
    (rf"{TILE}\.(back_end|residual(\$\d+)?|residual_spans)", "back ends"),
    (rf"{TILE}\.window(\$\d+)?", "window buffers"),
    (rf"{TILE}\.weight_buffer", "weight rings"),
    (rf"{TILE}\.slots", "output slots"),
    (rf"{TILE}\.(bases|control|nest|weight_walk|window_walk)", "control"),
    (rf"{TILE}\.queue", "configuration"),
    (r"dma\.read_path\.map_buffer", "map buffer"),
    (r"dma\.[a-z_]+\.queue", "configuration"),
    (r"dma\.program", "configuration"),
    (r"dma", "smart DMA"),
    (r"(sequencer|registers|control|counters|watchdog)", "configuration"),
    (r"grid", "control"),
    (r"", "configuration"),
)
"""The first that matches the beginning of the path, whole instance names only."""
COMPILED = tuple((re.compile(rf"(?:{pattern})(?![\w$])" if pattern else ""), unit) for pattern, unit in PATTERNS)


def unit_of(path: tuple[str, ...]) -> str:
    """The unit of an instance.

    >>> unit_of(("grid", "tile_3", "tile", "datapath", "array"))
    'MAC arrays'
    >>> unit_of(("grid", "tile_0", "tile", "window$240", "memory", "even"))
    'window buffers'
    >>> unit_of(("grid", "tile_0", "tile", "window_walk")), unit_of(("dma", "elements", "queue")), unit_of(())
    ('control', 'configuration', 'configuration')
    """
    text = ".".join(path)
    return next(unit for pattern, unit in COMPILED if pattern.match(text))
