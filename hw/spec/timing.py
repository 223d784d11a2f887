"""Latencies of the machine in cycles, each named once; ``docs/architecture.md`` tells the rules that use them.

A register written in cycle ``t`` shows its new value from ``t + 1``. "Visible at" is the first cycle in which another
block can act on a value. The RTL's tests assert these numbers, and the cycle simulator computes with nothing else.
"""

from tileloom.hw.spec.config import Target

# Read path: grant at t -> request accepted at t + 1 (first unpaused cycle) -> beats handshake at h.
GRANT_TO_REQUEST = 1
"""A granted burst stands in the request register one cycle later; a server grants only while that register is empty."""
MAP_READ_LATENCY = 3
"""Map buffer: from the accepted request to the first beat; the rules are the memory's, without pauses."""
READ_RETIRE = 2
"""From the handshake of a burst's last beat to the visible decrement of ``outstanding`` (memory and map)."""
STAGING_LATENCY = 3
"""From a beat's handshake to its bytes being visible to the loader."""
LOADER_START = 2
"""From the loader's taking of a LOAD to its first element, at the earliest."""
STAGING_FREE = 2
"""From the loader's cycle of an element that frees beats of the staging ring to the offer that may count on them."""
LOAD_LATENCY = 6
"""From the loader's cycle of a chunk's last element to the visible advance of the tiles' window or residual head."""
WEIGHTS_LATENCY = 4
"""From the handshake of a portion's last beat to the visible advance of the tiles' weight head."""
PROGRAM_LATENCY = 4
"""From a program beat's handshake to its first word being ready for the sequencer."""

# Configuration bus and descriptor queues.
QUEUE_WRITE = 2
"""From the sequencer's pop of a word to the word being visible in a unit's queue."""
QUEUE_READ = 2
"""From the filler's pop of a descriptor's last word to a visible, complete shadow."""
PROGRAM_BURSTS = 4
"""Bursts of program that the sequencer's buffer holds."""
LOAD_QUEUE_WORDS = 64
"""Depth of the queues of the LOAD address generator and of the loader, in words."""
WEIGHTS_QUEUE_WORDS = 32
STORE_QUEUE_WORDS = 64
JOB_QUEUE_WORDS = 64

# Write path: a slot read issued at r -> write beat handshakes at the first unpaused cycle from r + WRITE_LATENCY.
WRITE_LATENCY = 3
WRITE_FIFO = 4
"""Slot reads under way or waiting for their handshake, at most."""
WRITE_RETIRE = 2
"""From the handshake of a write response to the visible ``stored`` and ``outstanding`` counters."""
MAP_STORE_LATENCY = 5
"""From the last slot read of a unit stored to the map buffer to the visible ``stored`` counter."""

SLOTS = 2
"""Output slots of a tile."""
PARTIAL_BUFFERS = 2
"""Halves of the accumulator memory that take partial sums from the tile before."""
ACCUMULATOR_REVISIT = 12
"""An accumulator entry may be visited again only after so many cycles; the compiler pads shorter units."""


def tree_stages(lanes: int) -> int:
    """Pipeline registers of the adder tree: one for every two levels.

    >>> [tree_stages(n) for n in (1, 2, 4, 5, 16, 25)]
    [0, 1, 1, 2, 2, 3]
    """
    levels = (lanes - 1).bit_length()
    return -(-levels // 2)


def mac_latency(target: Target) -> int:
    """Cycles from a step's issue to its sum standing in the accumulator register.

    Address, buffer output, buffer output register, rotator, operands, product: 1 each; tree; first sum, accumulator: 1
    each.
    """
    return 8 + tree_stages(target.lanes)


def emission_cycles(target: Target) -> int:
    """Cycles in which the back end takes the results of one pixel; a pixel may not be shorter."""
    return -(-target.columns // target.results_per_cycle)


REQUANTISE_LATENCY = 7
"""Operands, product, sum, two shift stages, rounding, clamp."""
TABLE_LATENCY = 8
"""Table output, operands, product, sum, two shift stages, rounding, clamp."""
ADD_LATENCY = 9
"""Operands, product, operands, product, sum, two shift stages, rounding, clamp."""
POOL_LATENCY = 8
"""Pool, products, two sums, two shift stages, rounding, clamp."""
SLOT_WRITE_LATENCY = 2
"""Address, write; the slot's bytes are in place in the cycle after."""


def back_end_latency(target: Target) -> int:
    """From a result's entry into the requantiser to the end of its write into the output slot.

    Units that a target leaves out cost nothing; those that a job does not use are passed through.
    """
    return (
        REQUANTISE_LATENCY
        + (TABLE_LATENCY if target.segments else 0)
        + (ADD_LATENCY if target.residual_bytes else 0)
        + (POOL_LATENCY if target.pool else 0)
        + SLOT_WRITE_LATENCY
    )


def result_latency(target: Target) -> int:
    """From the last cycle of a unit to its output slot being visibly full."""
    return mac_latency(target) + 1 + emission_cycles(target) + back_end_latency(target)


def partial_latency(target: Target) -> int:
    """From the last cycle of a unit that sends partial sums to their being visible in the next tile."""
    return mac_latency(target) + 4
