"""The target of proofs whose properties do not depend on sizes: as small as a target can be."""

from tileloom.hw.spec.config import Target

SMALL = Target(
    name="formal",
    tiles_x=2,
    tiles_y=1,
    lanes=3,
    columns=2,
    port_bytes=4,
    window_banks=4,
    window_bytes=64,
    weight_words=16,
    accumulator_entries=8,
    slot_bytes=8,
    residual_bytes=64,
    results_per_cycle=1,
    map_bytes=32,
    burst_beats=2,
    staging_bursts=2,
    outstanding=2,
    segments=8,
)
