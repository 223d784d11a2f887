"""Layout of outputs that the host alone reads: channel blocks or planes, whichever is estimated to be faster."""

from dataclasses import replace

from tileloom.compiler.backend.arrange import Arrangement
from tileloom.compiler.backend.layout import View
from tileloom.compiler.backend.search import least_estimate
from tileloom.compiler.backend.sublayers import takes_whole_map
from tileloom.compiler.fuse import Kind, Layer
from tileloom.hw.spec.config import Target


def with_free_outputs(
    views: dict[str, View], arrangement: Arrangement, layers: list[Layer], target: Target
) -> dict[str, View]:
    """The views, maps that only the host reads in planes of ``columns`` channels where that is estimated to be faster.

    In channel blocks a tile stores whole bursts only if it makes all channels of a block; in planes tiles can share
    the channels of a pixel, and so the input rows that they are fed.
    """
    read = {layer.input for layer in layers} | {layer.add.residual for layer in layers if layer.add}
    shared = {*arrangement.members, *(member.place for member in arrangement.members.values())}
    found = dict(views)
    for layer in layers:
        name = layer.output
        view = views[name]
        fixed = name in read or name in shared or name not in arrangement.graph.outputs
        if fixed or layer.kind != Kind.DENSE or layer.assemble or view.is_vector or view.block <= target.columns:
            continue
        if target.tiles == 1 or takes_whole_map(layer, views[layer.input]):
            continue
        planes = replace(view, block=target.columns)
        source = views[layer.input]
        if least_estimate(layer, source, planes, target) < least_estimate(layer, source, view, target):
            found[name] = planes
    return found
