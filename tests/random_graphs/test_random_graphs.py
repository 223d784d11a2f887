"""Random small networks of every operator: the functional simulator against the integer reference, every tensor."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.random_graphs.coverage import cells, table
from tests.random_graphs.draw import DrawnNetwork, networks
from tests.random_graphs.trial import trial
from tileloom.hw.build import build
from tileloom.hw.spec.config import load_target
from tileloom.sim.rtl.engine import RtlEngine

TARGETS = tuple(load_target(name) for name in ("default", "small", "odd"))
REFUSED = 0.1
"""Share of networks that a target may refuse at most."""


def sweep(
    examples: int, number: int, machines: Sequence[RtlEngine] = ()
) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """So many networks of one seed; how often each feature ran, and how networks ended by code.

    They go to the targets in turn, or to the targets of ``machines`` and to these as well.
    """
    seen: Counter[tuple[str, str]] = Counter()
    ends: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(networks())
    def check(drawn: DrawnNetwork) -> None:
        if machines:
            machine = machines[drawn.seed % len(machines)]
            code = trial(drawn, machine.target, machine)
        else:
            code = trial(drawn, TARGETS[drawn.seed % len(TARGETS)])
        ends[code] += 1
        if not code:
            seen.update(drawn.features)

    check()
    return seen, ends


def judge(seen: Counter[tuple[str, str]], ends: Counter[str]) -> None:
    """Print the table; no cell of it is empty, and few networks were refused."""
    print(table(seen))
    print({code or "exact": count for code, count in ends.items()})
    assert [cell for cell in cells() if not seen[cell]] == []
    assert ends[""] >= (1.0 - REFUSED) * ends.total()


def test_random_networks_are_exact() -> None:
    """Seed 4."""
    judge(*sweep(500, 4))


@pytest.mark.full
@pytest.mark.parametrize("number", range(10, 30))
def test_many_random_networks_are_exact(number: int) -> None:
    judge(*sweep(1000, number))


@pytest.fixture(scope="module")
def machines() -> Iterator[list[RtlEngine]]:
    with ExitStack() as stack:
        yield [stack.enter_context(RtlEngine(build(load_target(name)).library)) for name in ("default", "small")]


@pytest.mark.parametrize("examples", [8, pytest.param(100, marks=pytest.mark.full)])
def test_random_networks_on_the_rtl(examples: int, machines: list[RtlEngine]) -> None:
    _, ends = sweep(examples, 6, machines)
    print({code or "exact": count for code, count in ends.items()})
    assert ends[""] >= (1.0 - REFUSED) * examples
