"""Who evaluates the points: processes of this machine, or the workers of a Dask cluster."""

import multiprocessing
import pickle
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

from tileloom.explore.point import Point, evaluate
from tileloom.hw.spec.config import Target
from tileloom.refusal import refuse

_graph: Any = None
_macs = 0


def start(packed: bytes, macs: int) -> None:
    """Begin a worker process: it keeps the network, and leaves Ctrl-C to its parent."""
    global _graph, _macs
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _graph, _macs = pickle.loads(packed), macs


def one(target: Target) -> Point:
    """One point, in a worker process."""
    return evaluate(_graph, target, _macs)


def here(graph: Any, macs: int, targets: list[Target], processes: int) -> Iterator[Point]:
    """Points as they are ready, by ``processes`` processes of this machine; by this one where it is one."""
    if processes == 1:
        for target in targets:
            yield evaluate(graph, target, macs)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tileloom.compiler.backend.compile", "tileloom.sim.cycle.simulate"])
    with _pool(ProcessPoolExecutor(processes, context, start, (pickle.dumps(graph), macs))) as pool:
        for future in as_completed([pool.submit(one, target) for target in targets]):
            yield future.result()


@contextmanager
def _pool(pool: ProcessPoolExecutor) -> Iterator[ProcessPoolExecutor]:
    """The pool; what is left of its work is dropped when its user stops early."""
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def on_cluster(graph: Any, macs: int, targets: list[Target], scheduler: str) -> Iterator[Point]:
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
        shared = client.scatter(graph, broadcast=True)
        futures = [client.submit(evaluate, shared, target, macs, pure=True, retries=3) for target in targets]
        for future in library.as_completed(futures):
            yield future.result()
