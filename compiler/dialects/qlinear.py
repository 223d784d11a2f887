"""Operators on codes (QLinearConv, ConvInteger, com.microsoft's QLinear family) become float ones between quantisers.

``QLinearX(codes, scale, zero point ..., out scale, out zero point)`` is by its own definition
``QuantizeLinear(X(DequantizeLinear(codes) ...))``, so nothing is lost: the codes, scales and zero points stay.
"""

from collections.abc import Callable, Sequence
from typing import Any

from onnx import TensorProto

from tileloom.compiler.dialects.rewriting import Rewriting, Untranslatable

MICROSOFT = "com.microsoft"
WINDOW = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
POOL = ("auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides")


def dequantised(rewriting: Rewriting, first: int, axis: int | None = None) -> str:
    """Operands ``first .. first + 2`` (codes, scale, zero point) as a real value."""
    operands = [rewriting.input(first), rewriting.input(first + 1)]
    if rewriting.has_input(first + 2):
        operands.append(rewriting.input(first + 2))
    name = rewriting.fresh(f"real_{first}")
    attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
    return rewriting.emit("DequantizeLinear", operands, name, **attributes)


def quantised(rewriting: Rewriting, value: str, first: int) -> None:
    """The node's output: ``value`` on the grid of operands ``first`` and ``first + 1``."""
    operands = [value, rewriting.input(first)]
    if rewriting.has_input(first + 1):
        operands.append(rewriting.input(first + 1))
    rewriting.emit("QuantizeLinear", operands, rewriting.node.output[0])


def _bias(rewriting: Rewriting, index: int, scales: tuple[int, int]) -> list[str]:
    """The int32 bias as a real value: its scale is the product of those of input and weights."""
    if not rewriting.has_input(index):
        return []
    product = rewriting.emit("Mul", [rewriting.input(scale) for scale in scales], rewriting.fresh("bias_scale"))
    real = rewriting.emit("DequantizeLinear", [rewriting.input(index), product], rewriting.fresh("bias"), axis=0)
    return [real]


def _convolution(rewriting: Rewriting) -> None:
    operands = [dequantised(rewriting, 0), dequantised(rewriting, 3, axis=0), *_bias(rewriting, 8, (1, 4))]
    real = rewriting.emit("Conv", operands, rewriting.fresh("sum"), **rewriting.attributes(*WINDOW))
    quantised(rewriting, real, 6)


def _matrix(rewriting: Rewriting) -> None:
    operands = [dequantised(rewriting, 0), dequantised(rewriting, 3, axis=1)]
    quantised(rewriting, rewriting.emit("MatMul", operands, rewriting.fresh("sum")), 6)


def _gemm(rewriting: Rewriting) -> None:
    axis = 0 if rewriting.attribute("transB", 0) else 1
    operands = [dequantised(rewriting, 0), dequantised(rewriting, 3, axis=axis), *_bias(rewriting, 6, (1, 4))]
    kept = rewriting.attributes("alpha", "transA", "transB")
    quantised(rewriting, rewriting.emit("Gemm", operands, rewriting.fresh("sum"), **kept), 7)


def _binary(op: str) -> Callable[[Rewriting], None]:
    def translate(rewriting: Rewriting) -> None:
        operands = [dequantised(rewriting, 0), dequantised(rewriting, 3)]
        quantised(rewriting, rewriting.emit(op, operands, rewriting.fresh("real")), 6)

    return translate


def _unary(op: str, kept: Sequence[str] = ()) -> Callable[[Rewriting], None]:
    def translate(rewriting: Rewriting) -> None:
        if rewriting.attribute("channels_last", 0):
            raise Untranslatable(
                rewriting.node, "TL202", "channels_last must be 0", "1", "export the network channels first"
            )
        operands = [dequantised(rewriting, 0)]
        real = rewriting.emit(op, operands, rewriting.fresh("real"), **rewriting.attributes(*kept))
        quantised(rewriting, real, 3)

    return translate


def _concatenation(rewriting: Rewriting) -> None:
    operands = [dequantised(rewriting, first) for first in range(2, len(rewriting.node.input), 3)]
    real = rewriting.emit("Concat", operands, rewriting.fresh("real"), **rewriting.attributes("axis"))
    quantised(rewriting, real, 0)


def _integers(op: str, kept: Sequence[str] = ()) -> Callable[[Rewriting], None]:
    """ConvInteger and MatMulInteger: both operands have scale 1; operands 2 and 3 are the zero points."""

    def translate(rewriting: Rewriting) -> None:
        one = rewriting.number("one", 1.0)
        reals = []
        for index in (0, 1):
            operands = [rewriting.input(index), one]
            zero = rewriting.constants.get(rewriting.input(2 + index)) if rewriting.has_input(2 + index) else None
            if rewriting.has_input(2 + index):
                operands.append(rewriting.input(2 + index))
            if zero is not None and zero.size > 1:
                operands[1] = rewriting.number(f"ones_{index}", [1.0] * int(zero.size))
            axis: dict[str, Any] = {"axis": 0 if op == "Conv" else 1} if zero is not None and zero.size > 1 else {}
            reals.append(rewriting.emit("DequantizeLinear", operands, rewriting.fresh(f"real_{index}"), **axis))
        total = rewriting.emit(op, reals, rewriting.fresh("sum"), **rewriting.attributes(*kept))
        rewriting.emit("Cast", [total], rewriting.node.output[0], to=TensorProto.INT32)

    return translate


TRANSLATIONS: dict[tuple[str, str], Callable[[Rewriting], None]] = {
    ("", "QLinearConv"): _convolution,
    ("", "QLinearMatMul"): _matrix,
    ("", "ConvInteger"): _integers("Conv", WINDOW),
    ("", "MatMulInteger"): _integers("MatMul"),
    (MICROSOFT, "QGemm"): _gemm,
    (MICROSOFT, "QLinearAdd"): _binary("Add"),
    (MICROSOFT, "QLinearMul"): _binary("Mul"),
    (MICROSOFT, "QLinearSigmoid"): _unary("Sigmoid"),
    (MICROSOFT, "QLinearLeakyRelu"): _unary("LeakyRelu", ("alpha",)),
    (MICROSOFT, "QLinearSoftmax"): _unary("Softmax", ("axis",)),
    (MICROSOFT, "QLinearAveragePool"): _unary("AveragePool", POOL),
    (MICROSOFT, "QLinearGlobalAveragePool"): _unary("GlobalAveragePool"),
    (MICROSOFT, "QLinearReduceMean"): _unary("ReduceMean", ("axes", "keepdims")),
    (MICROSOFT, "QLinearConcat"): _concatenation,
}
"""By domain and operator."""
