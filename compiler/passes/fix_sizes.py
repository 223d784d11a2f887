"""Fix sizes: inputs get numbers for all their axes; a dynamic batch axis becomes 1, with a note.

Requires: inputs. Ensures: ``shapes`` and ``types`` of the inputs, the model's inputs say the same; the batch is 1.
"""

from dataclasses import replace

import onnx
from onnx import TensorProto

from tileloom.compiler.limits import ELEMENTS, shape_fault
from tileloom.compiler.network import Network
from tileloom.compiler.problems import Problem

INPUT_TYPES = (
    TensorProto.FLOAT,
    TensorProto.FLOAT16,
    TensorProto.DOUBLE,
    TensorProto.BFLOAT16,
    TensorProto.INT8,
    TensorProto.UINT8,
)


def fix_sizes(network: Network) -> Network:
    """Give every input its fixed shape, in a copy of the model without stale shapes of other values."""
    model = onnx.ModelProto()
    model.CopyFrom(network.model)
    shapes, types = dict(network.shapes), dict(network.types)
    notes, problems = list(network.notes), []
    dynamic = False
    for value in model.graph.input:
        if value.name not in network.inputs:
            continue
        sizes, found = _sizes(value)
        problems += found
        if sizes and sizes[0] is None:
            if not found:
                notes.append(f"the dynamic batch axis of input {value.name!r} is taken as 1")
            dynamic = True
            sizes[0] = 1
            value.type.tensor_type.shape.dim[0].dim_value = 1
        if sizes:
            shapes[value.name] = tuple(size or 1 for size in sizes)
        types[value.name] = value.type.tensor_type.elem_type
    if dynamic:
        del model.graph.value_info[:]
        for value in model.graph.output:
            for dim in value.type.tensor_type.shape.dim:
                dim.Clear()
    changed = replace(network, model=model, shapes=shapes, types=types, notes=tuple(notes))
    return changed.with_problems(problems)


def _sizes(value: onnx.ValueInfoProto) -> tuple[list[int | None], list[Problem]]:
    """Sizes of an input's axes (None for a dynamic batch), and what is wrong with them.

    A batch that is not 1 is said once: it counts as dynamic, so that no operator is blamed for it.
    """

    def problem(code: str, rule: str, found: str, fix: str) -> tuple[list[int | None], list[Problem]]:
        return [], [Problem(code, value.name, "", rule, found, fix)]

    kind = value.type.tensor_type
    if not value.type.HasField("tensor_type") or kind.elem_type not in INPUT_TYPES:
        known = kind.elem_type in TensorProto.DataType.values()
        name = TensorProto.DataType.Name(kind.elem_type) if known else str(kind.elem_type)
        return problem("TL212", "an input must be a floating-point, INT8 or UINT8 tensor", name, "export float inputs")
    if not kind.HasField("shape") or len(kind.shape.dim) < 2:
        axes = f"{len(kind.shape.dim)} axes" if kind.HasField("shape") else "no shape"
        return problem(
            "TL206", "an input must have a batch axis and at least one more", axes, "export with a batch axis"
        )
    sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim]
    if sizes[0] == 0:
        sizes[0] = None
    names = [dim.dim_param or "?" for dim in kind.shape.dim]
    if None in sizes[1:]:
        axis = sizes.index(None, 1)
        named = f"give it one with --dim {names[axis]}=NUMBER, or export" if names[axis] != "?" else "export"
        return problem(
            "TL108",
            "every axis but the batch must have a fixed size",
            f"dynamic axis {axis} ({names[axis]})",
            f"{named} without dynamic axes",
        )
    fault = shape_fault(tuple(1 if size is None else size for size in sizes))
    if fault is not None and "elements" in fault:
        return problem("TL103", f"a value must have at most {ELEMENTS} elements", fault, "make the input smaller")
    if fault is not None:
        return problem("TL109", "dimensions must be from 1 to 16777216", fault, "correct the input's shape")
    if sizes[0] not in (None, 1):
        fix = "take 1 with --batch 1, or export with batch 1 or a dynamic batch"
        _, found = problem("TL113", "the batch (first axis) must be 1", str(sizes[0]), fix)
        return [None, *sizes[1:]], found
    return list(sizes), []
