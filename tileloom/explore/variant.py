"""A network as it is quantised for some of the targets of a space, and how good it is: accuracy, deviation."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tileloom.accuracy import accuracy
from tileloom.compilation import Quantised, macs, quantise_model
from tileloom.compiler.problems import ModelError
from tileloom.explore.space import Candidate
from tileloom.explore.widths import Widths
from tileloom.files import Arrays
from tileloom.frames import Frames, Given, arrays_of, calibration_of, frames_for
from tileloom.model_argument import ModelArgument, find
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse

if TYPE_CHECKING:
    from tileloom.compiler.graph import IntegerGraph

LABELS = "labels"
"""The array of an ``--accuracy`` file that holds the right class of each frame."""
UNLABELLED_FRAMES = 8
"""Frames that the deviation is measured on where no sample is given."""
Key = tuple[int, int, Widths | None]
"""What the quantised network depends on: segments of tables, bits of operands, bit widths."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Frames in the network's own units; ``labels`` are their right classes."""

    arrays: Arrays | None = None
    labels: npt.NDArray[np.int64] | None = None
    origin: str = "given"


@dataclass(frozen=True)
class Quality:
    """How good a quantised network is; None where it is not known.

    ``accuracy`` is the share of labelled frames that are right, ``snr_db`` that of the worst output against the float
    network, and infinite where nothing differs.
    """

    accuracy: float | None = None
    snr_db: float | None = None
    frames: int = 0
    frames_from: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class Variant:
    """One quantised network, for all targets with one key."""

    key: Key
    argument: ModelArgument
    quantised: Quantised
    quality: Quality

    @property
    def graph(self) -> "IntegerGraph":
        """What is compiled."""
        return self.quantised.graph

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a frame."""
        return macs(self.graph)


def key_of(candidate: Candidate) -> Key:
    """The key of the variant that a candidate needs."""
    from tileloom.compiler.nonlinearity import SEGMENTS

    target = candidate.target
    return target.segments or SEGMENTS, target.activation_bits, candidate.widths


def make_variants(
    argument: ModelArgument,
    candidates: Iterable[Candidate],
    calibration: Given | None,
    sample: Sample,
    seed: int,
    watch: Watch = unwatched,
) -> dict[Key, Variant]:
    """Quantise for every key among the candidates, and measure all on the same frames; raises ``ModelError``."""
    made: dict[Key, tuple[ModelArgument, Quantised]] = {}
    for candidate in candidates:
        key = key_of(candidate)
        if key not in made:
            found = argument if candidate.widths is None else find(argument, candidate.widths.settings)
            made[key] = (
                found,
                quantise_model(found, candidate.target, calibration_of(calibration), None, seed, watch),
            )
    narrowest = min(made, key=lambda key: key[1])
    sample = _chosen(sample, *made[narrowest], calibration, seed)
    return {
        key: Variant(key, found, quantised, _quality(quantised, found, sample, seed, watch))
        for key, (found, quantised) in made.items()
    }


def read_sample(given: Given | None) -> Sample:
    """Frames and labels of an ``.npz`` file: arrays named like the inputs, and ``labels`` with a class for each frame.

    Raises ``ModelError`` TL405 for labels that are missing or do not fit.
    """
    arrays = arrays_of(given)
    if arrays is None:
        return Sample()
    name = str(given) if not isinstance(given, dict) else "--accuracy"
    fix = f"write it with numpy.savez(path, NAME=frames, {LABELS}=classes)"
    labels = arrays.pop(LABELS, None)
    counts = {len(array) if array.ndim else 0 for array in arrays.values()}
    rule = f"held-out samples have an array {LABELS} of whole numbers, one for each frame"
    if labels is None:
        raise refuse("TL405", name, rule, f"only {', '.join(arrays) or 'nothing'}", fix)
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or counts != {len(labels)}:
        found = f"{labels.dtype} of shape {labels.shape} for {', '.join(map(str, sorted(counts))) or 'no'} frames"
        raise refuse("TL405", name, rule, found, fix)
    return Sample(arrays, labels.astype(np.int64))


def _chosen(
    sample: Sample, argument: ModelArgument, quantised: Quantised, calibration: Given | None, seed: int
) -> Sample:
    """The frames of the sample, else the zoo's, else some of the calibration data, else random ones of its range."""
    from tileloom.compiler.calibration_data import gathered

    if sample.arrays is not None:
        return sample
    if argument.zoo is not None:
        digits = argument.zoo.held_out()
        images = dict.fromkeys(quantised.graph.inputs, digits.images)
        return Sample(images, np.asarray(digits.labels, np.int64), "held-out digits")
    typical = calibration_of(calibration)
    if typical is not None:
        arrays = {name: array[:UNLABELLED_FRAMES] for name, array in gathered(quantised.network, typical).items()}
        return Sample(arrays, None, "the calibration data")
    frames = _frames(quantised, argument, sample, UNLABELLED_FRAMES, seed)
    return Sample(frames.reals, None, frames.origin)


def _quality(quantised: Quantised, argument: ModelArgument, sample: Sample, seed: int, watch: Watch) -> Quality:
    if find_spec("torch") is None:
        return Quality(note="PyTorch is not installed, so accuracy and deviation are not known.")
    from tileloom.compiler.reference import evaluate

    frames = _frames(quantised, argument, sample, None, seed)
    watch("accuracy", 0, 0)
    codes: dict[str, Any] = dict(evaluate(quantised.graph, frames.codes))
    found = None if sample.labels is None else accuracy(codes[quantised.graph.outputs[0]], sample.labels)
    try:
        return Quality(found, _noise(quantised, frames, codes, watch), frames.count, sample.origin)
    except ModelError as error:
        return Quality(found, None, frames.count, sample.origin, f"The float network did not run: {error}")


def _frames(quantised: Quantised, argument: ModelArgument, sample: Sample, count: int | None, seed: int) -> Frames:
    tensors = [quantised.graph.tensors[name] for name in quantised.graph.inputs]
    return frames_for(tensors, sample.arrays, count, seed, argument)


def _noise(quantised: Quantised, frames: Frames, codes: dict[str, Any], watch: Watch) -> float | None:
    """Of the output that is worst; None where the float network has none of them."""
    from tileloom.compiler.float_model import PLAIN, run_float
    from tileloom.float_run import FRAMES, FloatRun, deviations_of, network_inputs

    network = quantised.network
    made = {name for node in network.model.graph.node for name in node.output}
    outputs = [name for name in quantised.graph.outputs if name in made]
    if not outputs:
        return None
    watch("float network", 0, 0)
    floats = FloatRun(run_float(network, network_inputs(quantised, frames, FRAMES), outputs, PLAIN))
    found = [deviations_of(quantised, floats, name, codes[name]) for name in outputs]
    known = [each.float for each in found if each is not None and each.float is not None]
    ratios = [float("inf") if each.snr_db is None and not each.rms else each.snr_db for each in known]
    return min((ratio for ratio in ratios if ratio is not None), default=None)
