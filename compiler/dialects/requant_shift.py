"""Integer graphs (Deeploy, NEMO, quantlib): RequantShift gets its numbers as operands.

``RequantShift(x, mul, add, div, low, high)`` is ``clip(round((x * mul + add) / div), low, high)``, all of them whole
numbers; ``n_levels_out`` and ``signed`` have become ``low`` and ``high``. Halves are rounded up, as Deeploy's kernels
do (``(x * mul + add + div / 2) >> log2(div)``).
"""

from collections.abc import Callable

import numpy as np
from onnx import FunctionProto, helper

from tileloom.compiler.dialects.rewriting import Rewriting, Untranslatable
from tileloom.compiler.node import DOMAIN

DOMAINS = ("", "ai.onnx", "PACTOps", "deeploy")


def _requant_shift(rewriting: Rewriting) -> None:
    count = float(np.ravel(rewriting.attribute("n_levels_out", rewriting.attribute("n_levels", 256)))[0])
    divisor = np.ravel(np.asarray(rewriting.attribute("div", 0), dtype=np.float64))
    signed = bool(np.ravel(rewriting.attribute("signed", 1))[0])
    if not (count.is_integer() and 2 <= count <= 1 << 16):
        raise Untranslatable(
            rewriting.node, "TL311", "n_levels_out must be from 2 to 65536", f"{count:g}", "export it again"
        )
    if divisor.size != 1 or not divisor[0] > 0:
        raise Untranslatable(
            rewriting.node, "TL311", "div must be one positive number", f"{divisor.tolist()}", "export it again"
        )
    low = -int(count) // 2 if signed else 0
    operands = [rewriting.input(0), rewriting.input(1), rewriting.input(2), rewriting.number("div", divisor[0])]
    operands += [rewriting.number("low", low), rewriting.number("high", low + int(count) - 1)]
    rewriting.emit("RequantShift", operands, rewriting.node.output[0], DOMAIN)


TRANSLATIONS: dict[tuple[str, str], Callable[[Rewriting], None]] = {
    (domain, "RequantShift"): _requant_shift for domain in DOMAINS
}
"""By domain and operator."""


def functions(opset: int) -> list[FunctionProto]:
    """What the operator means in terms of an ai.onnx operator set of at least 13, for all that run the network."""
    node = helper.make_node
    body = [
        node("Mul", ["x", "mul"], ["product"]),
        node("Add", ["product", "add"], ["moved"]),
        node("Div", ["moved", "div"], ["share"]),
        node("Constant", [], ["half"], value_float=0.5),
        node("Add", ["share", "half"], ["above"]),
        node("Floor", ["above"], ["whole"]),
        node("Max", ["whole", "low"], ["raised"]),
        node("Min", ["raised", "high"], ["y"]),
    ]
    names = ["x", "mul", "add", "div", "low", "high"]
    return [helper.make_function(DOMAIN, "RequantShift", names, ["y"], body, [helper.make_opsetid("", opset)])]
