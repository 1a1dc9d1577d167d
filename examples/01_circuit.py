"""Build f = (x + y) * z node by node, run backprop, draw every number (CS231n, backpropagation).

Run: python examples/01_circuit.py [folder]
"""

import autograd_cnn as ag
import viz
from viz.scripts import arguments

folder = arguments(__doc__, quick=False).folder

x, y, z = ag.Scalar(-2, name="x"), ag.Scalar(5, name="y"), ag.Scalar(-4, name="z")
q = x + y
f = q * z
f.backward()

# the chain rule by hand: df/dq = z, and dq/dx = 1, so df/dx = z
print(f"f = {f.value}, df/dq = {q.grad}, df/dx = {x.grad}, df/dy = {y.grad}, df/dz = {z.grad}")

# the same pass, gate by gate: each receives an upstream gradient and sends one downstream per input
for step in ag.backward_steps(f):
    print(f"{step.node!r:32} upstream {step.upstream:4}  downstream {step.downstream}")

print(ag.tree(f))
print("written:", viz.circuit(f, title="f = (x + y) · z", explain=True).save(folder / "circuit.svg"))
