"""The back end of the compiler: from the integer graph to the tile program of a target."""

from dataclasses import dataclass, field, replace

from tileloom.compiler.backend.allocate import Allocation, allocate
from tileloom.compiler.backend.arrange import Arrangement, arrange
from tileloom.compiler.backend.capacity import overflow
from tileloom.compiler.backend.copies import Copy, copies, copy_weights, copying, place_copies, scratch_places
from tileloom.compiler.backend.fold_jobs import fold, moves
from tileloom.compiler.backend.fold_transfers import fold_loads, fold_stores, fold_weights
from tileloom.compiler.backend.free_outputs import with_free_outputs
from tileloom.compiler.backend.layout import View, views_of
from tileloom.compiler.backend.mapping import Mapping, Order
from tileloom.compiler.backend.narrow_fields import check_memory, too_wide
from tileloom.compiler.backend.order import LayerInstructions, Placed, joined_jobs, ordered
from tileloom.compiler.backend.pace import pace
from tileloom.compiler.backend.place import Placer
from tileloom.compiler.backend.proof import prove
from tileloom.compiler.backend.readiness import Readiness
from tileloom.compiler.backend.refine import Choices, Offers, refine
from tileloom.compiler.backend.refusal import check_features, check_precision, refuse
from tileloom.compiler.backend.search import mappings
from tileloom.compiler.backend.segment_store import SegmentStore
from tileloom.compiler.backend.slots import in_slots
from tileloom.compiler.backend.sublayers import as_vector_layer, takes_whole_map, vector_block
from tileloom.compiler.backend.work import Heads, Work
from tileloom.compiler.fuse import Layer, fuse
from tileloom.compiler.graph import IntegerGraph, inputs_of
from tileloom.compiler.problems import ModelError, Problem
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import JobMap, Program, TensorMap
from tileloom.hw.spec.result import Result
from tileloom.sim.cycle.machine import instruction_words
from tileloom.sim.cycle.simulate import simulate


def compile_graph(graph: IntegerGraph, target: Target, taps: bool = False, effort: int = 0) -> Program:
    """The program of a network for a target, proven to end and to respect every buffer.

    With ``taps`` every tensor at a job boundary stays in memory, and the program lists it. With ``effort`` so many more
    mappings of each layer are tried in the whole program, see :mod:`.refine`: about as often it is compiled and
    simulated. Raises :class:`ModelError` with the arithmetic of every layer that the target cannot hold.
    """
    return compile_and_time(graph, target, taps, effort)[0]


def compile_and_time(
    graph: IntegerGraph, target: Target, taps: bool = False, effort: int = 0
) -> tuple[Program, Result]:
    """The program of :func:`compile_graph`, and the simulation of one frame of it, cycle by cycle, that proved it."""
    check_precision(graph, target)
    offers = Offers()
    program, layers = _compile(graph, target, offers, taps=taps)
    if effort:

        def cycles(choices: Choices) -> int:
            offers.choices = choices
            return simulate(_compile(graph, target, offers, taps=taps)[0]).frames[0].cycles

        offers.choices = refine(cycles, [layer.output for layer in layers], effort)
        program, _ = _compile(graph, target, offers, taps=taps)
    return program, prove(program)


def _compile(graph: IntegerGraph, target: Target, offers: Offers, *, taps: bool) -> tuple[Program, list[Layer]]:
    """The program, not yet proven, and its layers."""
    kept = (*graph.inputs, *(name for name in graph.outputs if name not in graph.inputs))
    arrangement = arrange(graph, target)
    apart: frozenset[str] = frozenset()
    while True:
        layers = fuse(arrangement.graph, target, apart, arrangement.addressed)
        check_features(layers, target)
        views = with_free_outputs(views_of(arrangement, layers, target), arrangement, layers, target)
        copied = {layer.output: copies(layer.assemble, views, target) for layer in layers if layer.assemble}
        scratch = {name: scratch_places(found, views) for name, found in copied.items()}
        allocation = allocate(layers, views, kept, target, scratch, reuse=not taps)
        placement = _place_all(layers, views, copied, allocation, target, offers)
        if not placement.refused:
            break
        apart = _unfused(placement.refused, apart)
    placed = ordered(placement.works, target.segments)
    program = _program(graph, arrangement, target, layers, placement, views, allocation, placed, taps=taps)
    return program, layers


