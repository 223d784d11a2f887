"""Who evaluates the points: processes of this machine, or the workers of a Dask cluster."""

import multiprocessing
import pickle
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tileloom.explore.point import Point, evaluate
from tileloom.hw.spec.config import Target
from tileloom.refusal import refuse

_networks: Mapping[int, tuple[Any, int]] = {}
_technology: Any = None


@dataclass(frozen=True)
class Task:
    """A point to be made: the ``number``-th of all, of network ``network``."""

    number: int
    network: int
    target: Target


@dataclass(frozen=True)
class Made:
    """A point that was made, and the processor time it took."""

    number: int
    point: Point
    processor_s: float


def start(packed: bytes) -> None:
    """Begin a worker process: it keeps the networks, and leaves Ctrl-C to its parent."""
    global _networks, _technology
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _networks, _technology = pickle.loads(packed)


def one(task: Task) -> Made:
    """One point, in a worker process."""
    return make(task, *_networks[task.network], _technology)


def make(task: Task, graph: Any, macs: int, technology: Any) -> Made:
    """One point of an integer graph."""
    begin = time.process_time()
    point = evaluate(graph, task.target, macs, technology)
    return Made(task.number, point, time.process_time() - begin)


def here(networks: Mapping[int, tuple[Any, int]], technology: Any, tasks: list[Task], processes: int) -> Iterator[Made]:
    """Points as they are ready, by ``processes`` processes of this machine; by this one where it is one.

    ``networks`` are integer graphs with their multiply-accumulates.
    """
    if processes == 1:
        for task in tasks:
            yield make(task, *networks[task.network], technology)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tileloom.compiler.backend.compile", "tileloom.sim.cycle.simulate"])
    packed = pickle.dumps((networks, technology))
    with _pool(ProcessPoolExecutor(processes, context, start, (packed,))) as pool:
        for future in as_completed([pool.submit(one, task) for task in tasks]):
            yield future.result()


@contextmanager
def _pool(pool: ProcessPoolExecutor) -> Iterator[ProcessPoolExecutor]:
    """The pool; what is left of its work is dropped when its user stops early."""
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def on_cluster(
    networks: Mapping[int, tuple[Any, int]], technology: Any, tasks: list[Task], scheduler: str
) -> Iterator[Made]:
    """Points as they are ready, by the workers of a running Dask cluster.

    A worker that dies loses nothing: its points are given to others. Raises ``ModelError`` TL414 without the library
    or without an answer from the scheduler.
    """
    try:
        import distributed
    except ImportError:
        rule = "a cluster needs the library distributed"
        raise refuse("TL414", scheduler, rule, "not installed", "run pip install 'tileloom[cluster]'") from None
    try:
        library: Any = distributed  # most of it has no annotations
        client = library.Client(scheduler, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        rule = "a Dask scheduler must answer"
        fix = "start `dask scheduler` and give its address, such as tcp://127.0.0.1:8786"
        raise refuse("TL414", scheduler, rule, str(error).splitlines()[0] if str(error) else "no answer", fix) from None
    with client:
        shared = {number: client.scatter(graph, broadcast=True) for number, (graph, _) in networks.items()}
        futures = [
            client.submit(
                make, task, shared[task.network], networks[task.network][1], technology, pure=False, retries=3
            )
            for task in tasks
        ]
        for future in library.as_completed(futures):
            yield future.result()
