"""``demo``: the main job from end to end on the zoo networks, with everything that can be shown of it."""

import importlib.util
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from tileloom.accuracy import accuracy, classes
from tileloom.compilation import DEFAULT_TARGET, Compiled, Quantised, compile_quantised, quantise_model
from tileloom.digit_art import draw_digits
from tileloom.document import Document, Kind
from tileloom.engine_name import EngineName
from tileloom.engines import missing_for_rtl, run_functional
from tileloom.float_run import run_float_network, run_float_outputs
from tileloom.frames import Frames, frames_for
from tileloom.hw.spec.config import Target, load_target
from tileloom.model_argument import ModelArgument, find
from tileloom.progress import Watch, unwatched
from tileloom.tables import Table, percent
from tileloom.verbs.simulate import SimulateDocument, simulate_document
from tileloom.verbs.verify import VerifyDocument, verify_document
from tileloom.verification import Verification, verify_program, verify_quantised

DIGITS = 6
"""Held-out digits that go through the RTL and are drawn."""
NEXT = "Next, a network of your own: `tileloom check net.onnx`; README.md has a tour of five minutes."


@dataclass(frozen=True)
class DemoDigit:
    """One drawn digit."""

    label: int
    got: int
    """The class with the greatest score, by the deepest engine."""


@dataclass(frozen=True)
class DemoNetwork:
    """One network of the demo; accuracies are shares of all held-out digits."""

    name: str
    held_out_digits: int
    float_accuracy: float
    int8_accuracy: float
    int8_mismatches: int | None
    """Output codes of all held-out digits in which functional simulator and integer reference differ; None without
    PyTorch.
    """
    digits: tuple[DemoDigit, ...]
    verify: VerifyDocument
    simulate: SimulateDocument


@dataclass(frozen=True, kw_only=True)
class DemoDocument(Document):
    """Every network's accuracy, verification and figures."""

    command: ClassVar[str] = "demo"
    table: ClassVar[Mapping[str, Kind]] = {
        "seconds": Kind.MEASURED,
        "networks[].held_out_digits": Kind.COUNTED,
        "networks[].float_accuracy": Kind.SIMULATED,
        "networks[].int8_accuracy": Kind.SIMULATED,
        "networks[].int8_mismatches": Kind.SIMULATED,
        "networks[].digits": Kind.SIMULATED,
        **{f"networks[].verify.{path}": kind for path, kind in VerifyDocument.table.items()},
        **{f"networks[].simulate.{path}": kind for path, kind in SimulateDocument.table.items()},
    }
    target: str
    engine: EngineName
    seconds: float
    networks: tuple[DemoNetwork, ...]
    notes: tuple[str, ...] = ()

    def tables(self) -> list[Table]:
        """Accuracies; then of each network digits, verification and figures."""
        tables = [_accuracies(self)]
        for network in self.networks:
            layers, *_, summary = network.verify.tables()
            tables += [_picture(self, network), layers, summary, network.simulate.tables()[0]]
        verdicts = [f"{network.name}: {network.verify.verdict()}" for network in self.networks]
        return [*tables, Table("", (), (), "\n".join(["", *verdicts, *self.notes, f"{self.seconds:.0f} s. {NEXT}"]))]


def demo(*, target: str | Path | None = None, digits: int = DIGITS, watch: Watch = unwatched) -> DemoDocument:
    """Quantise, compile, run and verify every zoo network on ``target`` with ``digits`` held-out digits.

    Without the tools for the RTL the simulators stand in for it, and a note says so; without PyTorch the functional
    simulator is the reference.
    """
    from tileloom.models.zoo import MODELS

    started = time.monotonic()
    machine = load_target(target or DEFAULT_TARGET)
    missing = missing_for_rtl()
    engine = EngineName.CYCLE if missing else EngineName.RTL
    notes = []
    if missing:
        notes.append(
            f"No RTL was run, because {', '.join(missing)} is missing here: simulators gave classes and cycles."
        )
    if not has_torch():
        notes.append("PyTorch is not installed: the functional simulator is the reference, not the integer reference.")
    networks = tuple(_network(find(zoo.name), machine, engine, digits, watch) for zoo in MODELS)
    return DemoDocument(
        problems=tuple(problem for network in networks for problem in network.verify.problems),
        changed_kinds={
            f"networks[].{name}.{path}": kind
            for network in networks[:1]
            for name, document in (("verify", network.verify), ("simulate", network.simulate))
            for path, kind in document.kinds.items()
        }
        | {"networks[].digits": Kind.SIMULATED if missing else Kind.RTL},
        target=machine.name,
        engine=engine,
        seconds=time.monotonic() - started,
        networks=networks,
        notes=tuple(notes),
    )


