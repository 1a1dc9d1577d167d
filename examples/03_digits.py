"""Train a CNN on real handwritten digits, and ask for the health of its layers.

Run: python examples/03_digits.py [folder]
"""

import numpy as np

import autograd_cnn as ag
import viz
from autograd_cnn import data, health, nn, optim
from viz.scripts import arguments

folder = arguments(__doc__, quick=False).folder

rng = np.random.default_rng(0)
digits = data.digits()
model = nn.Sequential(
    conv1=nn.Conv2d(1, 8, 3, padding=1, rng=rng),
    relu1=nn.ReLU(),
    pool1=nn.MaxPool2d(2),
    conv2=nn.Conv2d(8, 16, 3, padding=1, rng=rng),
    relu2=nn.ReLU(),
    pool2=nn.MaxPool2d(2),
    flatten=nn.Flatten(),
    fc=nn.Linear(64, 10, rng=rng),
)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.01)
monitor = health.Monitor()

for epoch in range(6):
    for images, labels in data.batches(digits.train, 64, rng=rng):
        loss = criterion(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        monitor.observe(loss)
        optimizer.step()
    with ag.no_grad():
        right = model(digits.test.images).value.argmax(1) == digits.test.labels
    print(f"epoch {epoch + 1}  loss {loss.item():.3f}  test accuracy {right.mean():.1%}")

report = monitor.report()
print(report.table())
print("written:", viz.flow(report, title="Digits CNN").save(folder / "digits.svg"))
