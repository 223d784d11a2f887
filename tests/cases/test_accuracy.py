"""Accuracy of case networks as integers, beside that of ONNX Runtime or the golden outputs."""

import numpy as np
import pytest

from tests.cases.networks import Array, accuracy, arrays, case, float_outputs, integer_outputs, integers

pytestmark = pytest.mark.full
HALF_A_POINT, ONE_POINT = 0.005, 0.01


def scores(graph_outputs: dict[str, Array]) -> Array:
    (found,) = graph_outputs.values()
    return found


def test_kws_dscnn() -> None:
    data = arrays("kws_dscnn/kws01_even.npz")
    _, given = integers("kws_dscnn/kws_dscnn_int8_qdq.onnx")
    assert accuracy(scores(integer_outputs(given, data["x"])), data["y"]) >= 0.906 - HALF_A_POINT
    real = (data["x"].astype(np.float32) - 83) * np.float32(0.5847029)
    _, made = integers("kws_dscnn/kws_dscnn_fp32.onnx", real[::8])
    assert accuracy(scores(integer_outputs(made, real)), data["y"]) >= 0.906 - ONE_POINT


def test_cifar_resnet8() -> None:
    data = arrays("cifar_resnet8/ic01_even100.npz")
    x = data["x"].astype(np.float32)
    _, given = integers("cifar_resnet8/resnet8_int8_qdq.onnx")
    assert accuracy(scores(integer_outputs(given, x)), data["y"]) >= 0.88 - HALF_A_POINT
    more = arrays("cifar_resnet8/cifar10_jpeg_test_0_2000.npz")
    network, made = integers("cifar_resnet8/resnet8_fp32.onnx", more["x"][:128].astype(np.float32))
    assert accuracy(scores(integer_outputs(made, x)), data["y"]) >= 0.87 - ONE_POINT
    # A hundred pictures are a point each: two thousand recompressed ones tell more about float against integers.
    many = more["x"].astype(np.float32)
    (exact,) = float_outputs(network, many, made.outputs).values()
    loss = accuracy(exact, more["y"]) - accuracy(scores(integer_outputs(made, many)), more["y"])
    assert loss <= ONE_POINT


def test_mnist8() -> None:
    data = arrays("mnist8_cntk/mnist_t10k_0_5000.npz")
    x = data["x"].reshape(-1, 1, 28, 28).astype(np.float32)
    _, made = integers("mnist8_cntk/mnist-8.onnx", x[-64:])
    assert accuracy(scores(integer_outputs(made, x)), data["y"]) >= 0.983 - ONE_POINT


@pytest.mark.parametrize(("name", "golden"), [("TFC_1W2A", 0.944), ("TFC_2W2A", 0.976)])
def test_tfc_is_exact(name: str, golden: float) -> None:
    """All but the last layer are codes of the network itself: what is left is the rounding of the scores."""
    data = arrays("mnist8_cntk/mnist_t10k_0_5000.npz")
    x, labels = (data["x"][:500].reshape(-1, 1, 28, 28) / 255).astype(np.float32), data["y"][:500]
    expected = np.load(case(f"tfc_qonnx_mnist/{name}_expected_first500.npy")).reshape(500, -1)
    _, graph = integers(f"tfc_qonnx_mnist/{name}.onnx", x[:100])
    found = scores(integer_outputs(graph, x)).reshape(500, -1)
    assert accuracy(found, labels) == pytest.approx(golden, abs=1e-9)
    (output,) = (graph.tensors[name] for name in graph.outputs)
    low, high = ((limit - output.zero_point) * output.scale for limit in (output.low, output.high))
    np.testing.assert_allclose(found, np.clip(expected, low, high), atol=output.scale * 0.501)


def windows(spectrograms: Array) -> Array:
    """``(spectrograms * 196, 640)``: five frames of 128 bins each, one frame apart."""
    views = np.lib.stride_tricks.sliding_window_view(spectrograms, 640, axis=1)[:, ::128]
    return np.ascontiguousarray(views.reshape(-1, 640), dtype=np.float32)


def area(errors: Array, labels: Array) -> float:
    """Area under the receiver's curve: how often an anomaly has the greater error."""
    anomalies, normal = errors[labels == 1], errors[labels == 0]
    greater = (anomalies[:, None] > normal[None]).mean()
    return float(greater + (anomalies[:, None] == normal[None]).mean() / 2)


@pytest.mark.parametrize("name", ["ad01_int8_qdq", "ad01_fp32"])
def test_ad01(name: str) -> None:
    data = arrays("ad01_autoencoder/ad01_60.npz")
    x, labels = windows(data["x"]), data["y"]
    network, graph = integers(f"ad01_autoencoder/{name}.onnx", x[::29] if name == "ad01_fp32" else None)
    (restored,) = integer_outputs(graph, x).values()
    (entry,), (output,) = (([graph.tensors[name] for name in names]) for names in (graph.inputs, graph.outputs))
    if name == "ad01_fp32":
        (exact,) = float_outputs(network, x, graph.outputs).values()
    else:
        codes = np.clip(np.rint(x / np.float32(entry.scale)) + entry.zero_point, -128, 127)
        (found,) = float_outputs(network, codes, graph.outputs).values()
        exact = (found.astype(np.float32) - output.zero_point) * np.float32(output.scale)
    areas = []
    for values in (restored, exact):
        errors = ((values.reshape(x.shape) - x) ** 2).mean(axis=1).reshape(len(labels), -1).mean(axis=1)
        areas.append(area(errors, labels))
    assert abs(areas[0] - areas[1]) <= 0.02, areas


def test_deeploy_integers_are_exact() -> None:
    x, expected = (next(iter(arrays(f"deeploy_kws_int/{name}.npz").values())) for name in ("inputs", "outputs"))
    _, graph = integers("deeploy_kws_int/network.onnx", x.astype(np.float32))
    found = scores(integer_outputs(graph, x.astype(np.float32)))
    np.testing.assert_array_equal(found.ravel(), expected.ravel())


def signal_to_noise(found: Array, wanted: Array) -> float:
    """Peak signal to noise in decibels, of values in 0 .. 1."""
    return float(-10 * np.log10(np.mean((np.clip(found, 0, 1) - wanted) ** 2)))


LOSS_DECIBELS = 0.2


def test_superres() -> None:
    """Photographs of scikit-learn, a third as large and enlarged again, as good as by the float network."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    sharp, blurred = [], []
    for photograph in load_sample_images().images:
        grey = Image.fromarray(photograph).convert("YCbCr").split()[0].resize((672, 672), Image.Resampling.BICUBIC)
        sharp.append(np.asarray(grey, dtype=np.float32) / 255)
        blurred.append(np.asarray(grey.resize((224, 224), Image.Resampling.BICUBIC), dtype=np.float32) / 255)
    x = np.stack(blurred)[:, None]
    network, graph = integers("superres_espcn/superres_core.onnx", x)
    ours, exact = integer_outputs(graph, x), float_outputs(network, x, graph.outputs)
    for name in graph.outputs:
        for frame, wanted in enumerate(sharp):
            found, best = (signal_to_noise(values[name][frame].reshape(672, 672), wanted) for values in (ours, exact))
            assert found >= best - LOSS_DECIBELS, (found, best)
            assert best > 23
