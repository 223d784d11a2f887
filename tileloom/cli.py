"""The command line: what can be typed after ``tileloom``. Every command calls the verb of the same name in the API.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tileloom import options
from tileloom.command_line import INTERRUPTED, run
from tileloom.engine_name import EngineName

if TYPE_CHECKING:
    from tileloom.model_argument import Model

HELP = """Convolutional networks from PyTorch to tile programs on generated, verified accelerator hardware.

Start with [bold]tileloom demo[/bold], then with a network of your own:

    tileloom check net.onnx\n
    tileloom verify net.onnx --target default --calibration typical.npz\n
    tileloom simulate net.onnx --target small
"""
EPILOG = (
    "Exit status: 0 done, 1 the input is at fault (explained in one sentence each), 2 usage. `--json -` for programs."
)

app = typer.Typer(
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from tileloom.document import version

        typer.echo(f"tileloom {version()}")
        raise typer.Exit


@app.callback()
def _tileloom(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of no command."""


def _named(
    model: str,
    dim: list[str] | None,
    batch: int | None,
    bind: list[str] | None,
    method: str | None = None,
    bits: Path | None = None,
    *,
    host_ops: bool = False,
) -> "Model":
    """The model as the user named it, with the settings given, if any."""
    if not (dim or batch or bind or method or bits or host_ops):
        return model
    from tileloom.model_argument import find
    from tileloom.model_settings import settings_of

    return find(model, settings_of(dim, batch, bind, method, bits, host_ops))


@app.command(epilog="Example: tileloom demo")
def demo(
    target: options.NetworkTarget = None,
    digits: Annotated[int, typer.Option("--digits", min=1, max=12, help="Digits that go through the RTL.")] = 6,
    json: options.JsonPath = None,
) -> None:
    """Show everything on two networks: accuracy, digits through the RTL, verification, speed, energy."""
    from tileloom.verbs.demo import demo as verb

    run("demo", target or "", lambda watch: verb(target=target, digits=digits, watch=watch), json)


@app.command(epilog="Example: tileloom check net.onnx")
def check(
    model: options.Model,
    dim: options.Dims = None,
    batch: options.Batch = None,
    bind: options.Bind = None,
    save_passes: options.SavePasses = None,
    host_ops: options.HostOps = False,
    json: options.JsonPath = None,
) -> None:
    """Check a network: every problem at once, each with code, PyTorch line, rule and fix."""
    from tileloom.verbs.check import check as verb

    run(
        "check",
        model,
        lambda watch: verb(_named(model, dim, batch, bind, host_ops=host_ops), save_passes=save_passes),
        json,
    )


@app.command(epilog="Example: tileloom explain TL203")
def explain(
    codes: Annotated[
        list[str] | None, typer.Argument(metavar="CODE...", help="Codes of problems, with or without TL; else all.")
    ] = None,
    json: options.JsonPath = None,
) -> None:
    """Explain what a problem's code means and what to do about it."""
    from tileloom.verbs.explain import explain as verb

    run("explain", " ".join(codes or ()), lambda watch: verb(*(codes or ())), json)


@app.command(epilog="Example: tileloom repro net.onnx --output small.onnx")
def repro(
    model: options.Model,
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help="Which problem; else the first.")] = None,
    target: options.NetworkTarget = None,
    seed: options.Seed = 0,
    output: options.Copy = None,
    json: options.JsonPath = None,
) -> None:
    """Shrink a failing network to the fewest nodes that still fail, with random weights."""
    from tileloom.verbs.repro import repro as verb

    path = output or Path(f"{Path(model).stem}.repro.onnx")
    run("repro", model, lambda watch: verb(model, code=code, target=target, seed=seed, output=path, watch=watch), json)


@app.command(epilog="Example: tileloom targets --target my_machine.toml")
def targets(target: options.OneTarget = None, json: options.JsonPath = None) -> None:
    """List the machines that ship with tileloom, or check a target file."""
    from tileloom.verbs.targets import targets as verb

    run("targets", target or "", lambda watch: verb(target), json)


