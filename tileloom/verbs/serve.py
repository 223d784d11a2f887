"""``serve``: a page in the browser on which one draws or drops a picture, and a machine answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.compilation import compiled
from tileloom.document import Document, Kind
from tileloom.engine_name import EngineName
from tileloom.engines import require_rtl
from tileloom.frames import Given, calibration_of
from tileloom.model_argument import Model, find
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse
from tileloom.tables import Table, facts

if TYPE_CHECKING:
    from tileloom.compilation import Compiled
    from tileloom.compiler.calibration_data import Calibration
    from tileloom.serve.player import Machine
    from tileloom.serve.server import PageServer

ADDRESS = "127.0.0.1:8377"
DIGITS = tuple("0123456789")


@dataclass(frozen=True, kw_only=True)
class ServeDocument(Document):
    """A server that has ended."""

    command: ClassVar[str] = "serve"
    table: ClassVar[Mapping[str, Kind]] = {"frames": Kind.COUNTED}
    model: str
    target: str
    engine: str
    url: str
    frames: int

    def tables(self) -> list[Table]:
        """How much it has done."""
        return [facts(f"{self.model} on {self.target}", [("frames answered", self.frames, Kind.COUNTED)], "")]


def serve(
    model: Model,
    *,
    target: str | Path | None = None,
    engine: str | None = None,
    board: str | None = None,
    port: str = "sim",
    address: str = ADDRESS,
    range: tuple[float, float] = (0.0, 1.0),
    labels: str | Path | None = None,
    calibration: "Given | Calibration | None" = None,
    seed: int = 0,
    ready: Callable[[str], None] = lambda _: None,
    watch: Watch = unwatched,
) -> ServeDocument:
    """Serve until Ctrl-C; ``ready`` gets the page's address once it answers. The rest is as in :func:`page_server`."""
    server = page_server(
        model,
        target=target,
        engine=engine,
        board=board,
        port=port,
        address=address,
        range=range,
        labels=labels,
        calibration=calibration,
        seed=seed,
        watch=watch,
    )
    player = server.player
    try:
        ready(server.url)
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        player.close()
    program = player.made.program
    return ServeDocument(
        model=server.title,
        target=program.target.name,
        engine=player.machine.name,
        url=server.url,
        frames=player.frames,
    )


def page_server(
    model: Model,
    *,
    target: str | Path | None = None,
    engine: str | None = None,
    board: str | None = None,
    port: str = "sim",
    address: str = ADDRESS,
    range: tuple[float, float] = (0.0, 1.0),
    labels: str | Path | None = None,
    calibration: "Given | Calibration | None" = None,
    seed: int = 0,
    watch: Watch = unwatched,
) -> "PageServer":
    """The server, which listens already; its caller serves and closes it, and closes its player.

    Parameters
    ----------
    engine : cycle (the usual one: values by the functional simulator, times by the cycle simulator) or rtl
    board, port : a board instead, at a serial port; ``sim`` is a simulated one
    address : ``HOST:PORT``; port 0 takes a free one. Whoever reaches the host can use the machine
    range : what black and white stand for in the network; the zoo's networks have their own
    labels : a text file with the name of a class on each line

    Raises ``ModelError`` (TL409 for a network that takes no picture or an address that cannot be used),
    ``ProgramError``, ``TargetError``, or the board room's ``BoardError`` and ``BuildError``.
    """
    from tileloom.fpga.boards import find_board
    from tileloom.serve.picture import door_of
    from tileloom.serve.player import Player
    from tileloom.serve.server import PageServer

    place = _address(address)
    argument = find(model)
    names = _labels(labels) or (DIGITS if argument.zoo is not None else ())
    wanted = target
    if board is not None and target is None and not argument.is_program:
        wanted = find_board(board).target
    made = compiled(argument, wanted, calibration_of(calibration), None, seed, watch)
    door = door_of(made.inputs, argument.zoo is not None, *range)
    machine = _machine(made, engine, board, port, watch)
    try:
        return PageServer(place, Player(made, machine, door), argument.name, names)
    except OSError as error:
        machine.close()
        rule = f"nobody can listen at {address} ({error.strerror or error})"
        raise refuse("TL409", "--address", rule, "", "take another port, or 0 for a free one") from None


def _machine(made: "Compiled", engine: str | None, board: str | None, port: str, watch: Watch) -> "Machine":
    from tileloom.fpga.runtime import SIMULATED, open_board
    from tileloom.serve.player import BoardMachine, RtlMachine, SimulatedMachine

    name = EngineName(engine) if engine else EngineName.CYCLE
    if board is not None:
        if engine is not None:
            raise refuse("TL409", "--engine", "a board is an engine itself", name, "leave --engine or --board out")
        if port == SIMULATED:
            require_rtl()
        kind = Kind.RTL if port == SIMULATED else Kind.MEASURED
        title = f"simulated {board}" if port == SIMULATED else f"{board} at {port}"
        target = made.program.target
        watch(f"connecting to {port}", 0, 0)
        return BoardMachine(
            made.program, lambda: open_board(board, port, target, progress=lambda line: watch(line, 0, 0)), title, kind
        )
    if name is EngineName.RTL:
        return RtlMachine(made.program, watch)
    if name in (EngineName.CYCLE, EngineName.FUNCTIONAL):
        return SimulatedMachine(made.program, watch)
    raise refuse("TL409", "--engine", "a page is served by cycle, rtl or a board", name, "take --engine rtl")


def _address(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise refuse("TL409", "--address", "an address is HOST:PORT", address, f"such as {ADDRESS}")
    return host.strip("[]"), int(port)


def _labels(path: str | Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise refuse("TL405", str(path), f"a text file is needed ({error})", "", "one name on each line") from None
    return tuple(line.strip() for line in lines if line.strip())
