"""The notes as pictures: activations, connectivity, loss surfaces, learning rates, a neuron's decision line.

Every number that is drawn comes from the engine. `page` binds all of it into one file.
"""

from autograd_cnn.suggestions import suggest_names as _suggest_names
from viz.textbook.binding import page
from viz.textbook.decision import decision_line, two_clouds
from viz.textbook.landscape import loss_along, svm_on_digits
from viz.textbook.nonlinearities import activation, activations
from viz.textbook.rates import learning_rates
from viz.textbook.receptive import receptive_field
from viz.textbook.regions import decision_regions
from viz.textbook.wiring import connectivity

__all__ = [
    "activation",
    "activations",
    "connectivity",
    "decision_line",
    "decision_regions",
    "learning_rates",
    "loss_along",
    "page",
    "receptive_field",
    "svm_on_digits",
    "two_clouds",
]

_suggest_names(__name__)
