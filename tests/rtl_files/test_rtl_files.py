"""What ``tileloom rtl`` writes beside the Verilog: the C header's values, the driver's work, the example's wires."""

import ctypes
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.face.command import tileloom
from tileloom.axi_example import driver, example_verilog
from tileloom.hw.build import verilog_text
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.isa import FORMAT_VERSION
from tileloom.hw.spec.program import Program, load_program
from tileloom.hw.spec.registers import OFFSET, Cause, Error
from tileloom.hw.verilator import COMPILER_FLAGS, compile_model, environment
from tileloom.register_map import c_header, registers_of
from tileloom.sim.functional.run import run

HERE = Path(__file__).parent
SMALL = load_target("small")
REGISTERS = 0x4000_0000
"""Where the registers begin on the bus, in the test of the driver."""
POLLS = 3


def gcc(*arguments: str | Path) -> None:
    """Compile C; a warning is an error."""
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``registers.h`` and ``driver.h``."""
    place = tmp_path_factory.mktemp("c")
    (place / "registers.h").write_text(c_header(SMALL))
    (place / "driver.h").write_text(driver())
    return place


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The digits network for the small machine."""
    path = tmp_path_factory.mktemp("digits") / "digits.tlp"
    assert tileloom("compile", "digits_modern", "--target", SMALL.name, "--output", path).status == 0
    return load_program(path)


def test_header(folder: Path) -> None:
    """A C compiler reads every value as the contract has it."""
    names = re.findall(r"#define (TILELOOM_\w+) \S", (folder / "registers.h").read_text())
    lines = "".join(f'  printf("{name} %llu\\n", (unsigned long long){name});\n' for name in names)
    (folder / "print.c").write_text(f'#include <stdio.h>\n#include "registers.h"\nint main(void) {{\n{lines}}}\n')
    gcc("-o", folder / "print", folder / "print.c")
    printed = subprocess.run([folder / "print"], capture_output=True, text=True, check=True).stdout
    found = {name: int(value) for name, value in (line.split() for line in printed.splitlines())}
    assert found == {
        **{f"TILELOOM_{register.name}": OFFSET[register.name] for register in registers_of(SMALL)},
        **{f"TILELOOM_ERROR_{error.name}": error.value for error in Error},
        **{f"TILELOOM_CAUSE_{cause.name}": cause.value for cause in Cause},
        "TILELOOM_EXPECTED_VERSION": FORMAT_VERSION,
        "TILELOOM_EXPECTED_HASH": SMALL.hash,
    }


class Machine:
    """Registers in Python; a start keeps the machine busy for some polls and ends with ``error``."""

    def __init__(self) -> None:
        self.values = dict.fromkeys(OFFSET.values(), 0)
        self.values[OFFSET["VERSION"]] = FORMAT_VERSION
        self.values[OFFSET["HASH_LOW"]] = SMALL.hash & 0xFFFF_FFFF
        self.values[OFFSET["HASH_HIGH"]] = SMALL.hash >> 32
        self.polls = 0
        self.error = Error.NONE
        self.aborts = 0

    def read(self, address: int) -> int:
        """One register."""
        offset = address - REGISTERS
        if offset == OFFSET["STATUS"]:
            self.polls -= 1
            if self.polls >= 0:
                return 1
            return 2 if self.error is Error.NONE else 4 | self.error << 8
        return self.values[offset]

    def write(self, address: int, value: int) -> None:
        """One register."""
        self.values[address - REGISTERS] = value
        if address - REGISTERS == OFFSET["CONTROL"]:
            self.polls = POLLS if value == 1 else -1
            self.aborts += value == 2


