"""Address generators request nothing outside the window and nothing that has no room, whatever descriptors say."""

from typing import Any, ClassVar

import pytest
from amaranth.hdl import Assert, Cover, Module, Signal, signed

from tests.formal.faults import planted
from tests.formal.offers import prove_offers
from tests.formal.proof import assume
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tests.formal.stand_ins import AnyDescriptors, ProofWithStandIns
from tileloom.hw.dma.load_addresses import LoadAddresses
from tileloom.hw.dma.staging import StagingShape
from tileloom.hw.dma.weight_stream import WeightStream

pytestmark = pytest.mark.full  # minutes on a busy machine


DEPTHS = Depths(8, covers=14)


class LoadProof(ProofWithStandIns):
    """LOAD: what is granted and not freed always fits the staging ring."""

    stand_ins: ClassVar = {"DescriptorQueue": AnyDescriptors}

    def __init__(self, kind: Any = LoadAddresses) -> None:
        super().__init__(kind, SMALL)

    def properties(self, m: Module, component: Any) -> None:
        granted = prove_offers(m, component, component.retire)
        beats, frees, freed = Signal(8), self.free(2, "frees"), Signal(8)
        held = Signal(signed(9))  # beats that are granted and not freed
        m.d.comb += [component.freed.eq(freed), held.eq(beats - freed)]
        assume(m, frees <= held)
        m.d.sync += [beats.eq(beats + granted), freed.eq(freed + frees)]
        m.d.comb += [
            Assert(held <= StagingShape(SMALL).beats),
            Assert(component.chunk_reserved | (component.reservation.claim == 0)),
            Cover(held == StagingShape(SMALL).beats),
        ]


class WeightProof(ProofWithStandIns):
    """WEIGHTS: the same, without a ring: the tiles' rings have the room."""

    stand_ins: ClassVar = {"DescriptorQueue": AnyDescriptors}

    def __init__(self, kind: Any = WeightStream) -> None:
        super().__init__(kind, SMALL)

    def properties(self, m: Module, component: Any) -> None:
        prove_offers(m, component, component.beat.valid & component.beat.last)


@pytest.mark.parametrize("proof", [LoadProof, WeightProof])
def test_requests(proof: Any) -> None:
    check(proof(), DEPTHS)


@pytest.mark.full
@pytest.mark.parametrize("proof", [LoadProof, WeightProof])
def test_requests_for_longer(proof: Any) -> None:
    check(proof(), Depths(14, seconds=1800))


@pytest.mark.parametrize(
    ("proof", "component", "right", "wrong"),
    [
        (LoadProof, LoadAddresses, "fits & guard.clear & ~cutter.outside", "fits & guard.clear"),
        (LoadProof, LoadAddresses, "fits.eq(cutter.length < spare)", "fits.eq(1)"),
        (LoadProof, LoadAddresses, "(~mask.mask | self.reservation.room).all()", "self.reservation.room.any()"),
        (WeightProof, WeightStream, "self.offer.valid.eq(guard.clear & ", "self.offer.valid.eq("),
        (WeightProof, WeightStream, "self.offer.space.eq(space)", "self.offer.space.eq(given.space)"),
    ],
)
def test_faults_are_found(proof: Any, component: type, right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(proof(planted(component, right, wrong)), Depths(13, seconds=120))
