"""From a float network to one of quantised layers: batch norms folded, ReLUs joined to what is before them."""

import copy
import operator
from collections.abc import Mapping
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tileloom.training.grid import ActivationGrid
from tileloom.training.layers import QuantAdd, QuantAverage, QuantInput, QuantWeighted

ADDITIONS = (operator.add, operator.iadd, torch.add)
RELUS = (torch.relu, torch.relu_, nn.functional.relu)
PASSED = (nn.MaxPool2d, nn.Flatten, nn.Identity)
"""Modules that only choose or move values: what they give is on the grid of what they read."""


def prepare(
    network: nn.Module, *, weights: int = 8, activations: int = 8, layers: Mapping[str, tuple[int, int]] | None = None
) -> fx.GraphModule:
    """A trainable copy of ``network`` with quantised layers.

    Parameters
    ----------
    network : of one input; convolutions, linear layers, batch norms behind convolutions, ReLU, additions, max and
        average pools, flattening, dropout
    weights, activations : bits, 2 .. 8 and 2, 4 or 8; the last layer's results and the input have 8
    layers : bits of weights and activations of single layers, by module name

    Ranges of activations are learned in training mode: run some batches before evaluation. Raises ``ValueError`` with
    the name of a module or function that it does not know.
    """
    traced = fx.symbolic_trace(copy.deepcopy(network).eval())
    _fold_batch_norms(traced)
    return _Preparation(traced, weights, activations, dict(layers or {})).made()


def _fold_batch_norms(traced: fx.GraphModule) -> None:
    modules = dict(traced.named_modules())
    for node in list(traced.graph.nodes):
        if node.op != "call_module" or not isinstance(modules[node.target], nn.BatchNorm2d):
            continue
        before = node.args[0]
        if before.op != "call_module" or not isinstance(modules[before.target], nn.Conv2d) or len(before.users) != 1:
            raise ValueError(f"batch norm {node.target!r} must stand right behind a convolution of its own")
        traced.set_submodule(before.target, fuse_conv_bn_eval(modules[before.target], modules[node.target]))
        modules = dict(traced.named_modules())
        node.replace_all_uses_with(before)
        traced.graph.erase_node(node)
    traced.delete_all_unused_submodules()
    traced.recompile()


class _Preparation:
    def __init__(self, traced: fx.GraphModule, weights: int, bits: int, layers: dict[str, tuple[int, int]]) -> None:
        self.traced, self.weights, self.bits, self.layers = traced, weights, bits, layers
        self.modules = dict(traced.named_modules())
        self.grids: dict[fx.Node, ActivationGrid] = {}
        self.joined: set[fx.Node] = set()
        """ReLUs that are part of what is before them now."""
        unknown = [name for name in layers if name not in self.modules]
        if unknown:
            raise ValueError(f"there is no layer {unknown[0]!r}; there are {', '.join(filter(None, self.modules))}")

    def made(self) -> fx.GraphModule:
        """Every node turned into its quantised form, in order."""
        graph = self.traced.graph
        for node in list(graph.nodes):
            if node.op == "placeholder":
                self._insert_input(node)
            elif node.op == "output" or node in self.grids or node in self.joined:
                continue
            else:
                self._turn(node)
        graph.eliminate_dead_code()
        self.traced.delete_all_unused_submodules()
        self.traced.recompile()
        return self.traced.train()

    def _insert_input(self, node: fx.Node) -> None:
        entry = QuantInput(8)
        self.traced.add_submodule(f"{node.name}_input", entry)
        with self.traced.graph.inserting_after(node):
            made = self.traced.graph.call_module(f"{node.name}_input", (node,))
        node.replace_all_uses_with(made, delete_user_cb=lambda user: user is not made)
        self.grids[made] = entry.grid

    def _turn(self, node: fx.Node) -> None:
        module = self.modules.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(module, nn.Conv2d | nn.Linear):
            if isinstance(module, nn.Conv2d) and (isinstance(module.padding, str) or module.padding_mode != "zeros"):
                raise ValueError(f"convolution {node.target!r} must pad with zeros, by numbers")
            weights, bits = self.layers.get(str(node.target), (self.weights, self.bits))
            made: nn.Module = QuantWeighted(
                module, self._grid(node), weights, self._bits(node, bits), relu=self._takes_relu(node)
            )
            self.traced.set_submodule(str(node.target), made)
            self._know(node, made)
        elif node.op == "call_function" and node.target in ADDITIONS:
            sources = [self.grids[each] for each in node.all_input_nodes]
            if len(sources) != 2:
                raise ValueError(f"addition {node.name!r} must be of two computed values")
            self._replace(node, QuantAdd(sources, self._bits(node, self.bits), relu=self._takes_relu(node)))
        elif isinstance(module, nn.AdaptiveAvgPool2d | nn.AvgPool2d):
            self._replace(node, QuantAverage(self._grid(node), self._bits(node, self.bits), _window(module)))
        elif isinstance(module, nn.Dropout):
            node.replace_all_uses_with(node.args[0])  # type: ignore[arg-type]
        elif isinstance(module, PASSED) or (node.op == "call_function" and node.target is torch.flatten):
            self.grids[node] = self._grid(node)
        else:
            raise ValueError(f"{node.name!r} ({type(module).__name__ if module else node.target}) cannot be prepared")

    def _grid(self, node: fx.Node) -> ActivationGrid:
        return self.grids[node.all_input_nodes[0]]

    def _bits(self, node: fx.Node, bits: int) -> int:
        return 8 if any(user.op == "output" for user in node.users) else bits

    def _takes_relu(self, node: fx.Node) -> bool:
        """Whether a ReLU alone reads the node; it is joined to the node then."""
        users = list(node.users)
        if len(users) != 1:
            return False
        (user,) = users
        module = self.modules.get(str(user.target)) if user.op == "call_module" else None
        if not (isinstance(module, nn.ReLU) or (user.op == "call_function" and user.target in RELUS)):
            return False
        user.replace_all_uses_with(node)
        self.traced.graph.erase_node(user)
        self.joined.add(user)
        return True

    def _replace(self, node: fx.Node, made: nn.Module) -> None:
        name = f"{node.name}_quantised"
        self.traced.add_submodule(name, made)
        with self.traced.graph.inserting_after(node):
            call = self.traced.graph.call_module(name, tuple(node.all_input_nodes))
        node.replace_all_uses_with(call)
        self.traced.graph.erase_node(node)
        self._know(call, made)

    def _know(self, node: fx.Node, made: Any) -> None:
        self.grids[node] = made.grid


def _window(module: nn.AdaptiveAvgPool2d | nn.AvgPool2d) -> int | None:
    if isinstance(module, nn.AdaptiveAvgPool2d):
        if module.output_size not in (1, (1, 1)):
            raise ValueError(f"an adaptive average pool must give one pixel, not {module.output_size}")
        return None
    size, stride = _square(module.kernel_size), _square(module.stride)
    if size != stride or _square(module.padding):
        raise ValueError("windows of an average pool must lie side by side, without padding")
    return size


def _square(size: int | tuple[int, ...]) -> int:
    if isinstance(size, int):
        return size
    if len(set(size)) != 1:
        raise ValueError(f"windows of an average pool must be square, not {size}")
    return size[0]


__all__: list[str] = ["prepare"]