def test_driver(folder: Path) -> None:
    """Every answer that a machine can give."""
    gcc("-shared", "-fPIC", f"-I{folder}", "-o", folder / "driver.so", HERE / "called.c")
    library = ctypes.CDLL(str(folder / "driver.so"))
    machine = Machine()
    reader = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_size_t)(machine.read)
    writer = ctypes.CFUNCTYPE(None, ctypes.c_size_t, ctypes.c_uint32)(machine.write)

    def open_machine() -> int:
        return int(library.open_machine(ctypes.c_size_t(REGISTERS), reader, writer))

    assert open_machine() == 0
    machine.values[OFFSET["VERSION"]] += 1
    assert open_machine() == -1
    machine.values[OFFSET["VERSION"]] -= 1
    machine.values[OFFSET["HASH_HIGH"]] ^= 1
    assert open_machine() == -2
    machine.values[OFFSET["HASH_HIGH"]] ^= 1
    assert open_machine() == 0
    library.load(0x1000, 0x2000, 0x40, 0x80)
    window = ("WINDOW_BASE", "WINDOW_BYTES", "PROGRAM_ADDRESS", "PROGRAM_BYTES")
    assert [machine.values[OFFSET[name]] for name in window] == [0x1000, 0x2000, 0x40, 0x80]
    assert library.run(POLLS) == 0
    for error in list(Error)[1:]:
        machine.error = error
        assert library.run(POLLS) == error
    assert library.run(POLLS - 1) == -3 and machine.aborts == 1


def write_sources(folder: Path) -> list[Path]:
    """The machine and the example around it."""
    (folder / "tileloom.v").write_text(verilog_text(SMALL))
    (folder / "example.v").write_text(example_verilog(SMALL))
    return [folder / "tileloom.v", folder / "example.v"]


@pytest.mark.parametrize("target", ["small", "default"])
def test_example_has_every_wire(target: str, tmp_path: Path) -> None:
    """Verilator finds each port of the machine connected, with its width, where the machine is a shell of its ports."""
    machine = verilog_text(load_target(target))
    start = machine.index("\nmodule tileloom(")
    module = machine[start : machine.index("endmodule", start)]
    ports = re.findall(r"^  (?:input|output) .*;$", module, re.MULTILINE)
    header = module[1 : module.index(";") + 1]
    (tmp_path / "shell.v").write_text("\n".join([header, *ports, "endmodule", ""]))
    (tmp_path / "example.v").write_text(example_verilog(load_target(target)))
    command = ["verilator", "--lint-only", "-Wall", "-Wno-DECLFILENAME", "-Wno-UNUSED", "-Wno-UNDRIVEN"]
    command += ["-Wno-PINCONNECTEMPTY", "-Wno-SYMRSVDWORD", "--top-module", "tileloom_example"]
    sources = [str(tmp_path / name) for name in ("example.v", "shell.v")]
    done = subprocess.run([*command, *sources], env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.full
def test_example_runs_a_program(program: Program, folder: Path, tmp_path: Path) -> None:
    """The C driver runs the digits network on the example in Verilator: the functional simulator's codes."""
    generator = np.random.default_rng(3)
    tensor = program.inputs[0]
    shape = (1, tensor.channels, tensor.height, tensor.width)
    codes = generator.integers(tensor.low, tensor.high + 1, shape).astype(np.int8)
    image = program.image()
    image[tensor.address : tensor.address + tensor.size_bytes] = tensor.pack(codes[0])
    image.tofile(tmp_path / "image.bin")
    (tmp_path / "all.v").write_text("\n".join(path.read_text() for path in write_sources(tmp_path)))
    compile_model(tmp_path / "all.v", "tileloom_example", tmp_path / "model", jobs=2, split=12_000)
    root = Path(environment()["VERILATOR_ROOT"]) / "include"
    includes = [f"-I{path}" for path in (folder, tmp_path / "model", root, root / "vltstd")]
    libraries = [str(tmp_path / "model" / name) for name in ("Vtileloom_example__ALL.a", "libverilated.a")]
    command = ["g++", "-std=c++20", *COMPILER_FLAGS, *includes, str(HERE / "example.cpp"), *libraries]
    subprocess.run([*command, "-pthread", "-latomic", "-o", str(tmp_path / "example")], check=True)
    figures = (str(program.instruction_address), str(len(program.instruction_bytes)))
    arguments = [str(tmp_path / "example"), str(tmp_path / "image.bin"), *figures, str(tmp_path / "after.bin")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    status, cycles, interrupt = map(int, done.stdout.split())
    assert (status, interrupt) == (0, 0) and cycles > 1000
    memory = np.fromfile(tmp_path / "after.bin", np.uint8)
    for output in program.outputs:
        found = output.unpack(memory[output.address : output.address + output.size_bytes].copy())
        np.testing.assert_array_equal(found, run(program, {tensor.name: codes}).outputs[output.name][0])