@app.command(epilog="Example: tileloom zoo lenet5 --output lenet5.onnx")
def zoo(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One network; all without one.")] = None,
    output: options.Copy = None,
    json: options.JsonPath = None,
) -> None:
    """List the trained networks that ship with tileloom; --output copies one's ONNX file."""
    from tileloom.verbs.zoo import zoo as verb

    run("zoo", name or "", lambda watch: verb(name, output=output), json)


@app.command(epilog="Example: tileloom compile net.onnx --target small --calibration typical.npz --output net.tlp")
def compile(
    model: options.Model,
    target: options.NetworkTarget = None,
    calibration: options.Calibration = None,
    input: options.Input = None,
    seed: options.Seed = 0,
    output: options.Program = None,
    effort: options.Effort = 0,
    save_passes: options.SavePasses = None,
    dim: options.Dims = None,
    batch: options.Batch = None,
    bind: options.Bind = None,
    method: options.Method = None,
    bits: options.Bits = None,
    host_ops: options.HostOps = False,
    json: options.JsonPath = None,
) -> None:
    """Compile a network to a tile program (.tlp)."""
    from tileloom.verbs.compile import compile as verb
    from tileloom.verbs.compile import program_path

    path = output or program_path(model)
    run(
        "compile",
        model,
        lambda watch: verb(
            _named(model, dim, batch, bind, method, bits, host_ops=host_ops),
            target=target,
            calibration=calibration,
            input=input,
            seed=seed,
            output=path,
            save_passes=save_passes,
            effort=effort,
            watch=watch,
        ),
        json,
    )


@app.command(epilog="Example: tileloom simulate lenet5 --target mac25 --output scores.npz")
def simulate(
    model: options.Model,
    target: options.Target = None,
    engine: options.Engine = EngineName.CYCLE,
    frames: options.Frames = None,
    seed: options.Seed = 0,
    input: options.Input = None,
    calibration: options.Calibration = None,
    output: options.Outputs = None,
    technology: options.Technology = None,
    frames_per_second: options.FramesPerSecond = None,
    dim: options.Dims = None,
    batch: options.Batch = None,
    bind: options.Bind = None,
    method: options.Method = None,
    bits: options.Bits = None,
    host_ops: options.HostOps = False,
    json: options.JsonPath = None,
) -> None:
    """Latency, utilisation, DRAM bytes, energy and stalls of a frame, layer by layer."""
    from tileloom.verbs.simulate import simulate as verb

    run(
        "simulate",
        model,
        lambda watch: verb(
            _named(model, dim, batch, bind, method, bits, host_ops=host_ops),
            target=target,
            engine=engine,
            frames=frames,
            seed=seed,
            input=input,
            calibration=calibration,
            output=output,
            technology=technology,
            frames_per_second=frames_per_second,
            watch=watch,
        ),
        json,
    )


@app.command(epilog="Example: tileloom verify lenet5 --engine rtl --frames 3")
def verify(
    model: options.Model,
    target: options.Target = None,
    engine: options.DeepestEngine = None,
    family: options.Family = None,
    frames: options.Frames = None,
    seed: options.Seed = 0,
    input: options.Input = None,
    calibration: options.Calibration = None,
    dim: options.Dims = None,
    batch: options.Batch = None,
    bind: options.Bind = None,
    method: options.Method = None,
    bits: options.Bits = None,
    host_ops: options.HostOps = False,
    json: options.JsonPath = None,
) -> None:
    """Compare integer reference, simulators, RTL and netlist bit for bit and cycle by cycle."""
    from tileloom.verbs.verify import verify as verb

    run(
        "verify",
        model,
        lambda watch: verb(
            _named(model, dim, batch, bind, method, bits, host_ops=host_ops),
            target=target,
            engine=engine,
            family=family,
            frames=frames,
            seed=seed,
            input=input,
            calibration=calibration,
            watch=watch,
        ),
        json,
    )


