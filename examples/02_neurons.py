"""Train a small network of single neurons on XOR: every weight is a Scalar that can be looked at.

Run: python examples/02_neurons.py [folder]
"""

import sys
from pathlib import Path

import autograd_cnn as ag
import viz
from autograd_cnn import nn, optim

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")

inputs = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
targets = [-1.0, 1.0, 1.0, -1.0]
model = nn.NeuronMLP(2, [4, 1], activation="tanh", rng=1)
optimizer = optim.SGD(model.parameters(), lr=0.1)

for step in range(101):
    loss = ag.Scalar(0.0)
    for x, target in zip(inputs, targets, strict=True):
        error = model(x) - target
        loss = loss + error * error
    optimizer.zero_grad()
    loss.backward()
    if step % 20 == 0:
        print(f"step {step:3}  loss {loss.value:.4f}")
    optimizer.step()

output = model(inputs[1])
output.backward()
print(f"(0, 1) -> {output.value:.3f}")
print("written:", viz.circuit(output, title="XOR by five neurons").save(folder / "neurons.svg"))
