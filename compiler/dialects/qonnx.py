"""QONNX (brevitas, QKeras, FINN): Quant, BipolarQuant and Trunc become Quant and Bipolar of our own domain.

``Quant(x, scale, zero, low, high)`` is ``(round(clip(x / scale + zero, low, high)) - zero) * scale``; bit width,
signedness and narrow range have become ``low`` and ``high``. The rounding is part of the operator's name.
"""

from collections.abc import Callable

from onnx import FunctionProto, helper

from tileloom.compiler.dialects.rewriting import Rewriting, Untranslatable
from tileloom.compiler.node import DOMAIN

DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general", "finn", "qonnx")
ROUNDINGS = {
    "ROUND": "Quant",
    "HALF_EVEN": "Quant",
    "FLOOR": "QuantFloor",
    "CEIL": "QuantCeil",
    "ROUND_TO_ZERO": "QuantToZero",
    "DOWN": "QuantToZero",
}
"""QONNX's rounding modes and the operators they lead to."""
QUANTS = tuple(dict.fromkeys(ROUNDINGS.values()))


def levels(bits: float, signed: bool, narrow: bool) -> tuple[int, int]:
    """Least and greatest code.

    >>> levels(2, True, True), levels(4, False, False), levels(8, True, False)
    ((-1, 1), (0, 15), (-128, 127))
    """
    count = 1 << int(bits)
    if signed:
        return -count // 2 + int(narrow), count // 2 - 1
    return 0, count - 1 - int(narrow)


def _bits(rewriting: Rewriting, index: int, what: str) -> int:
    bits = rewriting.scalar(index, what)
    if not (bits.is_integer() and 1 <= bits <= 32):
        raise Untranslatable(
            rewriting.node, "TL311", f"{what} must be a whole number from 1 to 32", f"{bits:g}", "round it"
        )
    return int(bits)


def _rounding(rewriting: Rewriting, default: str) -> str:
    mode = str(rewriting.attribute("rounding_mode", default)).upper()
    if mode not in ROUNDINGS:
        known = ", ".join(ROUNDINGS)
        raise Untranslatable(rewriting.node, "TL202", f"rounding_mode must be one of {known}", mode, "use ROUND")
    return ROUNDINGS[mode]


def _quant(rewriting: Rewriting) -> None:
    bits = _bits(rewriting, 3, "the bit width")
    low, high = levels(bits, bool(rewriting.attribute("signed", 1)), bool(rewriting.attribute("narrow", 0)))
    operands = [rewriting.input(0), rewriting.input(1), rewriting.input(2)]
    operands += [rewriting.number("low", low), rewriting.number("high", high)]
    rewriting.emit(_rounding(rewriting, "ROUND"), operands, rewriting.node.output[0], DOMAIN)


def _bipolar(rewriting: Rewriting) -> None:
    rewriting.emit("Bipolar", [rewriting.input(0), rewriting.input(1)], rewriting.node.output[0], DOMAIN)


def _trunc(rewriting: Rewriting) -> None:
    """Drop the lowest bits: the older form keeps the scale, the newer one (six operands) names the output's."""
    if rewriting.scalar(2, "the zero point") != 0:
        raise Untranslatable(
            rewriting.node, "TL311", "the zero point must be 0", "another one", "quantise symmetrically before it"
        )
    given = rewriting.has_input(5)
    bits_in = _bits(rewriting, 3, "the input's bit width")
    bits_out = _bits(rewriting, 5 if given else 4, "the output's bit width")
    low, high = levels(bits_out, bool(rewriting.attribute("signed", 1)), bool(rewriting.attribute("narrow", 0)))
    if not given:
        low = min(low, levels(bits_out, True, False)[0])
        high = levels(bits_out, False, False)[1]
    value, scale = rewriting.input(0), rewriting.input(4 if given else 1)
    if not given:
        share = rewriting.number("share", 2.0 ** (bits_out - bits_in))
        value = rewriting.emit("Mul", [value, share], rewriting.fresh("shifted"))
    operands = [value, scale, rewriting.input(2), rewriting.number("low", low), rewriting.number("high", high)]
    rewriting.emit(_rounding(rewriting, "FLOOR"), operands, rewriting.node.output[0], DOMAIN)


TRANSLATIONS: dict[tuple[str, str], Callable[[Rewriting], None]] = {
    (domain, op): translate
    for domain in DOMAINS
    for op, translate in (("Quant", _quant), ("IntQuant", _quant), ("BipolarQuant", _bipolar), ("Trunc", _trunc))
}
"""By domain and operator."""


def functions(opset: int) -> list[FunctionProto]:
    """What the operators mean in terms of an ai.onnx operator set of at least 13, for all that run the network."""
    imports = [helper.make_opsetid("", opset)]
    node = helper.make_node
    made = []
    for op in QUANTS:
        rounded = {
            "Quant": [node("Round", ["inside"], ["code"])],
            "QuantFloor": [node("Floor", ["inside"], ["code"])],
            "QuantCeil": [node("Ceil", ["inside"], ["code"])],
            "QuantToZero": [
                node("Abs", ["inside"], ["size"]),
                node("Floor", ["size"], ["whole"]),
                node("Sign", ["inside"], ["sign"]),
                node("Mul", ["whole", "sign"], ["code"]),
            ],
        }[op]
        body = [
            node("Div", ["x", "scale"], ["steps"]),
            node("Add", ["steps", "zero"], ["moved"]),
            node("Max", ["moved", "low"], ["raised"]),
            node("Min", ["raised", "high"], ["inside"]),
            *rounded,
            node("Sub", ["code", "zero"], ["centred"]),
            node("Mul", ["centred", "scale"], ["y"]),
        ]
        made.append(helper.make_function(DOMAIN, op, ["x", "scale", "zero", "low", "high"], ["y"], body, imports))
    bipolar = [
        node("Sub", ["x", "x"], ["nothing"]),
        node("GreaterOrEqual", ["x", "nothing"], ["above"]),
        node("Neg", ["scale"], ["below"]),
        node("Where", ["above", "scale", "below"], ["y"]),
    ]
    made.append(helper.make_function(DOMAIN, "Bipolar", ["x", "scale"], ["y"], bipolar, imports))
    return made
