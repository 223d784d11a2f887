# Set-up, demo and tests. `make demo` and `make test` are all that a new machine needs: both first make .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Processes that run tests; C++ compilers run inside them.
TEST_PROCESSES ?= 2
PYTEST := TILELOOM_STRICT_SKIPS=1 $(BIN)/python -m pytest -n $(TEST_PROCESSES) -rs

.PHONY: help demo test test-full pytest pytest-full lint conformance operators fuzz faults netlist large-rtl sweep bench speed area models install system clean

help:
	@echo "make demo       the main job: PyTorch networks on generated, verified hardware (about 3 minutes)"
	@echo "make test       lint, types and tests (at most 20 minutes)"
	@echo "make test-full  the tests of make test and the long ones"
	@echo "make conformance  the onnx package's operator cases, writes docs/conformance.md (a minute)"
	@echo "make operators  writes docs/operators.md from the rules of the operators"
	@echo "make fuzz       200,000 byte mutants of models, 20,000 compiled, 10,000 corrupted programs (hours)"
	@echo "make faults     plants 40 faults in the hardware, finds each, writes docs/faults.md (about 10 minutes)"
	@echo "make netlist    the synthesised netlists of two families against the other engines, 20 mutations each (half an hour)"
	@echo "make lint       lint, format and types only"
	@echo "make bench      the table of utilisations and how it scales with the grid (three minutes)"
	@echo "make sweep      500 random layers and 1,000 random programs on the RTL of six targets (an hour)"
	@echo "make large-rtl  whole ResNet-50 and VGG-16 on the RTL, every tensor (a quarter of an hour)"
	@echo "make speed      the simulators beside the RTL engine (three minutes)"
	@echo "make area       cells of four targets beside the parts that they are for (five minutes)"
	@echo "make boards     bitstreams of the boards and their figures (a quarter of an hour each on a quiet machine)"
	@echo "make models     train the zoo networks anew and write models/zoo"
	@echo "make install    make .venv only"
	@echo "make clean      delete what was built, but not .venv"

demo: $(INSTALLED)
	$(BIN)/tileloom demo

# Two prerequisites, not one after the other: `make --keep-going` runs the tests even where lint finds something.
test: lint pytest
test-full: lint pytest-full

pytest: $(INSTALLED)
	$(PYTEST) -m "not full"

pytest-full: $(INSTALLED)
	$(PYTEST)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p tileloom -p tests

conformance: $(INSTALLED)
	$(BIN)/python -m tests.conformance

operators: $(INSTALLED)
	$(BIN)/python -m tileloom.compiler.operator_document docs/operators.md

fuzz: $(INSTALLED)
	$(BIN)/python -m tests.fuzz --processes $(TEST_PROCESSES)

faults: $(INSTALLED)
	$(BIN)/python -m tests.faults.run --jobs $(TEST_PROCESSES)

netlist: $(INSTALLED)
	$(BIN)/python -m tests.fpga.sign_off

# Whole networks on the hardware, every tensor of one image: minutes each.
large-rtl: $(INSTALLED)
	mkdir -p build
	for network in resnet50 vgg16; do \
		$(BIN)/python -m benchmarks.write_network $$network build/$$network.onnx && \
		$(BIN)/tileloom verify build/$$network.onnx --engine rtl --frames 1 || exit 1; \
	done

sweep: $(INSTALLED)
	$(BIN)/python -m tests.equality.run --six

bench: $(INSTALLED)
	$(BIN)/tileloom bench
	$(BIN)/python -m benchmarks.scaling

# Cycle and functional simulators beside the RTL engine; figures of this computer.
speed: $(INSTALLED)
	$(BIN)/python -m benchmarks.simulator_speed

boards: $(INSTALLED)
	$(BIN)/python -m tileloom.fpga.board_table

area: $(INSTALLED)
	$(BIN)/python -m tileloom.fpga.area

models: $(INSTALLED)
	$(BIN)/python -m tileloom.models.train

install: $(INSTALLED)

# Everything in one environment with the versions of constraints.txt. The stamp is newer than both files once pip is done.
$(INSTALLED): pyproject.toml constraints.txt | system
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --constraint constraints.txt setuptools
	$(BIN)/pip install --disable-pip-version-check --constraint constraints.txt --no-build-isolation --editable ".[test]"
	@touch $@

# Names every missing system package at once, before any work.
system:
	@PYTHON="$(PYTHON)" sh .ci/system-packages

clean:
	rm -rf build dist sim_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name $(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +
