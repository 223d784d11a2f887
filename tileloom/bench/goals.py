"""The rows of the table: a network on a target, what it must reach, and what others reach."""

from collections.abc import Sequence
from dataclasses import dataclass

from tileloom.hw.spec.config import PRESETS, Target, load_target

MEASURED = "measured"
ESTIMATED = "estimated"
PUBLISHED = "published"


@dataclass(frozen=True)
class Peer:
    """The utilisation of another machine on the same network, by its own count of multipliers."""

    name: str
    value: float
    kind: str
    """``measured`` (run by us on its RTL or simulator), ``estimated`` (by its own tool, run by us) or ``published``."""
    source: str


@dataclass(frozen=True)
class Goal:
    """A row: at least ``value``, or at most ``cycles``; neither where a network is only shown."""

    network: str
    target: str
    value: float = 0.0
    cycles: int = 0
    peers: tuple[Peer, ...] = ()
    convolutions: bool = False
    """Only the cycles of layers with a convolution count, in the frame of the whole network."""

    @property
    def name(self) -> str:
        """Network and target."""
        return f"{self.network} on {self.target}"


def nngen(value: float, setting: str) -> Peer:
    """NNgen 1.3.4, int8: its RTL simulated with its own memory model."""
    return Peer("NNgen", value, MEASURED, f"NNgen 1.3.4, {setting}, RTL in Verilator")


def ethos(value: float, macs: int) -> Peer:
    """Arm Ethos-U55 by the estimator of its compiler."""
    return Peer(f"Ethos-U55-{macs}", value, ESTIMATED, "ethos-u-vela 5.2.0, High-End-Embedded, Shared_Sram")


def published(name: str, value: float, source: str) -> Peer:
    """A figure of a publication; it was not measured again."""
    return Peer(name, value, PUBLISHED, source)


NEUFLOW = published("neuFlow", 0.92, "Farabet et al., CVPR workshops 2011")


def snowflake(value: float) -> Peer:
    """The published figure of a machine of 256 MACs too."""
    return published("Snowflake", value, "Gokhale et al., arXiv 1708.02579")


GOALS: Sequence[Goal] = (
    Goal("resnet8", "mac9", 0.93, peers=(nngen(0.792, "par 1, AXI32"),)),
    Goal("resnet8", "mac36", 0.93, peers=(nngen(0.639, "2x2, AXI32"), ethos(0.554, 32))),
    Goal("resnet8", "mac144", 0.90, peers=(nngen(0.416, "4x4, AXI128"), ethos(0.484, 128))),
    Goal("dscnn", "mac64", 0.74, peers=(ethos(0.297, 64),)),
    Goal("dscnn", "mac128", 0.70, peers=(ethos(0.232, 128),)),
    Goal("dscnn", "mac256", 0.66, peers=(ethos(0.178, 256),)),
    Goal("mobilenet", "mac64", 0.70, peers=(ethos(0.325, 64),)),
    Goal("mobilenet", "mac128", 0.66, peers=(ethos(0.265, 128),)),
    Goal("mobilenet", "mac256", 0.56, peers=(ethos(0.181, 256),)),
    Goal("lenet5", "mac25", cycles=24_000, peers=(nngen(0.181, "par 1, AXI32: 91,882 cycles"),)),
    Goal("lenet5", "mac100", cycles=6_000, peers=(nngen(0.108, "2x2, AXI32: 38,642 cycles"),)),
    Goal("vgg_small", "mac144", 0.92, peers=(nngen(0.704, "4x4, AXI128"),)),
    Goal("filter_bank", "mac400", 0.92, peers=(NEUFLOW,)),
    Goal("scene_parser", "mac400", 0.96, peers=(NEUFLOW,)),
    Goal("alexnet_conv", "default", 0.96, peers=(snowflake(0.94),), convolutions=True),
    Goal("inception_v1_conv", "default", 0.96, peers=(snowflake(0.91),), convolutions=True),
    Goal("resnet50_conv", "default", 0.97, peers=(snowflake(0.95),), convolutions=True),
    Goal(
        "vgg16_conv",
        "default",
        0.97,
        peers=(published("Eyeriss", 0.32, "Chen et al., JSSC 2017"),),
        convolutions=True,
    ),
    Goal(
        "resnet50",
        "default",
        0.94,
        peers=(
            published("Gemmini", 0.36, "Genc et al., arXiv 1911.09925"),
            Peer("SCALE-Sim 128x128", 0.237, MEASURED, "scalesim 3.0.0, weight stationary, compute cycles only"),
            published("NVDLA nv_full", 0.232, "NVDLA_OpenSource_Performance.xlsx of nvdla/hw"),
        ),
    ),
)


def machine(name: str) -> Target:
    """A target of the table, a preset or a TOML file."""
    path = PRESETS / "bench" / f"{name}.toml"
    return load_target(path if path.exists() else name)


def multipliers(target: Target) -> dict[str, int]:
    """Multipliers in the Verilog by unit; those of ``mac_array`` are the MACs of a cycle, the others do no MACs.

    A product of a wide sum counts as the two narrower ones that it is made of.
    """
    results = target.tiles * target.results_per_cycle
    return {
        "mac_array": target.macs_per_cycle,
        "requantise": 2 * results,
        "nonlinearity": results if target.segments else 0,
        "add": 2 * results if target.residual_bytes else 0,
        "pool": 2 * results if target.pool else 0,
    }
