"""ReLUs die when a step is too large, and nothing wakes them: who dies, and what saves them.

CS231n, neural networks part 1, "ReLU": a large step can push a unit so far that it is negative for every input; then
its gradient is 0 for ever. One epoch at a rate of 1.3 does that to half of a first layer, and good epochs do not
undo it. What does: a smaller rate from the start, leaky ReLUs, or pushing the biases of the dead up again.

Run: python examples/18_dying_relus.py [folder] [--quick]
"""

import numpy as np

from autograd_cnn import data, health, init, nn, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.charts import Axis, ChartData, Line, Panel, Rule, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

train = data.digits().train
images, labels = train.images.reshape(len(train), -1), train.labels
UNITS, EPOCHS = 100, 3 if quick else 8


def network(activation):
    """Return two hidden layers with He's weights."""
    model = nn.Sequential(
        fc1=nn.Linear(64, UNITS),
        act1=activation(),
        fc2=nn.Linear(UNITS, UNITS),
        act2=activation(),
        fc3=nn.Linear(UNITS, 10),
    )
    rng = np.random.default_rng(1)
    for layer in (model.fc1, model.fc2, model.fc3):
        init.kaiming_normal_(layer.weight, nonlinearity="relu", rng=rng)
        init.zeros_(layer.bias)
    return model


def push_up(layer, inputs):
    """Give each dead unit the bias with which every other input passes."""
    before = layer(inputs).value
    dead = before.max(axis=0) <= 0
    layer.bias.assign(layer.bias.value - np.where(dead, np.median(before, axis=0), 0))


def accuracies(model, first_rate, monitor, rescue=False):
    """Train one epoch at the first rate and the others at 0.1; return the accuracy after each."""
    found = []
    for epoch in range(EPOCHS):
        optimizer = optim.SGD(model.parameters(), lr=0.1 if epoch else first_rate)
        order = np.random.default_rng(epoch).permutation(len(labels))
        for batch in np.array_split(order, 20):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            monitor.observe(loss)
            optimizer.step()
        found.append(np.mean(model(images).value.argmax(axis=1) == labels))
        if rescue and epoch == 0:
            push_up(model.fc1, images)
            push_up(model.fc2, model.act1(model.fc1(images)))
    return found


RUNS = {  # activation, rate of the first epoch, whether biases are pushed up after it
    "too fast": (nn.ReLU, 1.3, False, "critical", "solid"),
    "biases pushed up": (nn.ReLU, 1.3, True, "value", "dashed"),
    "leaky": (nn.LeakyReLU, 1.3, False, "saturated", "dotted"),
    "slower": (nn.ReLU, 0.1, False, "ok_text", "dash-dot"),
}
dead, right = [], []
for name, (activation, rate, rescue, ink, dash) in RUNS.items():
    monitor = health.Monitor()
    found = accuracies(network(activation), rate, monitor, rescue)
    counts = [record.dead.get("act1", 0) for record in monitor.history]
    print(f"{name:16}  dead in the first layer at most {max(counts):2} of {UNITS}, at the end {counts[-1]:2};", end=" ")
    print(f"accuracy {found[0]:.0%} -> {found[-1]:.0%}")
    dead.append(Line(name, np.arange(len(counts)) / 20, counts, ink, dash))
    right.append(Line(name, range(1, EPOCHS + 1), found, ink, dash))

after = Rule("rate 0.1 from here", 1, "x")
panels = (
    Panel(Axis("epoch", 0, EPOCHS), Axis("dead units of the first layer", 0, UNITS), (*dead, after)),
    Panel(Axis("epoch", 0, EPOCHS), Axis("accuracy on the training images", 0, 1), (*right, after)),
)
facts = (f"dead: silent on the last 1,000 of {len(train):,} images; leaky units never are",)
picture = chart(ChartData("Dying ReLUs and their rescue", panels, facts=facts, columns=2, size=(300.0, 200.0)))
print("written:", picture.save(folder / "dying_relus.svg"))
