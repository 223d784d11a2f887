"""The frames of a run: the user's arrays, the zoo's held-out digits, or random codes by a seed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Tensor
from tileloom.files import Arrays, read_arrays
from tileloom.model_argument import ModelArgument
from tileloom.refusal import refuse

if TYPE_CHECKING:
    from tileloom.compiler.calibration_data import Calibration

RANDOM_CODES = "random codes"
Codes = npt.NDArray[np.signedinteger]
Given = str | Path | Mapping[str, npt.NDArray[Any]]
"""An ``.npz`` file, or arrays by input name."""


def calibration_of(given: "Given | Calibration | None") -> "Calibration | None":
    """Typical inputs: of an ``.npz`` file, a folder of pictures, or as they are (arrays by name, an iterable).

    Raises ``ModelError`` TL405 for a path that is none of these.
    """
    if not isinstance(given, str | Path):
        return given
    if Path(given).is_dir():
        from tileloom.compiler.pictures import Pictures

        return Pictures(Path(given))
    return read_arrays(Path(given))


@dataclass(frozen=True, eq=False)
class Frames:
    """The same frames twice, by input name.

    ``codes`` of shape ``(frames, channels, height, width)`` for the engines, ``reals`` of shape ``(frames, *shape)``
    for the float network; ``origin`` tells where they came from.
    """

    codes: dict[str, Codes]
    reals: Arrays
    origin: str

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(next(iter(self.codes.values())))


def arrays_of(given: Given | None) -> Arrays | None:
    """The arrays of a file or mapping; raises ``ModelError`` TL405 for a file that is not one of arrays."""
    if given is None or isinstance(given, Mapping):
        return None if given is None else dict(given)
    return read_arrays(Path(given))


def frames_for(
    inputs: Iterable[Tensor], given: Arrays | None, count: int | None, seed: int, argument: ModelArgument
) -> Frames:
    """Frames for a network's inputs.

    Parameters
    ----------
    given : the user's arrays; floats are quantised, integers are codes
    count : frames wanted; None takes all that is given, else 1
    seed : of random codes, taken where nothing is given and the model is not of the zoo

    Raises ``ModelError`` where arrays do not fit or are fewer than ``count``, or ``count`` is below 1.
    """
    tensors = list(inputs)
    if count is not None and count < 1:
        raise refuse("TL409", "--frames", "there must be at least one frame", str(count), "ask for 1 or more")
    if given is not None:
        return _given(tensors, given, count)
    if argument.zoo is not None:
        images = argument.zoo.held_out().images[: count or 1]
        if count is not None and count > len(images):
            raise _too_few(argument.name, count, len(images))
        return _given(tensors, dict.fromkeys((tensor.name for tensor in tensors), images), None, "held-out digits")
    return _random(tensors, count or 1, seed)


def _given(tensors: list[Tensor], given: Arrays, count: int | None, origin: str = "given") -> Frames:
    from tileloom.compiler.quantised_io import dequantise_output, quantise_input

    codes: dict[str, Codes] = {}
    reals: Arrays = {}
    for tensor in tensors:
        if tensor.name not in given:
            found = ", ".join(given) or "nothing"
            rule = "the data must have an array named like each input of the network"
            raise refuse("TL405", tensor.name, rule, f"only {found}", f"name it {tensor.name}")
        found_codes = quantise_input(tensor, given[tensor.name])
        if count is not None and len(found_codes) < count:
            raise _too_few(tensor.name, count, len(found_codes))
        codes[tensor.name] = found_codes[:count]
        if given[tensor.name].dtype.kind == "f":
            reals[tensor.name] = given[tensor.name].reshape(len(found_codes), *tensor.shape)[:count]
        else:
            reals[tensor.name] = dequantise_output(tensor, codes[tensor.name])
    counts = {len(array) for array in codes.values()}
    if len(counts) != 1 or 0 in counts:
        rule = "all inputs must have the same number of frames, at least one"
        raise refuse("TL405", ", ".join(codes), rule, str(sorted(counts)), "cut them to one length")
    return Frames(codes, reals, origin)


def _random(tensors: list[Tensor], count: int, seed: int) -> Frames:
    from tileloom.compiler.quantised_io import dequantise_output

    generator = np.random.default_rng(seed)
    codes: dict[str, Codes] = {}
    for tensor in tensors:
        shape = (count, tensor.channels, tensor.height, tensor.width)
        codes[tensor.name] = generator.integers(tensor.low, tensor.high + 1, shape).astype(tensor.code_type)
    reals: Arrays = {tensor.name: dequantise_output(tensor, codes[tensor.name]) for tensor in tensors}
    return Frames(codes, reals, f"{RANDOM_CODES}, seed {seed}")


def _too_few(name: str, wanted: int, there: int) -> Exception:
    return refuse("TL409", name, f"--frames {wanted} needs as many frames", str(there), f"ask for {there} or fewer")
