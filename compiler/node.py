"""A view of one ONNX node that answers what operators ask: attributes, constant operands, shapes, source line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from tileloom.compiler.graph import Source

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

DOMAIN = "tileloom"
"""Domain of the operators that foreign ones become where ONNX has none; each is a function of ONNX operators."""
STACK_TRACE = "pkg.torch.onnx.stack_trace"
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_LIBRARY = ("site-packages/", "dist-packages/", "<frozen", "<string>", "<eval_with_key>")


@dataclass(frozen=True, eq=False)
class Constant:
    """A value known at compile time; with ``codes``, ``values == codes * scales`` (zero point already taken off).

    ``codes`` are int64 and ``scales`` float64, both of the shape of ``values``; None for plain floats.
    """

    values: Array
    codes: npt.NDArray[np.int64] | None = None
    scales: Floats | None = None


def user_line(trace: str) -> str:
    """``file:line`` of the innermost frame of a PyTorch stack trace that is the user's own; empty if there is none.

    >>> user_line('File "net.py", line 6, in forward\\n  File "x/site-packages/torch/nn/conv.py", line 5, in forward')
    'net.py:6'
    """
    frames = [(file, line) for file, line in _FRAME.findall(trace) if not any(part in file for part in _LIBRARY)]
    return f"{frames[-1][0]}:{frames[-1][1]}" if frames else ""


@dataclass(frozen=True, eq=False)
class Node:
    """One ONNX node with what is known about its operands."""

    proto: onnx.NodeProto
    index: int
    opset: int
    shapes: Mapping[str, tuple[int, ...]]
    types: Mapping[str, int]
    constants: Mapping[str, Constant]
    part_of: str = ""
    """Of a part of another node: that node's operator."""

    @property
    def op(self) -> str:
        """Operator name, with its domain where that is neither ai.onnx nor our own (:mod:`.dialects`).

        Of a part it is the name of the whole.
        """
        if self.part_of:
            return self.part_of
        plain = self.proto.domain in ("", "ai.onnx", DOMAIN)
        return str(self.proto.op_type) if plain else f"{self.proto.domain}.{self.proto.op_type}"

    @property
    def name(self) -> str:
        """The node's name, or one made of operator and position where the exporter gave none."""
        return self.proto.name or f"{self.proto.op_type}_{self.index}"

    @property
    def source(self) -> Source:
        """Name, operator and PyTorch line."""
        traces = [entry.value for entry in self.proto.metadata_props if entry.key == STACK_TRACE]
        return Source(self.name, self.op, user_line(traces[0]) if traces else "")

    @property
    def inputs(self) -> tuple[str, ...]:
        """Input names; an optional input left out is empty."""
        return tuple(self.proto.input)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Output names; an optional output left out is empty."""
        return tuple(self.proto.output)

    def has_input(self, index: int) -> bool:
        """Whether the optional input is there."""
        return index < len(self.proto.input) and bool(self.proto.input[index])

    def has_attribute(self, name: str) -> bool:
        """Whether the attribute is given."""
        return any(attribute.name == name for attribute in self.proto.attribute)

    def attribute(self, name: str, kind: int | None = None) -> Any:
        """The attribute's value as ONNX gives it; None where it is absent, or of another than the wanted type.

        A wrong type is left to ONNX's checker, which knows every attribute's type.
        """
        for attribute in self.proto.attribute:
            if attribute.name == name and kind in (None, attribute.type):
                return onnx.helper.get_attribute_value(attribute)
        return None

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        value = self.attribute(name, onnx.AttributeProto.INT)
        return default if value is None else int(value)

    def real(self, name: str, default: float) -> float:
        """A float attribute."""
        value = self.attribute(name, onnx.AttributeProto.FLOAT)
        return default if value is None else float(value)

    def text(self, name: str, default: str) -> str:
        """A string attribute."""
        value = self.attribute(name, onnx.AttributeProto.STRING)
        if value is None:
            return default
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def integers(self, name: str) -> tuple[int, ...] | None:
        """An attribute that is a list of integers."""
        value = self.attribute(name, onnx.AttributeProto.INTS)
        return None if value is None else tuple(int(item) for item in value)

    def shape(self, index: int) -> tuple[int, ...] | None:
        """Shape of an input, None where it is unknown or the input is absent."""
        return self.shapes.get(self.proto.input[index]) if self.has_input(index) else None

    def output_shape(self, index: int = 0) -> tuple[int, ...] | None:
        """Shape of an output, None where it is unknown."""
        return self.shapes.get(self.proto.output[index])

    def constant(self, index: int) -> Constant | None:
        """The constant at an input, None where the input is absent or not constant."""
        return self.constants.get(self.proto.input[index]) if self.has_input(index) else None

    def integers_operand(self, index: int, attribute: str) -> tuple[int, ...] | None:
        """Integers that older operator sets keep in an attribute and newer ones in a constant input."""
        given = self.integers(attribute)
        if given is not None:
            return given
        constant = self.constant(index)
        return None if constant is None else tuple(int(item) for item in np.ravel(constant.values))
