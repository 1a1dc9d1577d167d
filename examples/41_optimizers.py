"""Every first-order optimizer on one loss, beside the notes' baselines: blind search learns next to nothing.

CS231n, optimization part 1 and neural networks part 3. Weights drawn at random are hardly better than chance, random
steps lead down slowly, and the gradient shows the way; the loss is that of a linear classifier on all training digits.
The notes' form of momentum keeps what it gathered when the rate falls, torch's shrinks at once. At a cliff one step
leads out of sight unless gradients are clipped, and a max-norm bounds the weights themselves.

Run: python examples/41_optimizers.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, nn, optim
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
steps = 40 if quick else 300
digits, criterion = data.digits().train, nn.CrossEntropyLoss()

KINDS = {
    "random search": lambda w: optim.RandomSearch(w, 0.3, rng=0),
    "random steps": lambda w: optim.RandomLocalSearch(w, 0.03, rng=0),
    "SGD": lambda w: optim.SGD(w, 0.5),
    "momentum": lambda w: optim.SGD(w, 0.5, momentum=0.9),
    "Nesterov": lambda w: optim.SGD(w, 0.5, momentum=0.9, nesterov=True),
    "Adagrad": lambda w: optim.Adagrad(w, 0.1),
    "RMSprop": lambda w: optim.RMSprop(w, 0.01),
    "Adam": lambda w: optim.Adam(w, 0.03),
    "Adam, uncorrected": lambda w: optim.Adam(w, 0.03, bias_correction=False),  # the notes' simplified form
    "AdamW": lambda w: optim.AdamW(w, 0.03, weight_decay=0.1),
}


def losses(make, falls=False):
    """Return the loss over all training images at each step; the rate may fall to a tenth every 15 steps."""
    model, found = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0)), []
    optimizer = make(model.parameters())
    schedule = optim.lr_scheduler.StepLR(optimizer, 15) if falls else None
    for _ in range(steps):
        if isinstance(optimizer, optim.Optimizer):
            loss = criterion(model(digits.images), digits.labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        else:  # a search looks at losses alone
            found.append(optimizer.step(lambda: criterion(model(digits.images), digits.labels)))
        if schedule:
            schedule.step()
    return found


runs = {name: losses(make) for name, make in KINDS.items()}
for name, found in runs.items():
    print(f"{name:17}: loss {found[0]:.2f} -> {found[-1]:.3f} in {steps} steps")

differences = []
for falls in (False, True):
    torchs, notes = (
        losses(lambda w, form=form: optim.SGD(w, 0.3, 0.9, form=form), falls) for form in ("torch", "notes")
    )
    differences.append(np.abs(np.subtract(torchs, notes)).max())
print("the two forms of momentum differ by {:.0e} at a constant rate, by {:.3f} at one that falls".format(*differences))

for clipped in (False, True):
    w = ag.Parameter([1.5])
    optimizer = optim.SGD([w], lr=0.01)
    for step in range(100):
        loss = ((w**10 - 1) ** 2).sum() / 2  # ten linear layers that share one weight
        optimizer.zero_grad()
        loss.backward()
        slope = optim.clip_grad_norm_([w], 1.0) if clipped else np.abs(w.grad).max()
        if not step:
            print(f"a cliff of slope {slope:,.0f} at w = 1.5;", end=" ")
        optimizer.step()
        if abs(w.item()) > 100:
            break
    print(f"{'clipped to 1' if clipped else 'as it is'}: after {step + 1} steps w = {w.item():.3f}")
w = ag.Parameter([[3.0, 4.0], [0.3, 0.4]])
optim.max_norm_([w], 1.0)
print("weights [3, 4] and [0.3, 0.4] within a max-norm of 1:", w.value.round(2).tolist())

LOOKS = (
    *(("muted", "dotted"), ("ink", "long"), ("critical", "dash-dot"), ("gradient", "dashed"), ("value", "solid")),
    *(("ink", "dotted"), ("ok_text", "long"), ("value", "dash-dot"), ("critical", "dashed"), ("ok_text", "solid")),
)
lines = [Line(name, range(steps), runs[name], *look) for name, look in zip(KINDS, LOOKS, strict=True)]
loss = Axis("loss over all training images", 0.02, 5, log=True)
panels = [
    Panel(Axis("step"), loss, lines[:5], "Blind search, and the gradient"),
    Panel(Axis("step"), loss, lines[5:], "A rate for each weight"),
]
facts = (f"a linear classifier of 650 weights on all {len(digits):,} training digits at once",)
picture = chart(ChartData("Optimizers", panels, facts=facts, columns=2, size=(300.0, 220.0)))
print("written:", picture.save(folder / "optimizers.svg"))
