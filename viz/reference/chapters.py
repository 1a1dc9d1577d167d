"""The reading order: chapters of sections, and the files that each section reads out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One page of the reference.

    Attributes
    ----------
    title : str
    modules : tuple of str
        Whose public names stand on it, in this order; within a module, in the order of its file.
    """

    title: str
    modules: tuple[str, ...]


@dataclass(frozen=True)
class Chapter:
    """Some pages that belong together.

    Attributes
    ----------
    key : str
        Its folder.
    title, words : str
        The heading, and what stands below it.
    sections : tuple of Section
    """

    key: str
    title: str
    words: str
    sections: tuple[Section, ...]


def _section(title: str, package: str, *names: str) -> Section:
    """Return a section of some modules of one package; "" is the package itself."""
    return Section(title, tuple(f"{package}.{name}".rstrip(".") for name in names))


def _layers(title: str, *names: str, functions: tuple[str, ...] = ()) -> Section:
    """Return a section of layers, and of the functions that they call."""
    layers = _section(title, "autograd_cnn.nn", *names)
    return Section(title, layers.modules + _section(title, "autograd_cnn.functional", *functions).modules)


def _family(title: str, *names: str) -> Section:
    return _section(title, "autograd_cnn.gates", *names)


_TENSORS = Chapter(
    "tensors",
    "Scalars and tensors",
    "A computation is a graph. Its leaves are numbers and arrays that somebody wrote down; every other node was made "
    "by a gate from nodes before it, and remembers which.",
    (
        _section("Nodes", "autograd_cnn", "graph", "graph.node", "graph.scalar", "graph.tensor"),
        _section("What is recorded", "autograd_cnn", "recording", "random"),
        _section("Looking around", "autograd_cnn", "graph.order", "inspection"),
    ),
)

_GATES = Chapter(
    "gates",
    "Gates",
    "A gate is an operation with its gradient rule. Each has a page: its formula, its local gradient, what holds at a "
    "tie or kink, one application with numbers, and its definition. In the tables u is the upstream gradient.",
    (
        _section("What a gate is", "autograd_cnn", "gates", "registry"),
        _family("Arithmetic", "arithmetic"),
        _family("Comparison and choice", "comparison"),
        _family("Exponentials and logarithms", "exponential"),
        _family("Sine and cosine", "trigonometric"),
        _family("Squashing activations and ReLU", "activation"),
        _family("Activations after the ReLU", "rectifier"),
        _family("Softmax", "softmax"),
        _family("Reductions", "reduction", "statistics"),
        _family("Shapes", "shape", "rearrangement"),
        _family("Indexing", "indexing"),
        _family("Products of matrices", "linear", "contraction"),
        _family("Convolution", "convolution"),
        _family("Pooling", "pooling", "adaptive_pooling"),
        _family("Normalisation", "normalization"),
        _family("Losses", "loss", "classification"),
        _family("Randomness", "randomness"),
    ),
)

_BACKWARD = Chapter(
    "backward",
    "Backward",
    "Backprop walks the graph from its output to its leaves. At each node the upstream gradient, times the local "
    "gradient, is sent downstream along every edge; where edges meet, gradients add up.",
    (
        _section("The walk", "autograd_cnn", "backward", "backward.steps", "backward.rules", "backward.gradients"),
        _section("Jacobians and Hessians", "autograd_cnn", "differentiation"),
        _section("One gradient, path by path", "autograd_cnn", "explanation.explaining"),
        _section("Down to single numbers", "autograd_cnn", "expansion.expanding"),
        _section("Recomputing instead of storing", "autograd_cnn", "checkpointing"),
    ),
)