@app.command(epilog="Example: tileloom explore lenet5 --budget 200 --output explored")
def explore(
    model: options.Model,
    space: Annotated[
        Path | None, typer.Option("--space", metavar="X.toml", help="What varies; else grid, array, buffers and port.")
    ] = None,
    target: options.NetworkTarget = None,
    budget: Annotated[int, typer.Option("--budget", min=1, max=1_000_000, help="Distinct targets at most.")] = 400,
    objective: Annotated[
        list[str] | None,
        typer.Option("--objective", metavar="FIGURE", help="What counts, may be repeated; else speed, energy, size."),
    ] = None,
    output: options.OutputFolder = None,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="Else one for each core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="tcp://...", help="A running Dask cluster does the work.")
    ] = None,
    cached: Annotated[bool, typer.Option("--cached/--anew", help="Take over points of earlier runs.")] = True,
    accuracy: Annotated[
        Path | None,
        typer.Option("--accuracy", metavar="X.npz", help="Held-out frames and their `labels`: gives the accuracy."),
    ] = None,
    count_registers: Annotated[
        bool, typer.Option("--count-registers", help="Count the front's register bits in its Verilog.")
    ] = False,
    verify_best: Annotated[bool, typer.Option("--verify-best", help="Prove the best point on the RTL.")] = False,
    calibration: options.Calibration = None,
    technology: options.Technology = None,
    seed: options.Seed = 0,
    json: options.JsonPath = None,
) -> None:
    """Many targets for one network, each compiled and simulated exactly: the front of the best."""
    from tileloom.verbs.explore import explore as verb

    run(
        "explore",
        model,
        lambda watch: verb(
            model,
            space=space,
            target=target,
            budget=budget,
            objectives=tuple(objective) if objective else None,
            output=output,
            processes=processes,
            scheduler=scheduler,
            cached=cached,
            accuracy=accuracy,
            count_registers=count_registers,
            verify_best=verify_best,
            calibration=calibration,
            technology=technology,
            seed=seed,
            watch=watch,
        ),
        json,
    )


@app.command(epilog="Example: tileloom report lenet5 --want 'latency_s<=0.0001' --trace lenet5.trace.json")
def report(
    model: options.Model,
    target: options.Target = None,
    engine: options.Engine = EngineName.CYCLE,
    seed: options.Seed = 0,
    input: options.Input = None,
    calibration: options.Calibration = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="X.html", help="The page.")] = Path("report.html"),
    csv: Annotated[Path | None, typer.Option("--csv", metavar="X.csv", help="The layer table, every digit.")] = None,
    trace: Annotated[
        Path | None, typer.Option("--trace", metavar="X.json", help="The timeline, for ui.perfetto.dev.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", metavar="X.npy", help="Right class of each frame: gives the accuracy.")
    ] = None,
    want: Annotated[
        list[str] | None,
        typer.Option("--want", metavar="FIGURE<=NUMBER", help="Say whether a figure keeps a bound; may be repeated."),
    ] = None,
    technology: options.Technology = None,
    frames_per_second: options.FramesPerSecond = None,
    dim: options.Dims = None,
    batch: options.Batch = None,
    bind: options.Bind = None,
    method: options.Method = None,
    bits: options.Bits = None,
    json: options.JsonPath = None,
) -> None:
    """One HTML page, self-contained: where every cycle and every picojoule of a frame goes."""
    from tileloom.verbs.report import report as verb

    run(
        "report",
        model,
        lambda watch: verb(
            _named(model, dim, batch, bind, method, bits),
            target=target,
            engine=engine,
            seed=seed,
            input=input,
            calibration=calibration,
            labels=labels,
            output=output,
            csv=csv,
            trace=trace,
            wants=tuple(want or ()),
            technology=technology,
            frames_per_second=frames_per_second,
            watch=watch,
        ),
        json,
    )


@app.command(epilog="Example: tileloom rtl --target small --output small_rtl")
def rtl(
    target: options.NetworkTarget = None,
    output: options.OutputFolder = Path("rtl"),
    json: options.JsonPath = None,
) -> None:
    """Write a machine's Verilog and its register map (Markdown and C header)."""
    from tileloom.verbs.rtl import rtl as verb

    run("rtl", target or "default", lambda watch: verb(target=target, output=output, watch=watch), json)


