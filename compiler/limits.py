"""Limits that are checked before anything is allocated, so that a broken file cannot exhaust the machine."""

FILE_BYTES = 1 << 31
"""Size of the model file, and of each file of external data."""
NODES = 50_000
"""Nodes of the graph."""
RANK = 8
"""Axes of a value."""
DIMENSION = 1 << 24
"""Size of one axis."""
ELEMENTS = 1 << 28
"""Elements of one value."""
OPSETS = (7, 28)
"""Least and greatest version of the ai.onnx operator set."""
OLDEST_OPSET = 6
"""The oldest version that is converted to a newer one where ONNX's converter can."""


def shape_fault(shape: tuple[int, ...]) -> str | None:
    """Why a shape is out of the limits, in words; None if it is not.

    >>> shape_fault((1, 3, -2)), shape_fault((1, 3, 2))
    ('dimension -2 in [1, 3, -2]', None)
    """
    if len(shape) > RANK:
        return f"{len(shape)} axes"
    elements = 1
    for size in shape:
        if not 1 <= size <= DIMENSION:
            return f"dimension {size} in {list(shape)}"
        elements *= size
    return f"{elements} elements in {list(shape)}" if elements > ELEMENTS else None