_LAYERS = Chapter(
    "layers",
    "Layers",
    "A layer is a function that owns its parameters. Layers have the names of torch.nn, and the functions that they "
    "call those of torch.nn.functional.",
    (
        _layers(
            "Networks of layers", "", "module", "sequential", "unallocated", "sizes", "conversion", functions=("",)
        ),
        _layers("Neurons of single numbers", "neuron"),
        _layers("Fully connected layers", "linear", "flatten", functions=("affine",)),
        _layers(
            "Convolution",
            *("convolution", "transposed_convolution"),
            functions=("convolution", "transposed_convolution", "true_convolution"),
        ),
        _layers(
            "Pooling",
            *("pooling", "adaptive_pooling", "weighted_pooling"),
            functions=("pooling", "adaptive_pooling", "weighted_pooling"),
        ),
        _layers("Activations", "activation", "maxout", "softmax", functions=("activation", "normalized_exponential")),
        _layers("Normalisation", "batch_normalization", "normalization", functions=("normalization",)),
        _layers("Dropout and noise", "dropout", functions=("noise",)),
        _layers("Blocks of published networks", "residual", "blocks"),
    ),
)

_LOSSES = Chapter(
    "losses",
    "Losses",
    "A loss says in one number how wrong the scores are; its gradient says in which direction they should move.",
    (
        _layers(
            "Classes and probabilities",
            *("classification_loss", "hierarchical"),
            functions=("classification_loss", "probability_loss"),
        ),
        _layers("Margins", "margin_loss", functions=("margin_loss",)),
        _layers("Real numbers", "regression_loss", functions=("regression_loss",)),
        _layers("Pairs and triplets", "distance_loss", functions=("distance_loss",)),
        _layers("Penalties on weights", functions=("regularization",)),
    ),
)

_OPTIMIZERS = Chapter(
    "optimizers",
    "Optimizers",
    "The gradient says which way is down, not how far to go. Where a walk starts matters, too: with it the chapter "
    "begins.",
    (
        _section("Starting weights", "autograd_cnn.init", "", "scaling", "filling", "sparsity"),
        _section("Steps along the gradient", "autograd_cnn.optim", "", "optimizer", "sgd"),
        _section("A rate for each parameter", "autograd_cnn.optim", "adagrad", "rmsprop", "adam"),
        _section("Clipping", "autograd_cnn.optim", "clipping"),
        _section(
            "Schedules of the learning rate",
            "autograd_cnn.optim.lr_scheduler",
            *("", "scheduler", "decays", "annealing", "sequential", "plateau"),
        ),
        _section("Second-order steps", "autograd_cnn.optim", "second_order", "gauss_newton"),
        _section("Random search", "autograd_cnn.optim", "random_search"),
    ),
)

_DATA = Chapter(
    "data",
    "Data",
    "Images with labels, from the package, from files or from memory; split, prepared by what the training images "
    "alone say, and handed out in batches.",
    (
        _section("Datasets and batches", "autograd_cnn.data", "", "datasets", "bundled", "array_datasets", "batching"),
        _section("Points in the plane", "autograd_cnn.data", "toy"),
        _section(
            "Files",
            "autograd_cnn.data",
            *("idx_collections", "idx", "cifar", "image_files", "archives", "archive_members"),
        ),
        _section("Splits and folds", "autograd_cnn.data", "splitting"),
        _section(
            "Preprocessing",
            "autograd_cnn.data.preprocessing",
            *("", "fitting", "scaling", "components", "chaining", "states", "bias"),
        ),
        _section(
            "Augmentation",
            "autograd_cnn.data.augmentation",
            *("", "transforming", "cutting", "moving", "shading", "warping", "chaining"),
        ),
    ),
)

