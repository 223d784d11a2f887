"""What becomes of a case: on the grid, on the host, refused with a code, wrong, crashed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from onnx.reference import ReferenceEvaluator

from tests.conformance.backend import EngineDiffers, Output, TileloomBackend
from tests.conformance.cases import Array, Case
from tests.conformance.frames import NotANetwork
from tileloom.compiler.problems import ModelError

HOST_ERROR = 0.5
"""Softmax moves by at most half of what its input moves."""
DIGITS = 1e-3
"""Tolerance of ONNX's own runner."""
FLOAT_ERROR = 1e-5
"""Rounding of the float network itself, relative to its greatest output."""


class Place(StrEnum):
    """The five outcomes."""

    GRID = "on the grid"
    HOST = "on the host"
    REFUSED = "refused"
    WRONG = "wrong"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Outcome:
    """Where a case ended.

    ``reason`` is the refusal's sentence, or what differs; ``share`` the stated error bound of the worst output in parts
    of the output's range (None where nothing ran, or integers had to be exact).
    """

    place: Place
    code: str = ""
    reason: str = ""
    share: float | None = None


def outcome(case: Case) -> Outcome:
    """Run a case and judge it."""
    shares: list[float] = []
    hosted: tuple[str, ...] = ()
    for inputs, expected in case.data:
        try:
            outputs = TileloomBackend.prepare(case.model).outputs(inputs)
        except ModelError as error:
            return Outcome(Place.REFUSED, error.problems[0].code, str(error.problems[0]))
        except NotANetwork as error:
            return Outcome(Place.REFUSED, "-", str(error))
        except EngineDiffers as error:
            return Outcome(Place.WRONG, reason=f"the functional simulator differs from the reference at {error}")
        except Exception as error:  # whatever it is, a user must never see it
            return Outcome(Place.CRASHED, reason=f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
        if len(outputs) != len(expected):
            return Outcome(Place.WRONG, reason=f"{len(outputs)} outputs instead of {len(expected)}")
        for output, wanted in zip(outputs, precise(case, inputs, expected), strict=True):
            fault = difference(output, np.asarray(wanted))
            if fault:
                return Outcome(Place.WRONG, reason=fault)
            if output.values.dtype.kind == "f":
                shares.append(share(output, np.asarray(wanted)))
            hosted += output.on_host
    if hosted:
        return Outcome(Place.HOST, reason=", ".join(sorted(set(hosted))))
    return Outcome(Place.GRID, share=max(shares, default=None))


def share(output: Output, wanted: Array) -> float:
    """The stated bound in parts of the output's range, 0 for an output that is all zeros."""
    extent = max(float(np.ptp(wanted)), float(np.abs(wanted).max())) if wanted.size else 0.0
    return output.bound / extent if extent else 0.0


def precise(case: Case, inputs: Sequence[Any], expected: Sequence[Any]) -> list[Any]:
    """Outputs by ONNX's evaluator where the case's own, some written down with four digits, are those rounded."""
    names = [value.name for value in case.model.graph.input]
    try:
        found = list(ReferenceEvaluator(case.model).run(None, dict(zip(names, inputs, strict=False))))
        same = [
            np.shape(ours) == np.shape(theirs) and np.allclose(ours, theirs, rtol=DIGITS, atol=DIGITS)
            for ours, theirs in zip(found, expected, strict=True)
        ]
        return [ours if close else theirs for ours, theirs, close in zip(found, expected, same, strict=True)]
    except Exception:  # an operator that the evaluator does not have: the case's own outputs must do
        return list(expected)


def difference(output: Output, wanted: Array) -> str:
    """Why an output is not the expected one, empty if it is: integers exactly, floats within the stated bound."""
    given = output.values
    if given.shape != wanted.shape or given.dtype != wanted.dtype:
        return f"{given.dtype} {given.shape} instead of {wanted.dtype} {wanted.shape}"
    if not wanted.size:
        return ""
    apart = np.abs(given.astype(np.float64) - wanted.astype(np.float64))
    allowed = 0.0
    if wanted.dtype.kind == "f":
        allowed = output.bound * (HOST_ERROR if output.on_host else 1.0) + FLOAT_ERROR * float(np.abs(wanted).max())
    if np.all(apart <= allowed):
        return ""
    return f"{float(np.max(apart)):.6g} apart, {allowed:.6g} allowed"