@app.command(epilog="Example: tileloom build --board ulx3s-85f --output ulx3s")
def build(
    board: Annotated[
        str | None, typer.Option("--board", metavar="NAME", help="Make the bitstream of this board, such as ulx3s-85f.")
    ] = None,
    project: Annotated[
        str | None,
        typer.Option("--project", metavar="vivado|ise|quartus", help="Write a project for a vendor's tool instead."),
    ] = None,
    part: Annotated[
        str | None, typer.Option("--part", metavar="NUMBER", help="The project's part, such as xc7a100tcsg324-1.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Synthesise the project's accelerator, to estimate its cells; minutes.")
    ] = False,
    target: options.BoardTarget = None,
    output: options.OutputFolder = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of place and route.")] = 1,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="So many seeds; the fastest is kept.")] = 1,
    fit: Annotated[
        bool, typer.Option("--fit", help="Look for the largest grid that meets the target's clock.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="Put the program of this network beside the bitstream."),
    ] = None,
    calibration: options.Calibration = None,
    flash: Annotated[bool, typer.Option("--flash", help="Put the bitstream into the board, if timing is met.")] = False,
    json: options.JsonPath = None,
) -> None:
    """Make a board's bitstream with the open tools, which takes minutes, or write a vendor's project."""
    from tileloom.verbs.build import build as verb
    from tileloom.verbs.project import project as project_verb

    if board is not None and project is None and part is None and not estimate:
        bitstream = partial(verb, board, target=target, output=output, seed=seed, seeds=seeds, fit=fit, flash=flash)
        bitstream = partial(bitstream, model=model, calibration=calibration)
        run("build", board, lambda watch: bitstream(watch=watch), json)
    elif board is None and project is not None and part is not None and not (flash or fit or model) and seeds == 1:
        files = partial(project_verb, project, part, target=target, output=output, estimate=estimate)
        run("build", part, lambda watch: files(watch=watch), json)
    else:
        raise typer.BadParameter("give either --board NAME, or --project TOOL and --part NUMBER")


@app.command("run", epilog="Example: tileloom run net.tlp --board ulx3s-85f --port /dev/ttyUSB0 --input x.npz")
def run_on_board(
    model: options.Model,
    board: Annotated[str, typer.Option("--board", metavar="NAME", help="Board, such as ulx3s-85f.")],
    port: Annotated[
        str, typer.Option("--port", metavar="DEVICE|sim", help="Its serial port; sim starts a simulated board.")
    ],
    input: options.Input = None,
    frames: options.Frames = None,
    seed: options.Seed = 0,
    calibration: options.Calibration = None,
    output: options.Outputs = None,
    flash: Annotated[
        Path | None, typer.Option("--flash", metavar="X.bit", help="Put this bitstream into the board first.")
    ] = None,
    json: options.JsonPath = None,
) -> None:
    """Run frames on a board, or on its gateware in Verilator behind a pseudo-terminal."""
    from tileloom.verbs.run import run as verb

    wanted = partial(verb, model, board=board, port=port, input=input, frames=frames, seed=seed, flash=flash)
    run("run", model, lambda watch: wanted(calibration=calibration, output=output, watch=watch), json)


@app.command(epilog="Example: tileloom serve digits_modern --board ulx3s-85f --port sim")
def serve(
    model: options.Model,
    target: options.Target = None,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="cycle|rtl", help="Engine that answers; else cycle.")
    ] = None,
    board: Annotated[
        str | None, typer.Option("--board", metavar="NAME", help="This board answers, such as ulx3s-85f.")
    ] = None,
    port: Annotated[
        str, typer.Option("--port", metavar="DEVICE|sim", help="The board's serial port; sim starts a simulated board.")
    ] = "sim",
    address: Annotated[
        str,
        typer.Option("--address", metavar="HOST:PORT", help="Where the page is; by default only this machine sees it."),
    ] = "127.0.0.1:8377",
    range: Annotated[
        tuple[float, float],
        typer.Option("--range", metavar="LOW HIGH", help="What black and white stand for in the network."),
    ] = (0.0, 1.0),
    labels: Annotated[
        Path | None, typer.Option("--labels", metavar="X.txt", help="Names of the classes, one on each line.")
    ] = None,
    calibration: options.Calibration = None,
    seed: options.Seed = 0,
    json: options.JsonPath = None,
) -> None:
    """Open a page to draw a digit or drop a picture on, and let a machine answer; ends with Ctrl-C."""
    from tileloom.verbs.serve import serve as verb

    wanted = partial(verb, model, target=target, engine=engine, board=board, port=port, address=address, range=range)
    told = partial(typer.echo, err=True)
    run(
        "serve",
        model,
        lambda watch: wanted(
            labels=labels,
            calibration=calibration,
            seed=seed,
            ready=lambda url: told(f"{url} (Ctrl-C ends it)"),
            watch=watch,
        ),
        json,
    )