_TRAINING = Chapter(
    "training",
    "Training",
    "The loop of the notes: sample a batch, go forward, go backward, update; and what one should do before it, "
    "watch during it, and try after it.",
    (
        _section("Before the training", "autograd_cnn.train", "sanity", "rate_ranges"),
        _section("The loop", "autograd_cnn.train", "", "trainer", "history", "stopping"),
        _section("How right it is", "autograd_cnn.train", "evaluation", "metrics"),
        _section("Checkpoints", "autograd_cnn.train", "checkpoints", "checkpoint_folder"),
        _section("Averaged weights", "autograd_cnn.train", "averaging"),
        _section("Hyperparameter search", "autograd_cnn.train.tuning", "searching", "ranges", "trials", "results"),
        _section("Ensembles and distillation", "autograd_cnn.train", "ensembles", "distillation"),
    ),
)

_MODELS = Chapter(
    "models",
    "Models",
    "Published networks, how large they are, and the classifiers that come before networks in the notes.",
    (
        _section("Nearest neighbours", "autograd_cnn.models", "", "neighbors"),
        _section("Linear classifiers", "autograd_cnn.models", "linear_classifiers", "hand_derived"),
        _section("Small networks", "autograd_cnn.models", "multilayer_perceptron", "lenet", "convnet"),
        _section(
            "Networks for ImageNet",
            "autograd_cnn.models",
            *("alexnets", "zeiler_fergus", "vgg", "inception_network", "resnet", "squeezenet"),
        ),
        _section("The pattern language", "autograd_cnn.models", "from_patterns", "patterns"),
        _section("The notes' table of a network", "autograd_cnn.models", "sizing", "sizing_rows", "hints"),
        _section("Weights of others, and transfer", "autograd_cnn.models", "weights", "transfer"),
    ),
)

_HEALTH = Chapter(
    "health",
    "Health",
    "Units that are dead or saturated, gradients that vanish or explode, steps that are too large or too small: read "
    "from the graph, with the thresholds beside the verdict.",
    (
        _section("A look at one graph", "autograd_cnn.health", "", "reading", "report", "checking"),
        _section("A whole training", "autograd_cnn.health", "monitor", "timeline", "records", "history", "lives"),
    ),
)

_TESTING = Chapter(
    "testing",
    "Testing",
    "A gradient is proved by numeric derivatives whose error is known; a wrong one is traced to its gate.",
    (
        _section("Checking a gradient", "autograd_cnn.testing", "", "checking", "report"),
        _section("Proving a gate", "autograd_cnn.testing", "promises", "proving", "call"),
        _section("Oracles and branches", "autograd_cnn.testing", "oracles", "branches"),
        _section("Errors", "autograd_cnn", "errors"),
    ),
)

_COMPILING = Chapter(
    "compile",
    "Compile",
    "What was recorded once can be replayed natively, by as many threads as it is granted.",
    (
        _section("Replaying a function", "autograd_cnn.compilation", "", "compiling"),
        _section("Threads", "autograd_cnn.kernels", "threads"),
    ),
)

_VIEWER = Chapter(
    "viz",
    "Viz",
    "The viewer draws what the engine recorded: a gate, a gradient, a network, a training, a search.",
    (
        _section("Circuits, and one gradient", "viz", "", "circuits", "explanations", "players"),
        _section("Networks", "viz", "flows", "zooms.zooming", "predictions_page", "image_sheets"),
        _section("Trainings", "viz", "reports", "comparing", "rate_curves", "searches", "validation_curves"),
        _section("Gradient checks", "viz", "checks"),
        _section("What is drawn, and where it goes", "viz", "picture", "page", "binding", "loading", "multigraph"),
        _section(
            "The notes as pictures",
            "viz.textbook",
            *("", "nonlinearities", "wiring", "receptive", "landscape", "rates", "decision", "regions", "binding"),
        ),
        _section("Charts", "viz.charts", "", "charting", "data", "lines", "areas"),
    ),
)

CHAPTERS = (
    *(_TENSORS, _GATES, _BACKWARD, _LAYERS, _LOSSES, _OPTIMIZERS),
    *(_DATA, _TRAINING, _MODELS, _HEALTH, _TESTING, _COMPILING, _VIEWER),
)
"""The chapters, in reading order."""
