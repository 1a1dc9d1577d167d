"""Published networks at layer level: small enough to read, the main line straight, nothing over anything else."""

import re
from functools import cache

import pytest

from autograd_cnn import health, nn
from autograd_cnn.health.report import Report
from tests import published
from tests.viz.geometry import shapes
from tests.viz.test_flows import check_geometry
from viz.flows import flow, shown_report
from viz.layer_blocks import Block, with_folded_blocks
from viz.layers import main_line

BUILT = {
    "vgg16": lambda: published.vgg16(8, norm=nn.BatchNorm2d),
    "resnet18": published.resnet18,
    "googlenet": lambda: published.googlenet(8),
    "squeeze and excitation": published.squeeze_excitation,
}
CARDS = {f"card {status}{kind}" for status in ("ok", "warning", "critical") for kind in ("", " folded")}


@cache
def report_of(name: str) -> Report:
    model = published.start(BUILT[name]())
    return health.inspect(published.loss_of(model, batch=8), model=model)


@pytest.mark.parametrize("name", BUILT)
@pytest.mark.parametrize("fold", ["auto", True, False])
def test_published_networks_are_readable(name: str, fold: bool | str) -> None:
    svg = flow(report_of(name), title=name, fold=fold).svg()
    check_geometry(svg)
    cards = shapes(svg, CARDS | {"junction", "input", "loss", "card ok"})
    assert len(cards) <= 150
    for i, (_, one, _) in enumerate(cards):
        assert not any(one.overlaps(other) for _, other, _ in cards[i + 1 :])


@pytest.mark.parametrize("name", BUILT)
@pytest.mark.parametrize("fold", ["auto", False])
def test_the_main_line_is_straight(name: str, fold: bool | str) -> None:
    report = with_folded_blocks(shown_report(report_of(name)), fold)
    svg = flow(report_of(name), fold=fold).svg()
    numbers = {layer.name: i for i, layer in enumerate(report.layers)}
    middles = set()
    for box in ("input", *(f"layer{numbers[name]}" for name in main_line(report)), "loss"):
        group = re.search(rf'<g id="{box}" class="[^"]*">(.*?)</g>', svg, re.DOTALL)
        points = re.findall(r"(-?[\d.]+),-?[\d.]+", " ".join(re.findall(r' (?:points|d)="([^"]*)"', group[1])))
        points += re.findall(r'cx="(-?[\d.]+)"', group[1])
        xs = [float(x) for x in points]
        middles.add(round((min(xs) + max(xs)) / 2))
    assert max(middles) - min(middles) <= 2


def test_what_is_folded() -> None:
    def cards(name: str, **settings: object) -> list[str]:
        return [layer.name for layer in with_folded_blocks(shown_report(report_of(name)), **settings).layers]

    inceptions = [name for name in cards("googlenet") if name.startswith("inception")]
    assert inceptions == [f"inception{name}" for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")]
    assert [name for name in cards("resnet18") if name.startswith("stage2/block1")] == ["stage2/block1"]
    opened = cards("resnet18", expand=["stage2/block1"])
    assert [name.removeprefix("stage2/block1/") for name in opened if name.startswith("stage2/block1")] == [
        *("conv1", "bn1", "conv2", "bn2", "downsample/0", "downsample/1", "add_1", "relu"),
    ]
    assert cards("vgg16", fold=True) == ["features", "classifier"]
    assert cards("vgg16", fold=True, expand=["features/block3"])[:4] == [
        "features/block1",
        "features/block2",
        "features/block3/conv1",
        "features/block3/norm1",
    ]
    assert cards("squeeze and excitation") == [x.name for x in shown_report(report_of("squeeze and excitation")).layers]


def test_a_block_loses_what_its_layers_lose() -> None:
    report = shown_report(report_of("vgg16"))
    attenuation = {layer.name: layer.attenuation for layer in report.layers}
    blocks = [layer for layer in with_folded_blocks(report, True, ["features"]).layers if isinstance(layer, Block)]
    assert [block.name for block in blocks] == ["classifier"]
    for block in with_folded_blocks(report, True, ["classifier"]).layers:
        if isinstance(block, Block) and block.attenuation is not None:
            assert block.attenuation == pytest.approx(sum(attenuation[x.name] for x in block.members))
    (classifier,) = blocks
    assert classifier.attenuation == pytest.approx(sum(attenuation[x.name] for x in classifier.members))
    assert classifier.parameters == sum(layer.parameters for layer in classifier.members) > 0
