"""How large is a network, before it is built: VGG-16's table of the notes, their advice, and their pattern language.

CS231n, convolutional networks, "Layer Sizing Patterns" and "Case studies": most memory is in the first layers, most
parameters are in the first fully connected one. Nothing here is allocated or computed.

Run: python examples/40_summary.py [folder] [--quick]
"""

from autograd_cnn import models, nn
from viz.charts import Axis, Bars, ChartData, Panel, chart
from viz.scripts import arguments

folder = arguments(__doc__).folder

print("VGG-16, trained with momentum on 32 images at a time\n")
vgg16 = models.summary(models.vgg16, (3, 224, 224), batch=32, optimizer="momentum")
print(vgg16)

print("\nThe networks of ImageNet")
for name in ("alexnet", "zfnet", "vgg19", "googlenet", "resnet18", "resnet50", "se_resnet50", "squeezenet1_1"):
    found = models.summary(getattr(models, name), (3, 224, 224))
    print(
        f"{name:13}  {found.layers:2} layers  {found.parameters / 1e6:6.2f} M parameters  "
        f"{found.multiply_adds / 1e9:5.2f} G multiply-adds  {found.activations / 1e6:5.2f} M activations"
    )

print("\nThree 3×3 see what one 7×7 sees, with 27C² weights instead of 49C²")
for model in (
    nn.Sequential(*[nn.Conv2d(64, 64, 3, padding=1, bias=False) for _ in range(3)]),
    nn.Conv2d(64, 64, 7, padding=3, bias=False),
):
    found = models.summary(model, (64, 32, 32))
    print(
        f"sees {found.rows[-1].receptive_field[0]} pixels, {found.parameters:,} weights = {found.parameters // 64**2}C²"
    )

print("\nThe notes' advice on an image of 225 pixels, a 7×7 and a missing margin")
odd = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 7, padding=3), nn.Conv2d(8, 8, 3), nn.MaxPool2d(3, 2)
)
for hint in models.summary(odd, (3, 225, 225)).hints:
    print("-", hint)

pattern = models.parse_pattern("INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC")
print(f"\n{pattern}")
for counts in ({"N": 1, "M": 2, "K": 1}, {"N": 2, "M": 3, "K": 2}):
    model = models.from_pattern(pattern, (3, 32, 32), 10, channels=16, rng=0, **counts)
    found = models.summary(model, (3, 32, 32))
    print(f"with {counts}: {pattern.depth(counts)} layers with weights, {found.parameters:,} parameters")
    assert found.layers == pattern.depth(counts)

weighed = [row for row in vgg16.rows if not row.in_place]
ticks = ((0, "first convolution"), (18, "first FC"))
edges = tuple(i - 0.5 for i in range(len(weighed) + 1))
panels = tuple(
    Panel(
        Axis("layer, from the image to the scores", ticks=ticks),
        Axis(label),
        (Bars(label, edges, tuple(value(row) / 1e6 for row in weighed), ink),),
        title=title,
    )
    for label, ink, title, value in (
        ("numbers (millions)", "value", "Most memory comes first", lambda row: row.activations),
        ("parameters (millions)", "gradient", "Most parameters come late", lambda row: row.parameters),
    )
)
picture = chart(ChartData("VGG-16", panels, columns=2, size=(300, 200)))
print("written:", picture.save(folder / "summary.svg"))
