"""Names from an ONNX file are text on the page, whatever they look like; links lead to source lines and nodes."""

import re
from pathlib import Path

import onnx
import pytest

from tests.face.networks import network, weights
from tests.float_in_process import float_runs_in_process
from tests.report.browser import browser, opened
from tests.report.kinds_walk import KindsWalk
from tileloom import api

EVIL = '</script><script>document.title="taken"</script><img src=x onerror=alert(1)>"\'&'
SOURCE = "/lab/net.py"
LINE = f'File "{SOURCE}", line 7, in forward\n    x = self.conv(x)'


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strange")
    conv = onnx.helper.make_node("Conv", ["x", "w"], [EVIL], name=EVIL, pads=[1] * 4)
    tanh = onnx.helper.make_node("Tanh", [EVIL], ["y"], name="node_tanh")
    for node in (conv, tanh):
        node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value=LINE)
    path = folder / "net.onnx"
    path.write_bytes(network([conv, tanh], {"w": weights()}).SerializeToString())
    with float_runs_in_process():
        api.report(path, target="default", output=folder / "page.html")
    return folder / "page.html"


def test_names_stay_text(page: Path) -> None:
    text = page.read_text()
    assert KindsWalk(text).faults == []
    assert text.count("<script") == 2 and "<img" not in text
    with browser() as running, opened(running, page) as shown:
        assert shown.console == []
        assert shown.page.title() == "net on default - tileloom"
        assert shown.evaluate("JSON.parse(document.getElementById('figures').textContent).layers[0].name") == EVIL
        assert EVIL in shown.page.locator("#layer-table").inner_text()


def test_links_to_source_lines_and_nodes(page: Path) -> None:
    text = page.read_text()
    assert f'<a href="file://{SOURCE}#L7">{SOURCE}:7</a>' in text
    assert re.search(r'<tr id="node-2"><td>node_tanh</td><td>Tanh</td>', text)
    note = re.search(r"<li>Tanh at (.*?)</li>", text)
    assert note is not None and '<a href="#node-' in note[1]
    assert "pads = [1, 1, 1, 1]" in text and "x 1 x 3 x 8 x 8" in text
