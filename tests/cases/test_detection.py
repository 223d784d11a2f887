"""Detectors: boxes of the integer network beside those of the float network, after non-maximum suppression."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.cases.networks import Array, float_outputs, integer_outputs, integers, pictures

pytestmark = pytest.mark.full
SAME = 0.5
"""Overlap (intersection over union) from which on two boxes are one."""


def overlaps(box: Array, boxes: Array) -> Array:
    """Intersection over union of corners ``(left, top, right, bottom)``."""
    edges = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    inside = np.prod(np.maximum(edges, 0), axis=1)
    sizes = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return np.asarray(inside / np.maximum(sizes - inside, 1e-9))


def suppressed(boxes: Array, scores: Array, least: float, most: float) -> Array:
    """Boxes with at least a score, none of them covered by a better one."""
    order = np.argsort(-scores)
    order = order[scores[order] >= least]
    kept: list[Array] = []
    for index in order:
        if not kept or overlaps(boxes[index], np.stack(kept)).max() < most:
            kept.append(boxes[index])
    return np.stack(kept) if kept else np.zeros((0, 4))


def faces(outputs: dict[str, Array], frame: int) -> Array:
    """UltraFace: four maps of anchors, centres and sizes relative to them."""
    anchors = []
    for stride, sizes in ((8, (10, 16, 24)), (16, (32, 48)), (32, (64, 96)), (64, (128, 192, 256))):
        rows, columns = int(np.ceil(240 / stride)), int(np.ceil(320 / stride))
        for row in range(rows):
            for column in range(columns):
                anchors += [((column + 0.5) / columns, (row + 0.5) / rows, size / 320, size / 240) for size in sizes]
    prior = np.asarray(anchors)
    logits, moved = outputs["374"][frame].reshape(-1, 2), outputs["boxes"][frame].reshape(-1, 4)
    centres = prior[:, :2] + moved[:, :2] * 0.1 * prior[:, 2:]
    sizes = prior[:, 2:] * np.exp(moved[:, 2:] * 0.2)
    boxes = np.concatenate((centres - sizes / 2, centres + sizes / 2), axis=1)
    return suppressed(boxes, 1 / (1 + np.exp(logits[:, 0] - logits[:, 1])), 0.7, 0.5)


def things(outputs: dict[str, Array], frame: int) -> Array:
    """FastestDet: one box a cell of 22 x 22, objectness and 80 classes."""
    (found,) = (array[frame].reshape(85, 22, 22) for array in outputs.values())
    rows, columns = np.mgrid[0:22, 0:22]
    score = found[0] ** 0.6 * found[5:].max(axis=0) ** 0.4
    x, y = (columns + np.tanh(found[1])) / 22, (rows + np.tanh(found[2])) / 22
    width, height = (1 / (1 + np.exp(-found[index])) for index in (3, 4))
    boxes = np.stack((x - width / 2, y - height / 2, x + width / 2, y + height / 2), axis=-1).reshape(-1, 4)
    return suppressed(boxes, score.ravel(), 0.65, 0.45)


def shared(ours: list[Array], exact: list[Array]) -> tuple[int, int]:
    """How many boxes of both lists have their counterpart in the other, and how many there are."""
    found = total = 0
    for a, b in zip(ours, exact, strict=True):
        for one, other in ((a, b), (b, a)):
            total += len(one)
            found += sum(len(other) > 0 and overlaps(box, other).max() >= SAME for box in one)
    return found, total


def compare(name: str, x: Array, read: Callable[[dict[str, Array], int], Array]) -> tuple[int, int]:
    network, graph = integers(name, x)
    ours, exact = integer_outputs(graph, x), dict(float_outputs(network, x, graph.outputs))
    return shared([read(ours, frame) for frame in range(len(x))], [read(exact, frame) for frame in range(len(x))])


@pytest.mark.parametrize("export", ["simplified", "without_postprocessing"])
def test_ultraface(export: str) -> None:
    photographs = pictures("ultraface_slim320", 320, 240)
    x = ((photographs.astype(np.float32) - 127) / 128).transpose(0, 3, 1, 2)
    found, total = compare(f"ultraface_slim320/version-slim-320_{export}.onnx", x, faces)
    assert total > 100
    assert found >= 0.95 * total, f"{found} of {total}"


def test_fastestdet() -> None:
    photographs = pictures("fastestdet", 352, 352)[..., ::-1]
    x = np.ascontiguousarray((photographs.astype(np.float32) / 255).transpose(0, 3, 1, 2))
    found, total = compare("fastestdet/FastestDet.onnx", x, things)
    assert total > 5
    assert found >= 0.95 * total, f"{found} of {total}"