@dataclass
class _Placement:
    """What became of all layers."""

    works: list[LayerInstructions] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)
    """How each layer is laid onto the machine, in words."""
    weights: bytearray = field(default_factory=bytearray)
    refused: list[tuple[Layer, Problem]] = field(default_factory=list)


def _unfused(refused: list[tuple[Layer, Problem]], apart: frozenset[str]) -> frozenset[str]:
    """Outputs of fused layers that did not fit, to be tried again apart; raises where a layer is already alone."""
    alone = [problem for layer, problem in refused if len(layer.operators) == 1]
    if alone:
        raise ModelError(alone)
    return apart | {layer.output for layer, _ in refused}


def _place_all(
    layers: list[Layer],
    views: dict[str, View],
    copied: dict[str, list[Copy]],
    allocation: Allocation,
    target: Target,
    offers: Offers,
) -> _Placement:
    heads, readiness, placement = Heads.at_start(target.tiles), Readiness(), _Placement()
    for view in (*views.values(), *(copy.target for found in copied.values() for copy in found)):
        readiness.add(view)
    for number, layer in enumerate(layers):
        if layer.output in copied:
            _place_copies(layer, copied[layer.output], views, target, heads, readiness, placement, number + 1)
            continue
        seen, views_seen = in_slots(layer, views[layer.input], views[layer.output]), views
        if takes_whole_map(layer, views[layer.input]):
            seen = as_vector_layer(seen, views[layer.input])
            whole = views[layer.input]
            views_seen = {**views, layer.input: whole.as_vector(vector_block(whole, target))}
        paced = allocation.places[views[layer.input].tensor].space == isa.Space.MEMORY
        start = len(placement.weights)
        found = _place(seen, views_seen, target, heads, readiness, start, number + 1, offers, paced=paced)
        if isinstance(found, Problem):
            placement.refused.append((layer, found))
            continue
        instructions, mapping, data = found
        placement.works.append(instructions)
        placement.chosen.append(str(mapping))
        placement.weights += data
    return placement


def _place(
    layer: Layer,
    views: dict[str, View],
    target: Target,
    heads: Heads,
    readiness: Readiness,
    start: int,
    tag: int,
    offers: Offers,
    *,
    paced: bool,
) -> tuple[LayerInstructions, Mapping, bytearray] | Problem:
    """The best mapping that fits, placed."""
    reason = ""
    found = offers.of(
        layer.output, len(layer.operators), lambda: mappings(layer, views[layer.input], views[layer.output], target)
    )
    for mapping in found:
        before, ready = heads.copy(), readiness.copy()
        segments = SegmentStore(layer, target, start)
        work = Placer(layer, views, mapping, target, heads, readiness, segments, tag).place()
        if paced and mapping.order == Order.RESIDENT:
            pace(work, before.stored, target)
        reason = overflow(work, before, heads, target)
        if not reason:
            folded = _folded(layer, work, before, heads, target)
            reason = too_wide(folded, target)
            if not reason:
                return folded, mapping, segments.data
        heads.take(before)
        readiness.take(ready)
    return refuse(layer, views, target, reason)


def _place_copies(
    layer: Layer,
    found: list[Copy],
    views: dict[str, View],
    target: Target,
    heads: Heads,
    readiness: Readiness,
    placement: _Placement,
    tag: int,
) -> None:
    """The copies of a layer that assembles a tensor."""
    start = len(placement.weights)
    placement.weights += copy_weights(layer, target)
    before = heads.copy()
    work = place_copies(layer, found, target, heads, readiness, start, tag)
    reason = overflow(work, before, heads, target)
    assert not reason, f"a copy fits every buffer: {reason}"
    folded = _folded(layer, work, before, heads, target)
    if wide := too_wide(folded, target):
        raise ModelError([refuse(layer, views, target, wide)])
    placement.works.append(folded)
    placement.chosen.append(copying(found))


def _folded(layer: Layer, work: Work, before: Heads, after: Heads, target: Target) -> LayerInstructions:
    jobs = {
        tile: fold(units, moves(units, after.window[tile], after.weights[tile])) for tile, units in work.units.items()
    }
    return LayerInstructions(
        layer,
        before.round,
        fold_loads(work.loads),
        fold_weights(work.portions, target.port_bytes, work.tag),
        fold_stores(work.slots),
        joined_jobs(jobs),
    )