def has_torch() -> bool:
    """Whether the integer reference can run."""
    return importlib.util.find_spec("torch") is not None


def _network(argument: ModelArgument, target: Target, engine: EngineName, digits: int, watch: Watch) -> DemoNetwork:
    def staged(stage: str, done: int, total: int) -> None:
        watch(f"{argument.name}: {stage}", done, total)

    if argument.zoo is None:
        raise ValueError(f"argument must be a zoo network, not {argument.path}")
    held_out = argument.zoo.held_out()
    quantised = quantise_model(argument, target, None, None, 0, staged)
    made = Compiled(compile_quantised(quantised, target, watch=staged), quantised)
    every = frames_for(made.inputs, None, len(held_out.labels), 0, argument)
    few = frames_for(made.inputs, None, digits, 0, argument)
    staged("accuracy", 0, 0)
    codes = run_functional(made.program, every.codes, watch=staged).outputs
    (output,) = codes
    floats = run_float_outputs(quantised, every)
    found = _verified(made, quantised, few, engine, staged)
    document = verify_document(
        argument.name, made, few, engine, found, run_float_network(quantised, found.expected, few, staged)
    )
    shown = found.runs[0].rtl or found.runs[0].functional
    timed = found.runs[0].rtl or found.runs[0].cycle
    counted = found.runs[0].cycle
    if timed is None or counted is None:
        raise ValueError(f"engine must give cycles, not {engine}")
    return DemoNetwork(
        argument.name,
        len(held_out.labels),
        accuracy(floats[output], held_out.labels),
        accuracy(codes[output], held_out.labels),
        _reference_mismatches(quantised, every, codes[output], output) if has_torch() else None,
        tuple(
            DemoDigit(int(label), int(got))
            for label, got in zip(held_out.labels, classes(shown.outputs[output]), strict=False)
        ),
        document,
        replace(simulate_document(argument.name, made, engine, timed, counted), notes=()),
    )


def _verified(made: Compiled, quantised: Quantised, frames: Frames, engine: EngineName, watch: Watch) -> Verification:
    if has_torch():
        return verify_quantised(quantised, made.program, frames, engine, watch)
    return verify_program(made.program, frames, engine, watch)


def _reference_mismatches(quantised: Quantised, frames: Frames, codes: "np.ndarray", output: str) -> int:
    from tileloom.compiler.reference import evaluate

    return int(np.count_nonzero(evaluate(quantised.graph, frames.codes)[output] != codes))


def _picture(document: DemoDocument, network: DemoNetwork) -> Table:
    from tileloom.models.digits import held_out

    encoding = (sys.stdout.encoding or "ascii").lower()
    captions = [
        f"{digit.got}" + ("" if digit.got == digit.label else f" (is {digit.label})") for digit in network.digits
    ]
    drawing = draw_digits(list(held_out().pixels[: len(captions)]), captions, not encoding.startswith("utf"))
    by = "the RTL" if document.engine is EngineName.RTL else "the functional simulator"
    return Table("", (), (), f"{network.name}: held-out digits, and below each the class that {by} gave\n\n{drawing}\n")


def _accuracies(document: DemoDocument) -> Table:
    columns = ("network", "held-out digits", "float accuracy", "int8 accuracy", "codes unlike the reference's")
    rows = tuple(
        (n.name, n.held_out_digits, percent(n.float_accuracy), percent(n.int8_accuracy), n.int8_mismatches)
        for n in document.networks
    )
    return Table("accuracy", columns, rows)
