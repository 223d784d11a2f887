"""The list of planted faults fits the sources; a few faults, cheap ones, are planted and found."""

import dataclasses
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.document import DOCUMENT, document
from tests.faults.examine import Finding, examine_sound
from tests.faults.fault import Fault, FaultKind, planted_faults
from tests.faults.faulty_build import copy_hardware
from tests.faults.network_trial import network_trial
from tests.faults.run import find, named_difference
from tests.import_edges import ROOT
from tileloom.hw.spec.config import load_target

FAULTS = planted_faults()
CHEAP = ("write_fifo", "slot_full", "round_to_odd")
"""Planted in `make test`; `make faults` and `make test-full` plant all."""


def test_twenty_faults_of_each_kind() -> None:
    assert Counter(fault.kind for fault in FAULTS.values()) == {FaultKind.TIMING: 20, FaultKind.ARITHMETIC: 20}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_changes_one_line_of_the_hardware(name: str) -> None:
    fault = FAULTS[name]
    before = (ROOT / fault.file).read_text(encoding="utf-8")
    after = fault.plant(before)
    assert fault.file.startswith("hw/") and not fault.file.startswith("hw/spec/")
    changed = [pair for pair in zip(before.split("\n"), after.split("\n"), strict=True) if pair[0] != pair[1]]
    assert [(one.strip(), other.strip()) for one, other in changed] == [(fault.old, fault.new)]
    compile(after, fault.file, "exec")


def test_a_line_that_is_not_there_once_is_refused() -> None:
    fault = dataclasses.replace(FAULTS["rotation"], old="x = 1")
    for text in ("y = 1\n", "x = 1\n    x = 1\n"):
        with pytest.raises(ValueError, match=r"fault rotation: .* must have the line 'x = 1' once, not [02] times"):
            fault.plant(text)
    assert fault.plant("if y:\n    x = 1\n") == f"if y:\n    {fault.new}\n"


def test_the_document_lists_every_fault() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for fault in FAULTS.values():
        assert f"| {fault.name} | `{fault.file}` | {fault.breaks} | {fault.target} |" in text
    assert "SURVIVES" not in text
    assert document(FAULTS.values(), {}, text) == text
    assert document(FAULTS.values(), {name: Finding(name) for name in FAULTS}).count("SURVIVES") == len(FAULTS)


def test_the_network_has_every_kind_of_layer() -> None:
    trial = network_trial(load_target("small"))
    assert len(trial.program.jobs) >= 4
    assert set(trial.expected) > {tensor.name for tensor in trial.program.taps}


def test_the_copy_is_built_and_not_the_checkout(tmp_path: Path) -> None:
    copy_hardware(tmp_path / "tileloom")
    script = "import tileloom.hw.build as b; print(b.__file__, b.DRIVER.is_dir())"
    command = [sys.executable, "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path / "tileloom" / "hw" / "build.py"), "True"]


def test_the_sound_machine_shows_nothing() -> None:
    assert examine_sound("small", 12) == []


def check(fault: Fault) -> None:
    """A fault is found by the difference of its kind; what is stored stays right under a timing fault."""
    finding = find(fault.name)
    assert named_difference(fault, finding), finding
    if fault.kind is FaultKind.TIMING:
        assert (finding.mismatches, finding.element) == (0, ""), finding
        assert "simulated" in finding.job and "on the RTL" in finding.job
    else:
        assert finding.mismatches > 0 and "instead of" in finding.element


@pytest.mark.parametrize("name", CHEAP)
def test_cheap_faults_are_found(name: str) -> None:
    check(FAULTS[name])


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in FAULTS if name not in CHEAP])
def test_all_other_faults_are_found(name: str) -> None:
    check(FAULTS[name])