def _program(
    graph: IntegerGraph,
    arrangement: Arrangement,
    target: Target,
    layers: list[Layer],
    placement: _Placement,
    views: dict[str, View],
    allocation: Allocation,
    placed: list[Placed],
    *,
    taps: bool,
) -> Program:
    align = 64
    frame = [isa.Begin(target_hash=target.hash), *(item.instruction for item in placed), isa.End()]
    words = sum(instruction_words(instruction) for instruction in frame)
    weights_address = -(-words * 4 // align) * align
    tensors_address = -(-(weights_address + len(placement.weights)) // align) * align
    instructions = [
        isa.Begin(target_hash=target.hash),
        *(_addressed(item, allocation, weights_address, tensors_address) for item in placed),
        isa.End(),
    ]

    def tensor_map(name: str, layer: str = "") -> TensorMap:
        tensor, view = graph.tensors[name], views[name]
        place = allocation.places[view.tensor]
        return TensorMap(
            name=name,
            address=place.address + (0 if place.space else tensors_address) + view.offset(0, 0, 0),
            channels=tensor.channels,
            height=tensor.height,
            width=tensor.width,
            block=view.block,
            scale=tensor.scale,
            zero_point=tensor.zero_point,
            low=tensor.low,
            high=tensor.high,
            shape=tensor.shape,
            channels_last=tensor.channels_last,
            space=place.space,
            layer=layer,
            element_bytes=target.element_bytes,
            slots=view.slots,
        )

    made = _makers(arrangement, layers)
    memory_bytes = -(-(tensors_address + allocation.memory_bytes + align) // 4096) * 4096
    check_memory(instructions, memory_bytes, graph.name, target)
    return Program(
        name=graph.name,
        target=target,
        instructions=tuple(instructions),
        weights=bytes(placement.weights),
        weights_address=weights_address,
        memory_bytes=memory_bytes,
        inputs=tuple(tensor_map(name) for name in graph.inputs),
        outputs=tuple(tensor_map(name, made.get(name, "")) for name in graph.outputs),
        taps=tuple(tensor_map(name, made[name]) for name in made if name in graph.tensors and name not in graph.outputs)
        if taps
        else (),
        jobs=tuple(
            _job_map(graph, layer, mapping, number + 1)
            for number, (layer, mapping) in enumerate(zip(layers, placement.chosen, strict=True))
        ),
        information={"notes": list(graph.notes)},
    )


def _makers(arrangement: Arrangement, layers: list[Layer]) -> dict[str, str]:
    """The layer that makes a tensor, or the last part of it where it is put together by addresses alone."""
    number = {layer.output: i for i, layer in enumerate(layers)}
    made = {layer.output: layer.name for layer in layers}
    for operator in arrangement.graph.operators:
        if operator.output in arrangement.addressed:
            parts = [number[name] for name in inputs_of(operator) if name in number]
            made[operator.output] = layers[max(parts)].name if parts else ""
    return made


def _addressed(item: Placed, allocation: Allocation, weights: int, tensors: int) -> isa.Instruction:
    """The instruction with its final address and space."""
    instruction = item.instruction
    if isinstance(instruction, isa.Weights):
        return replace(instruction, address=weights + item.offset)
    if isinstance(instruction, isa.Load | isa.Store):
        place = allocation.places[item.tensor]
        base = place.address + (0 if place.space else tensors)
        return replace(instruction, address=base + item.offset, space=place.space)
    return instruction


def _job_map(graph: IntegerGraph, layer: Layer, mapping: str, tag: int) -> JobMap:
    sources = [operator.source for operator in layer.operators]
    return JobMap(
        tag=tag,
        name=layer.name,
        op="+".join(source.op for source in sources),
        node=" ".join(source.node for source in sources),
        source=next((source.line for source in sources if source.line), ""),
        macs=_macs(graph, layer),
        mapping=mapping,
    )


def _macs(graph: IntegerGraph, layer: Layer) -> int:
    """Multiply-accumulates that the layer's outputs need; rows and columns that a pool drops do not count."""
    total = sum(graph.macs(operator) for operator in layer.operators)
    if layer.pool is None:
        return total
    made, kept = graph.tensors[layer.operators[0].output], graph.tensors[layer.output]
    used = kept.height * layer.pool_kernel[0] * kept.width * layer.pool_kernel[1]
    return total * used // (made.height * made.width)