@app.command(epilog="Example: tileloom bench resnet8 --target mac144 --layers")
def bench(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="Network of the table, ONNX file or zoo name; the whole table without."),
    ] = None,
    target: options.OneTarget = None,
    engine: options.Engine = EngineName.CYCLE,
    effort: options.Effort = 0,
    layers: Annotated[bool, typer.Option("--layers", help="Tell the lost cycles of each layer too.")] = False,
    seed: options.Seed = 0,
    json: options.JsonPath = None,
) -> None:
    """Utilisation of the multipliers beside its goal and the figures of other machines.

    The table's networks run on its own targets, one isolated frame each, program and weights fetched in it. The cycle
    simulator takes a minute for all; --engine rtl repeats every row on the hardware, which takes hours for the largest.
    """
    from tileloom.verbs.bench import bench as verb

    wanted = partial(verb, model, target=target, engine=engine, effort=effort, layers=layers, seed=seed)
    run("bench", model or "", lambda watch: wanted(watch=watch), json)


@app.command(epilog="Example: tileloom activity digits_modern --target small --saif digits.saif")
def activity(
    model: options.Model,
    target: options.Target = None,
    input: options.Input = None,
    calibration: options.Calibration = None,
    seed: options.Seed = 0,
    window: Annotated[
        str | None, typer.Option("--window", metavar="FIRST:LAST", help="Only these cycles; else the whole frame.")
    ] = None,
    technology: options.Technology = None,
    saif: Annotated[Path | None, typer.Option("--saif", metavar="X.saif", help="Keep the activity file.")] = None,
    json: options.JsonPath = None,
) -> None:
    """Toggle rates of a frame on the RTL by unit, and energy by them beside energy by events."""
    from tileloom.verbs.activity import activity as verb

    wanted = partial(verb, model, target=target, input=input, calibration=calibration, seed=seed, window=window)
    run("activity", model, lambda watch: wanted(technology=technology, saif=saif, watch=watch), json)


@app.command(epilog="Example: tileloom waves digits_modern --target small --window 0:5000 --output digits.fst")
def waves(
    model: options.Model,
    target: options.Target = None,
    input: options.Input = None,
    calibration: options.Calibration = None,
    seed: options.Seed = 0,
    window: Annotated[
        str | None, typer.Option("--window", metavar="FIRST:LAST", help="These cycles; else the first 20,000.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="X.fst", help="The waves.")] = Path("waves.fst"),
    json: options.JsonPath = None,
) -> None:
    """Waves of a frame on the RTL (FST), and a view of them for GTKWave with decoded names."""
    from tileloom.verbs.waves import waves as verb

    wanted = partial(verb, model, target=target, input=input, calibration=calibration, seed=seed, window=window)
    run("waves", model, lambda watch: wanted(output=output, watch=watch), json)


@app.command(epilog="Example: tileloom technologies --technology ecp5")
def technologies(technology: options.OneTechnology = None, json: options.JsonPath = None) -> None:
    """List the tables of energies, or every number of one with its range and source."""
    from tileloom.verbs.technologies import technologies as verb

    run("technologies", technology or "", lambda watch: verb(technology), json)


@app.command(epilog="Example: tileloom disassemble net.tlp")
def disassemble(model: options.Model, target: options.Target = None, json: options.JsonPath = None) -> None:
    """Show a program's instructions, each with its layer."""
    from tileloom.verbs.disassemble import disassemble as verb

    run("disassemble", model, lambda watch: verb(model, target=target, watch=watch), json)


def main() -> None:
    """Entry point of the command ``tileloom``; being terminated ends like Ctrl-C, with everything cleared up."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app(prog_name="tileloom")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
