"""``--save-passes``: a file after every pass, which ONNX reads."""

from pathlib import Path

import onnx

from tests.face.command import tileloom
from tests.face.networks import BAD, good, save
from tileloom.compiler.frontend import GRAPH_PASSES, NETWORK_PASSES

PASSES = ["load", *(step.run.__name__ for step in NETWORK_PASSES), "lower", *(run.__name__ for run, _ in GRAPH_PASSES)]


def written(folder: Path) -> list[str]:
    """Names of the passes in the order of their files, each of which has nodes."""
    files = sorted(folder.iterdir())
    for file in files:
        assert onnx.load(file).graph.node
    assert [file.name[:2] for file in files] == [f"{number:02}" for number in range(len(files))]
    return [file.stem[3:] for file in files]


def test_check_writes_the_front_passes(tmp_path: Path) -> None:
    assert tileloom("check", save(tmp_path, good()), "--save-passes", tmp_path / "passes").status == 0
    assert written(tmp_path / "passes") == PASSES


def test_compile_writes_the_integer_graph_too(tmp_path: Path) -> None:
    path = save(tmp_path, good())
    outcome = tileloom("compile", path, "-o", tmp_path / "net.tlp", "--save-passes", tmp_path / "passes")
    assert outcome.status == 0
    assert written(tmp_path / "passes") == [*PASSES, "calibrate", "quantise_graph"]
    last = onnx.load(max((tmp_path / "passes").iterdir()))
    assert {node.domain for node in last.graph.node} == {"tileloom.integer"}


def test_a_refused_network_is_written_as_far_as_it_came(tmp_path: Path) -> None:
    path = save(tmp_path, BAD["unsupported operator"][1]())
    assert tileloom("check", path, "--save-passes", tmp_path / "passes").status == 1
    assert 1 < len(written(tmp_path / "passes")) < len(PASSES)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    path = save(tmp_path, good())
    outcome = tileloom("check", path, "--save-passes", path)
    assert outcome.status == 1
    assert outcome.stderr.startswith("TL408 ")
