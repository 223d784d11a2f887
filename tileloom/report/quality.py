"""What the integers cost: accuracy beside the float network's, ranges of the codes, and signal to noise by tensor."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tileloom.accuracy import accuracy
from tileloom.compilation import Compiled, Quantised, compile_quantised
from tileloom.compiler.file_faults import file_fault
from tileloom.compiler.problems import ModelError
from tileloom.engines import run_functional
from tileloom.files import Arrays
from tileloom.float_run import FRAMES, FloatRun, deviations_of, network_inputs, run_float_network
from tileloom.frames import RANDOM_CODES, Codes, Frames, frames_for
from tileloom.hw.spec.program import Program, TensorMap
from tileloom.model_argument import ModelArgument
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse
from tileloom.verification import layer_of

UNLABELLED_FRAMES = 8
"""Frames looked at where no labels say more."""
MEMORY_BYTES = 400_000_000
"""What the tensors of all frames that are looked at together may take."""
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TensorFigures:
    """One tensor at a job boundary, over the frames looked at.

    ``low`` and ``high`` are the reals that its codes can stand for; ``clipped`` is the share of codes at an end of the
    range that does not stand for 0, ``used`` the part of the range that occurred.
    """

    tensor: str
    layer: str
    source: str
    low: float
    high: float
    scale: float
    zero_point: int
    code_low: int
    """Least code that occurred."""
    code_high: int
    used: float
    clipped: float
    snr_db: float | None
    """Against the float network; None where it has no such tensor, or none that differs."""


@dataclass(frozen=True)
class Quality:
    """What was measured, on how many frames from where; what is not known is None or empty."""

    frames: int = 0
    frames_from: str = ""
    labels: int = 0
    accuracy: float | None = None
    accuracy_float: float | None = None
    snr_db: float | None = None
    """Of the output that is worst."""
    snr_frames: int = 0
    tensors: tuple[TensorFigures, ...] = ()
    note: str = ""
    """Why something is not known."""

    @property
    def is_random(self) -> bool:
        """Whether the frames are random codes, because neither data nor a zoo network was given."""
        return self.frames_from.startswith(RANDOM_CODES)


def measure(
    made: Compiled,
    argument: ModelArgument,
    given: Arrays | None,
    labels: Labels | None,
    seed: int,
    watch: Watch = unwatched,
) -> Quality:
    """Run the functional simulator and the float network on the frames given, the zoo's digits, or random codes.

    Accuracy needs labels: the user's (see :func:`read_labels`), else the zoo's own where no frames are given. Raises
    ``ModelError`` where there are more labels than frames.
    """
    wanted = labels
    if wanted is None and argument.zoo is not None and given is None:
        wanted = np.asarray(argument.zoo.held_out().labels, np.int64)
    count = len(wanted) if wanted is not None else None if given is None else min(UNLABELLED_FRAMES, _length(given))
    frames = frames_for(made.inputs, given, count, seed, argument)
    program = made.program
    if made.quantised is not None:
        program = compile_quantised(made.quantised, program.target, taps=True, watch=watch)
    some = _first(frames, _together(program))
    result = run_functional(program, some.codes, taps=True, watch=watch)
    codes: dict[str, Codes] = {**result.taps, **result.outputs}
    floats, note = _floats(made.quantised, codes, some, watch)
    noise = {name: _noise(made.quantised, floats, name, codes[name]) for name in codes}
    outputs = [noise[tensor.name] for tensor in program.outputs]
    return Quality(
        frames=frames.count,
        frames_from=frames.origin,
        labels=0 if wanted is None else len(wanted),
        accuracy=None if wanted is None else accuracy(_scores(made.program, frames, watch), wanted),
        accuracy_float=_float_accuracy(made.quantised, frames, wanted) if floats.plain else None,
        snr_db=min((each for each in outputs if each is not None), default=None),
        snr_frames=some.count if floats.plain else 0,
        tensors=tuple(_tensors(program.outputs, program.taps, layer_of(program), made, codes, noise)),
        note=note,
    )


def read_labels(labels: str | Path | npt.NDArray[Any] | None) -> Labels | None:
    """Labels of a ``.npy`` file or array as one line of whole numbers; None where there are none.

    Raises ``ModelError`` TL405 for anything else.
    """
    if labels is None:
        return None
    name = str(labels) if isinstance(labels, str | Path) else "labels"
    fix = "write them with numpy.save, one whole number a frame"
    try:
        array = np.load(labels, allow_pickle=False) if isinstance(labels, str | Path) else np.asarray(labels)
    except (OSError, ValueError, EOFError) as error:
        reason = file_fault(error) if isinstance(error, OSError) and error.errno else "something else"
        raise refuse("TL405", name, "labels must be a .npy file", reason, fix) from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iu" or array.ndim != 1 or not len(array):
        found = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "several arrays"
        raise refuse("TL405", name, "labels must be whole numbers, one for each frame", found, fix)
    return array.astype(np.int64)


def _together(program: Program) -> int:
    """How many frames of a program with taps are looked at together, as integers and as floats."""
    elements = sum(tensor.channels * tensor.height * tensor.width for tensor in (*program.taps, *program.outputs))
    each = program.memory_bytes + (program.target.element_bytes + 4) * elements
    return max(1, min(FRAMES, MEMORY_BYTES // each))


def _first(frames: Frames, count: int) -> Frames:
    return Frames(
        {name: codes[:count] for name, codes in frames.codes.items()},
        {name: reals[:count] for name, reals in frames.reals.items()},
        frames.origin,
    )


def _scores(program: Program, frames: Frames, watch: Watch) -> Codes:
    """The first output of every frame, of as many frames at a time as fit the memory."""
    step = max(1, MEMORY_BYTES // program.memory_bytes)
    name = program.outputs[0].name
    found = []
    for first in range(0, frames.count, step):
        watch("accuracy", first, frames.count)
        codes = {tensor: each[first : first + step] for tensor, each in frames.codes.items()}
        found.append(run_functional(program, codes).outputs[name])
    return np.concatenate(found)


def _length(given: Arrays) -> int:
    return min((len(array) for array in given.values()), default=0)


def _floats(
    quantised: Quantised | None, codes: Mapping[str, Codes], frames: Frames, watch: Watch
) -> tuple[FloatRun, str]:
    if quantised is None:
        return FloatRun(), "A tile program has lost its network, so there is no float network to compare with."
    try:
        return run_float_network(quantised, codes, frames, watch), ""
    except ModelError as error:
        return FloatRun(), f"The float network did not run: {error}"


def _float_accuracy(quantised: Quantised | None, frames: Frames, labels: Labels | None) -> float | None:
    if quantised is None or labels is None:
        return None
    from tileloom.compiler.float_model import PLAIN, run_float

    (name, *_) = quantised.graph.outputs
    if name not in {output for node in quantised.network.model.graph.node for output in node.output}:
        return None
    data = network_inputs(quantised, frames, frames.count)
    return accuracy(run_float(quantised.network, data, [name], PLAIN)[name], labels)


def _noise(quantised: Quantised | None, floats: FloatRun, name: str, codes: Codes) -> float | None:
    found = None if quantised is None else deviations_of(quantised, floats, name, codes)
    return found.float.snr_db if found is not None and found.float is not None else None


def _tensors(
    outputs: Iterable[TensorMap],
    taps: Iterable[TensorMap],
    layers: Mapping[str, str],
    made: Compiled,
    codes: Mapping[str, Codes],
    noise: Mapping[str, float | None],
) -> Iterable[TensorFigures]:
    maps = {tensor.name: tensor for tensor in (*taps, *outputs)}
    sources = {job.name: job.source for job in made.program.jobs}
    for name, layer in layers.items():
        tensor, found = maps[name], codes[name]
        low, high = int(found.min()), int(found.max())
        ends = sum(np.count_nonzero(found == end) for end in (tensor.low, tensor.high) if end != tensor.zero_point)
        yield TensorFigures(
            name,
            layer or name,
            sources.get(layer, ""),
            (tensor.low - tensor.zero_point) * tensor.scale,
            (tensor.high - tensor.zero_point) * tensor.scale,
            tensor.scale,
            tensor.zero_point,
            low,
            high,
            (high - low) / max(tensor.high - tensor.low, 1),
            float(ends / found.size),
            noise[name],
        )
