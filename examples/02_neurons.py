"""A neuron: the notes' one, number by number, and five of them that learn what no single one can.

CS231n, optimization part 2, "Sigmoid example": weights and bias (2, −3, −3), inputs (−1, −2), output 0.73. Every weight
is a Scalar that can be looked at. XOR is on no straight line, so one neuron cannot learn it; four and one more can.

Run: python examples/02_neurons.py [folder]
"""

import autograd_cnn as ag
import viz
from autograd_cnn import nn, optim
from viz.scripts import arguments

folder = arguments(__doc__, quick=False).folder

neuron = nn.Neuron(2, "sigmoid")
for parameter, value in zip(neuron.parameters(), (2.0, -3.0, -3.0), strict=True):
    parameter.assign(value)
x0, x1 = ag.Scalar(-1.0, name="x0"), ag.Scalar(-2.0, name="x1")
f = neuron([x0, x1])
f.backward()
gradients = ", ".join(f"{node.name} {node.grad:.2f}" for node in (x0, x1, neuron.w0, neuron.w1, neuron.b))
print(f"f = σ(2·(−1) − 3·(−2) − 3) = {f.value:.2f}; gradients: {gradients}")
print("written:", viz.circuit(f, title="f = σ(w0·x0 + w1·x1 + b)", explain=True).save(folder / "neuron.svg"))

inputs = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
targets = [-1.0, 1.0, 1.0, -1.0]
for name, model in {"one": nn.Neuron(2, None, rng=1), "five": nn.NeuronMLP(2, [4, 1], "tanh", rng=1)}.items():
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for step in range(101):
        loss = ag.Scalar(0.0)
        for x, target in zip(inputs, targets, strict=True):
            error = model(x) - target
            loss = loss + error * error
        optimizer.zero_grad()
        loss.backward()
        if step % 50 == 0:
            print(f"XOR by {name}: step {step:3}  loss {loss.value:.4f}")
        optimizer.step()

output = model(inputs[1])
output.backward()
print(f"(0, 1) -> {output.value:.3f}")
print("written:", viz.circuit(output, title="XOR by five neurons").save(folder / "neurons.svg"))
