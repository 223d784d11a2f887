"""Order: names are checked and the live nodes brought into topological order.

Requires: a loaded model. Ensures: ``order``, ``inputs``, ``outputs``, ``opset``; every name defined once; no cycle.
Nodes that no output depends on are left out, with whatever is wrong in them.
"""

from dataclasses import replace

from tileloom.compiler.limits import NODES, OLDEST_OPSET, OPSETS
from tileloom.compiler.network import Network
from tileloom.compiler.problems import Problem


def order_nodes(network: Network) -> Network:
    """Fill in the structure of the graph."""
    graph = network.model.graph
    if len(graph.node) > NODES:
        return network.with_problems(
            [
                Problem(
                    "TL103",
                    network.name,
                    "",
                    f"a graph must have at most {NODES} nodes",
                    str(len(graph.node)),
                    "split the network",
                )
            ]
        )
    initialisers = {tensor.name for tensor in graph.initializer}
    inputs = tuple(value.name for value in graph.input if value.name not in initialisers)
    outputs = tuple(value.name for value in graph.output)
    problems = opset_problems(network, OLDEST_OPSET)
    problems += _name_problems(network, initialisers | set(inputs))
    order, cycle = _topological(network, outputs)
    problems += cycle
    if not inputs:
        problems.append(_empty(network, "no input"))
    opset = next((entry.version for entry in network.model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    found = replace(network, order=order, inputs=inputs, outputs=outputs, opset=opset)
    return found.with_problems(problems)


def _empty(network: Network, value: str) -> Problem:
    return Problem("TL114", network.name, "", "a network must have inputs and outputs", value, "export it again")


def opset_problems(network: Network, least: int) -> list[Problem]:
    """What is wrong with the version of ai.onnx, which must be ``least`` at least."""
    low, high = OPSETS
    versions = [entry.version for entry in network.model.opset_import if entry.domain in ("", "ai.onnx")]
    if len(versions) == 1 and least <= versions[0] <= high:
        return []
    value = " and ".join(str(version) for version in versions) or "none"
    return [
        Problem(
            "TL105",
            network.name,
            "",
            f"the ai.onnx operator set must be one of {low} to {high}",
            value,
            "export with opset_version=20",
        )
    ]


def _name_problems(network: Network, defined: set[str]) -> list[Problem]:
    known, problems = set(defined), []
    graph = network.model.graph
    for node in graph.node:
        for name in node.output:
            if name and name in known:
                problems.append(
                    Problem("TL107", name, "", "every name must be defined once", "twice", "export the model again")
                )
            known.add(name)
    wanted = [name for node in graph.node for name in node.input if name] + [value.name for value in graph.output]
    for name in dict.fromkeys(wanted):
        if name not in known:
            problems.append(
                Problem("TL107", name or "''", "", "every name must be defined once", "never", "export the model again")
            )
    return problems


def _topological(network: Network, outputs: tuple[str, ...]) -> tuple[tuple[int, ...], list[Problem]]:
    """Indices of the nodes that outputs depend on, each after its inputs; a cycle is a problem."""
    nodes = network.model.graph.node
    producer = {name: index for index, node in enumerate(nodes) for name in node.output if name}
    order: list[int] = []
    done: set[int] = set()
    open_: set[int] = set()
    stack = [(producer[name], False) for name in reversed(outputs) if name in producer]
    while stack:
        index, finished = stack.pop()
        if finished:
            open_.discard(index)
            done.add(index)
            order.append(index)
            continue
        if index in done:
            continue
        if index in open_:
            name = nodes[index].name or f"{nodes[index].op_type}_{index}"
            return (), [
                Problem(
                    "TL106", name, "", "the graph must have no cycle", f"one through {name}", "export the model again"
                )
            ]
        open_.add(index)
        stack.append((index, True))
        needed = [producer[name] for name in reversed(nodes[index].input) if name in producer]
        stack.extend((other, False) for other in needed if other not in done)
    in_file = sorted(order)
    sorted_already = all(producer.get(name, -1) < index for index in in_file for name in nodes[index].input)
    return tuple(in_file if sorted_already else order), []
