"""Refusals of the command line and the API are sentences that stay: every code has its text in ``refusals.txt``.

``TILELOOM_UPDATE_GOLDEN=1`` writes them anew.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tileloom import api
from tileloom.compiler.frontend import quantise, read_model, take_model
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.problem_codes import CODES
from tileloom.compiler.problems import ModelError
from tileloom.engines import missing_for_rtl, require_rtl
from tileloom.hw.spec.program import ProgramError, load_program
from tileloom.model_settings import settings_of
from tileloom.refusal import problems_of, sentence

SNAPSHOT = Path(__file__).with_name("refusals.txt")
FRONT = Path(__file__).parents[1] / "compiler_front"
ELSEWHERE = {
    "TL407": "tests/rtl: a machine that halts",
    "TL410": "tests/face/test_comparison.py: engines that differ",
    "TL414": "tests/explore: a cluster that does not answer",
    "TL415": "tests/fpga: a board that does not answer",
}
"""Codes whose cause takes a machine, a cluster or a board, with the tests that look at their texts."""


def example(*nodes: onnx.NodeProto, **constants: Any) -> onnx.ModelProto:
    return Example("bad", nodes, (1, 2, 4, 4), constants).model()


def compiled(model: onnx.ModelProto) -> None:
    quantise(take_model(model, "bad"), {"x": np.ones((1, 2, 4, 4), np.float32)})


def no_compiler(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("PATH", "")
    assert missing_for_rtl()
    require_rtl()


def cut_off() -> None:
    Path("cut.tlp").write_bytes(b"TILELOOM"[:3])
    load_program("cut.tlp")


def other_target() -> None:
    api.compile("lenet5", target="small", output="lenet5.tlp")
    api.simulate("lenet5.tlp", target="default")


CASES: dict[str, Callable[[], object]] = {
    "no such model file": lambda: api.check("nowhere/net.onnx"),
    "a folder instead of a model": lambda: api.compile("."),
    "a program cut off": cut_off,
    "no such target": lambda: api.compile("lenet5", target="tiny"),
    "a program of another target": other_target,
    "inputs that are no .npz file": lambda: api.simulate("lenet5", input="nowhere.npz"),
    "a file in a folder that is not there": lambda: api.compile("lenet5", output="nowhere/net.tlp"),
    "a size without a number": lambda: settings_of(dims=["height"]),
    "a want that is none": lambda: api.report("lenet5", output="r.html", wants=("speedy",)),
    "no such objective": lambda: api.explore("lenet5", objectives=("beauty",)),
    "no such technology": lambda: api.simulate("lenet5", technology="asic4"),
    "no such board": lambda: api.build("breadboard"),
    "bits of no layer": lambda: quantise(
        take_model(
            example(step("Conv", "x w", "y"), w=numbers(2, 2, 1, 1)),
            "bad",
            settings_of(bits=_bits('[[layer]]\nnode = "nothing"\nweights = 4\n')),
        )
    ),
    "a file that is not there": lambda: read_model("nowhere.onnx"),
    "a slice of nothing": lambda: compiled(
        example(step("Slice", "x s e a", "y"), s=np.asarray([5]), e=np.asarray([9]), a=np.asarray([2]))
    ),
    "large sums of integers as output": lambda: compiled(
        integers(
            example(
                step("QuantizeLinear", "x s z", "q"),
                step("MatMulInteger", "q w", "y"),
                s=np.float32(1),
                z=np.uint8(0),
                w=np.full((4, 3), 100, np.int8),
            )
        )
    ),
    "a root of negative numbers": lambda: compiled(
        example(
            step("QuantizeLinear", "x s z", "q"),
            step("DequantizeLinear", "q s z", "d"),
            step("Sqrt", "d", "y"),
            s=np.float32(0.1),
            z=np.int8(0),
        )
    ),
    "a factor out of range": lambda: compiled(
        example(
            step("Conv", "x w", "c"),
            step("Clip", "c l h", "y"),
            w=np.full((2, 2, 1, 1), 1e9, np.float32),
            l=np.float32(-1e-6),
            h=np.float32(1e-6),
        )
    ),
}


def integers(model: onnx.ModelProto) -> onnx.ModelProto:
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT32
    return model


def _bits(text: str) -> Path:
    path = Path("bits.toml")
    path.write_text(text)
    return path


def text_of(name: str, cause: Callable[[], object]) -> str:
    try:
        cause()
    except (ModelError, ProgramError, Exception) as error:
        return "\n".join(sentence(each) for each in problems_of(error, name) or ())
    raise AssertionError(f"{name} is not refused")


def test_texts_are_the_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    texts = {name: text_of(name, cause) for name, cause in CASES.items()}
    with monkeypatch.context() as patch:
        texts["no C++ compiler"] = text_of("no C++ compiler", lambda: no_compiler(patch))
    found = "\n\n".join(f"# {name}\n{text}" for name, text in texts.items()) + "\n"
    if os.environ.get("TILELOOM_UPDATE_GOLDEN") == "1":
        SNAPSHOT.write_text(found, encoding="utf-8")
    assert found == SNAPSHOT.read_text(encoding="utf-8")


def test_every_code_has_a_text_in_a_snapshot() -> None:
    files = (SNAPSHOT, FRONT / "refusals.txt", FRONT / "later_refusals.txt")
    seen = {code for file in files for code in re.findall(r"TL\d{3}", file.read_text(encoding="utf-8"))}
    assert set(CODES) - seen - set(ELSEWHERE) == set()
