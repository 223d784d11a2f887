"""The networks that utilisation is measured on, from their shapes: a clean clone has no trained weights of them."""

from collections.abc import Callable, Mapping

import onnx

from tileloom.models.light import light_model
from tileloom.models.shapes import Shapes
from tileloom.models.trunk import trunk


def resnet8() -> onnx.ModelProto:
    """MLPerf Tiny's image classifier (Banbury et al., 2021) for 32x32 pictures, without the Softmax."""
    net = Shapes(3, 32)
    net.conv(16, 3)
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        before, inputs = net.last, net.channels
        pads = (1, 1, 1, 1) if stride == 1 else (0, 0, 1, 1)
        net.conv(channels, 3, stride, pads=pads)
        net.conv(channels, 3, relu=False)
        around = net.last
        if stride > 1:
            net.branch(before, inputs)
            net.conv(channels, 1, stride, pads=(0, 0, 0, 0), relu=False)
            before = net.last
        net.branch(around, channels)
        net.add(before)
    net.global_average()
    net.fully_connected(64, 10)
    return net.model("resnet8")


def dscnn() -> onnx.ModelProto:
    """MLPerf Tiny's keyword spotter: 49x10 features, four separable layers of 64 maps, Softmax."""
    net = Shapes(1, 49, width=10)
    net.conv(64, (10, 4), 2, pads=(4, 1, 5, 1))
    for _ in range(4):
        net.separable(64)
    net.global_average()
    net.fully_connected(64, 12)
    net.softmax()
    return net.model("dscnn")


def mobilenet() -> onnx.ModelProto:
    """MobileNetV1 of width 0.25 on 96x96 (MLPerf Tiny's visual wake words)."""
    net = Shapes(3, 96)
    net.conv(8, 3, 2, pads=(0, 0, 1, 1))
    for channels, stride in (
        *((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)),
        *(((128, 1),) * 5),
        *((256, 2), (256, 1)),
    ):
        net.separable(channels, stride)
    net.global_average()
    net.fully_connected(256, 2)
    return net.model("mobilenet")


def vgg_small() -> onnx.ModelProto:
    """16-16-P-32-32-P-64-64-P-FC on 32x32."""
    net = Shapes(3, 32)
    for channels in (16, 32, 64):
        net.conv(channels, 3)
        net.conv(channels, 3)
        net.max_pool()
    net.fully_connected(64 * 4 * 4, 10)
    return net.model("vgg_small")


def filter_bank() -> onnx.ModelProto:
    """16 kernels of 9x9 on one 320x240 plane (Farabet et al., NeuFlow, 2011), no padding."""
    net = Shapes(1, 240, width=320)
    net.conv(16, 9, pads=(0, 0, 0, 0))
    return net.model("filter_bank")


def scene_parser() -> onnx.ModelProto:
    """Three scales of a 320x240 picture through 7x7 convolutions, 3-16-64-256 maps, with pools behind the first two.

    The feature extractor of Farabet, Couprie, Najman and LeCun, "Scene parsing with multiscale feature learning",
    2012, with full connection tables; each scale has weights of its own here, which cycles do not depend on.
    """
    net = Shapes(3, 240, width=320)
    outputs = []
    for scale in (1, 2, 4):
        net.branch("x", 3)
        if scale > 1:
            net.average_pool(scale)
        for channels in (16, 64, 256):
            net.conv(channels, 7)
            if channels < 256:
                net.max_pool()
        outputs.append(net.last)
    return net.model("scene_parser", outputs)


def vgg16(*, classifier: bool = True) -> onnx.ModelProto:
    """VGG-16 (configuration D of Simonyan and Zisserman, 2014) on 224x224; without ``classifier`` its convolutions."""
    net = Shapes(3, 224)
    for channels, layers in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(layers):
            net.conv(channels, 3)
        net.max_pool()
    if classifier:
        for inputs, outputs in ((512 * 7 * 7, 4096), (4096, 4096), (4096, 1000)):
            net.fully_connected(inputs, outputs)
    return net.model("vgg16" if classifier else "vgg16_conv")


NETWORKS: Mapping[str, Callable[[], onnx.ModelProto]] = {
    "resnet8": resnet8,
    "dscnn": dscnn,
    "mobilenet": mobilenet,
    "vgg_small": vgg_small,
    "filter_bank": filter_bank,
    "scene_parser": scene_parser,
    "vgg16": vgg16,
    "alexnet_conv": lambda: trunk(light_model("alexnet")),
    "inception_v1_conv": lambda: trunk(light_model("inception_v1")),
    "resnet50_conv": lambda: trunk(light_model("resnet50")),
    "vgg16_conv": lambda: vgg16(classifier=False),
    "resnet50": lambda: light_model("resnet50"),
}
"""By the names of the table of utilisations."""
SIXTEEN_BITS = ("filter_bank", "scene_parser")
"""Networks that the table has with operands of 16 bits."""
