"""Functions of one number that the machine computes by a table: a name, parameters, and what it is applied to.

A :class:`TableFunction` is data: a small tree whose leaves are the number itself. Passes join such trees (a product of
a number and its sigmoid is one table), and :func:`evaluate` gives their exact values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import erf

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TableFunction:
    """``name(arguments; parameters)``.

    Parameters
    ----------
    name : a key of :data:`FUNCTIONS`
    parameters : numbers, as many as the function takes
    arguments : what it is applied to; empty for the number itself
    """

    name: str
    parameters: tuple[float, ...] = ()
    arguments: tuple["TableFunction", ...] = ()

    def of(self, inner: "TableFunction") -> "TableFunction":
        """This function applied to the values of another.

        >>> TableFunction("Exp").of(TableFunction("Abs"))
        TableFunction(name='Exp', parameters=(), arguments=(TableFunction(name='Abs', parameters=(), arguments=()),))
        """
        if inner == TableFunction("Identity"):
            return self
        if not self.arguments:
            return inner if self.name == "Identity" else TableFunction(self.name, self.parameters, (inner,))
        return TableFunction(self.name, self.parameters, tuple(argument.of(inner) for argument in self.arguments))

    def __str__(self) -> str:
        """Its name, that of the outermost function where it is a tree."""
        return self.name if not self.arguments else f"{self.name} of {', '.join(str(a) for a in self.arguments)}"


IDENTITY = TableFunction("Identity")
"""The number itself."""
STEP = "Bipolar"
"""Name of the function that is its parameter from zero on, and the negated parameter below."""


@dataclass(frozen=True)
class Meaning:
    """What a name stands for.

    Parameters
    ----------
    function : of arrays, one an argument, and then the parameters; may give NaN and infinities
    kinks : of the parameters: where the slope jumps
    pole : the function has a pole at 0
    fine : errors of its values add up in what is made of them, so that its table must be better than others
    narrow : a table over all numbers that the output distinguishes is poor: the numbers that occur must be known
    """

    function: Callable[..., Floats]
    kinks: Callable[..., tuple[float, ...]] = lambda *_: ()
    pole: bool = False
    narrow: bool = False
    fine: bool = False


@cache
def _erf() -> Callable[[Floats], Floats]:
    vectorised = np.vectorize(erf, otypes=[np.float64])

    def of(x: Floats) -> Floats:
        """The error function; beyond 6 it is 1 to within 2e-17."""
        return np.asarray(vectorised(np.clip(x, -6.0, 6.0)), dtype=np.float64)

    return of


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def _softplus(x: Floats) -> Floats:
    return np.asarray(np.logaddexp(0.0, x))


def _elu(x: Floats, alpha: float) -> Floats:
    return np.asarray(np.where(x < 0, alpha * np.expm1(np.minimum(x, 0.0)), x))


def _selu(x: Floats, alpha: float, gamma: float) -> Floats:
    return np.asarray(gamma * _elu(x, alpha))


def _celu(x: Floats, alpha: float) -> Floats:
    return np.maximum(x, 0.0) + np.minimum(0.0, alpha * np.expm1(np.minimum(x, 0.0) / alpha))


def _gelu(x: Floats) -> Floats:
    return np.asarray(x * 0.5 * (1.0 + _erf()(x / np.sqrt(2.0))))


def _gelu_tanh(x: Floats) -> Floats:
    return np.asarray(x * 0.5 * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3))))


def _power(x: Floats, exponent: float) -> Floats:
    return np.asarray(np.power(x, exponent))


def _shrink(x: Floats, bias: float, limit: float) -> Floats:
    return np.where(x < -limit, x + bias, np.where(x > limit, x - bias, 0.0))


def _at_zero(*_: float) -> tuple[float, ...]:
    return (0.0,)


FUNCTIONS: dict[str, Meaning] = {
    "Identity": Meaning(lambda x: x),
    "Affine": Meaning(lambda x, gain, offset: x * gain + offset),
    "Clip": Meaning(lambda x, low, high: np.clip(x, low, high), lambda low, high: (low, high)),
    "Add": Meaning(lambda a, b, gain_a, gain_b: a * gain_a + b * gain_b),
    "Mul": Meaning(lambda a, b, gain: a * b * gain),
    "Max": Meaning(lambda a, b: np.maximum(a, b), _at_zero),
    "Min": Meaning(lambda a, b: np.minimum(a, b), _at_zero),
    "Abs": Meaning(np.abs, _at_zero),
    STEP: Meaning(lambda x, size: np.where(x >= 0, size, -size), _at_zero),
    "Celu": Meaning(_celu, _at_zero),
    "Elu": Meaning(_elu, _at_zero),
    "Erf": Meaning(lambda x: _erf()(x)),
    "Exp": Meaning(np.exp, fine=True),
    "Gelu": Meaning(_gelu),
    "GeluTanh": Meaning(_gelu_tanh),
    "HardSigmoid": Meaning(
        lambda x, alpha, beta: np.clip(alpha * x + beta, 0.0, 1.0),
        lambda alpha, beta: tuple(sorted((-beta / alpha, (1.0 - beta) / alpha))) if alpha else (),
    ),
    "HardSwish": Meaning(lambda x: x * np.clip(x / 6.0 + 0.5, 0.0, 1.0), lambda: (-3.0, 3.0)),
    "LeakyRelu": Meaning(lambda x, alpha: np.where(x < 0, alpha * x, x), _at_zero),
    "Log": Meaning(np.log, narrow=True),
    "Mish": Meaning(lambda x: x * np.tanh(_softplus(x))),
    "Pow": Meaning(_power),
    "Reciprocal": Meaning(np.reciprocal, pole=True, narrow=True),
    "FractionalPow": Meaning(_power, narrow=True),
    "Selu": Meaning(_selu, _at_zero),
    "Shrink": Meaning(_shrink, lambda bias, limit: (-limit, limit)),
    "Sigmoid": Meaning(_sigmoid),
    "Sign": Meaning(np.sign, _at_zero),
    "Silu": Meaning(lambda x, alpha: x * _sigmoid(alpha * x)),
    "Softplus": Meaning(_softplus),
    "Softsign": Meaning(lambda x: x / (1.0 + np.abs(x)), _at_zero, narrow=True),
    "Sqrt": Meaning(np.sqrt, narrow=True),
    "Tanh": Meaning(np.tanh),
    "ThresholdedRelu": Meaning(lambda x, alpha: np.where(x > alpha, x, 0.0), lambda alpha: (0.0, alpha)),
}
"""All functions by name; most are named after their ONNX operator."""


def evaluate(function: TableFunction, x: Floats) -> Floats:
    """The function's values, NaN outside its domain.

    >>> evaluate(TableFunction("Mul", (1.0,), (IDENTITY, TableFunction("Sigmoid"))), np.asarray([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    arguments = [evaluate(argument, x) for argument in function.arguments] or [x]
    with np.errstate(all="ignore"):
        return np.asarray(FUNCTIONS[function.name].function(*arguments, *function.parameters), dtype=np.float64)


def kinks(function: TableFunction) -> tuple[float, ...]:
    """Numbers at which the slope jumps, as far as they are easily known; ascending."""
    found: set[float] = set()
    for argument in function.arguments:
        found.update(kinks(argument))
    own = FUNCTIONS[function.name].kinks(*function.parameters)
    line = _line(function.arguments[0]) if len(function.arguments) == 1 else (1.0, 0.0)
    if line is not None and line[0] != 0.0:
        found.update((kink - line[1]) / line[0] for kink in own)
    return tuple(sorted(kink for kink in found if np.isfinite(kink)))


def _line(function: TableFunction) -> tuple[float, float] | None:
    """Gain and offset of a function that is a straight line; None of another."""
    if function.name == "Identity":
        return 1.0, 0.0
    if function.name != "Affine":
        return None
    inner = _line(function.arguments[0]) if function.arguments else (1.0, 0.0)
    gain, offset = function.parameters
    return None if inner is None else (gain * inner[0], gain * inner[1] + offset)


def is_narrow(function: TableFunction) -> bool:
    """Whether the numbers that occur must be known for a good table."""
    return FUNCTIONS[function.name].narrow or any(is_narrow(argument) for argument in function.arguments)


@cache
def comes_back(function: TableFunction) -> bool:
    """Whether the function rises and falls, so that a small output may stand for numbers far apart.

    >>> comes_back(TableFunction("HardSwish")), comes_back(TableFunction("Tanh"))
    (True, False)
    """
    steps = np.diff(evaluate(function, np.linspace(-16.0, 16.0, 4097)))
    return bool(np.nanmax(steps, initial=0.0) > 1e-9 and np.nanmin(steps, initial=0.0) < -1e-9)


def is_fine(function: TableFunction) -> bool:
    """Whether the function's table must be better than others."""
    return FUNCTIONS[function.name].fine or any(is_fine(argument) for argument in function.arguments)


def poles(function: TableFunction) -> tuple[float, ...]:
    """Numbers at which the function has a pole, as far as they are easily known."""
    found = [pole for argument in function.arguments for pole in poles(argument)]
    if FUNCTIONS[function.name].pole or (function.name in ("Pow", "FractionalPow") and function.parameters[0] < 0):
        line = _line(function.arguments[0]) if function.arguments else (1.0, 0.0)
        if line is not None and line[0] != 0.0:
            found.append(-line[1] / line[0])
    return tuple(found)
