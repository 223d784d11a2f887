"""Tables keep every character at any width, and numbers and words whole where there is room."""

import io

import pytest
from rich.console import Console

from tileloom.tables import Table, draw

LAYERS = Table(
    "layers",
    ("layer", "operator", "cycles", "MACs", "utilisation", "DRAM bytes", "energy", "waits most for"),
    (
        ("node_max_pool2d", "MaxPool", 893, 0, "0.0 %", 776, "196 nJ", "slot (42)"),
        ("node_conv2d_1", "Conv+Add", 5330, 41472, "97.3 %", 7268, "2.35 uJ", "start (48)"),
    ),
    "a note",
)
PATHS = Table("", ("layer", "source"), (("node_conv2d", "/a/folder/of/" + "x" * 90 + "/network.py:18"),))


def lines(table: Table, width: int) -> list[str]:
    stream = io.StringIO()
    draw([table], Console(file=stream, width=width))
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("table", [LAYERS, PATHS], ids=["layers", "paths"])
@pytest.mark.parametrize("width", [20, 48, 60, 80, 100, 150])
def test_no_character_is_lost(table: Table, width: int) -> None:
    drawn = lines(table, width)
    assert max(map(len, drawn)) <= width
    cells = [
        *table.columns,
        *(f"{cell:,}" if isinstance(cell, int) else str(cell) for row in table.rows for cell in row),
    ]
    wanted = sorted("".join([table.title, *cells, table.note]).replace(" ", ""))
    assert sorted("".join(drawn).replace(" ", "").replace("\u2500", "")) == wanted


@pytest.mark.parametrize("width", [72, 80, 100])
def test_words_and_numbers_stay_whole_on_a_terminal(width: int) -> None:
    words = {word for line in lines(LAYERS, width) for word in line.split()}
    assert {"node_max_pool2d", "operator", "Conv+Add", "41,472", "utilisation", "97.3", "2.35", "start"} <= words


def test_a_table_that_fits_has_room_between_its_columns() -> None:
    assert "Conv+Add    5,330   41,472   97.3 %" in "\n".join(lines(LAYERS, 150))
