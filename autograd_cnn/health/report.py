"""What a look at a network's health found: plain data, with no node in it.

`inspect` and `Monitor` make reports; pictures, tables and tests read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeAlias

from autograd_cnn.settings import limit

Severity: TypeAlias = Literal["warning", "critical"]


@dataclass(frozen=True)
class Thresholds:
    """Where a finding begins; each pair is (warning, critical). Shares are of a layer's units.

    Attributes
    ----------
    dead, saturated : pair of float
        Share of units; starved units are judged as dead ones are.
    unit_samples : int
        A unit silent on fewer samples than this is not called dead yet, and no finding tells of units.
    warning_samples : int
        A warning of dead or starved units needs this many samples: on 64 digits twice as many units of a
        healthy network are silent as on a thousand.
    saturated_slope, saturated_samples : float
        A unit is saturated when its slope is below this share of the largest slope on this share of samples.
    vanishing, exploding : pair of float
        RMS of the first layer's weight gradients over that of the last layer's.
    vanished : float
        RMS of a layer's weight gradients below which it learns nothing.
    update_ratio, update_ratio_critical : pair of float
        Range of ‖Δw‖/‖w‖ outside which it is a warning, or critical.
    update_steps : int
        The update ratio is judged by its median over this many steps; before, only a critical one is told.
    unchanged_steps : int
        Weights that did not move in so many steps are told.
    weight_scale : pair of float
        Range of the standard deviation of a layer's outputs over the RMS of its inputs, before the first step.
    same_sign : float
        Share of units whose weight gradients all have one sign, where all inputs are positive.
    initial_loss : float
        Cross entropy before the first step, in times of that of chance: networks of He's initialisation begin
        with up to twice of it.
    loss_steps : int
        The loss is judged by its medians over so many steps, and so many before.
    loss_decrease : float
        By which part it falls if it falls.
    overfit : float
        By which part the validation loss may be above that of training.
    patience : int
        After how many validations without a better one the gap is told.

    Raises
    ------
    ArgumentError
        For what is no number of at least 0, no pair of such, or no whole number.
    """

    dead: tuple[float, float] = (0.1, 0.4)
    unit_samples: int = 32
    warning_samples: int = 1000
    saturated: tuple[float, float] = (0.2, 0.5)
    saturated_slope: float = 0.05
    saturated_samples: float = 0.95
    vanishing: tuple[float, float] = (1e-2, 1e-3)
    vanished: float = 1e-7
    exploding: tuple[float, float] = (1e2, 1e3)
    update_ratio: tuple[float, float] = (1e-4, 1e-2)
    update_ratio_critical: tuple[float, float] = (1e-5, 1e-1)
    update_steps: int = 20
    unchanged_steps: int = 3
    weight_scale: tuple[float, float] = (0.5, 2.0)
    same_sign: float = 0.5
    initial_loss: float = 3.0
    loss_steps: int = 50
    loss_decrease: float = 0.05
    overfit: float = 0.1
    patience: int = 5

    def __post_init__(self) -> None:
        """Refuse what is no limit, by its name."""
        for x in fields(self):
            least = 1 if x.name.endswith("_steps") else 0
            object.__setattr__(self, x.name, limit("Thresholds", x.name, getattr(self, x.name), x.default, least))


@dataclass(frozen=True)
class Distribution:
    """A histogram of an activation or of the size of a gradient.

    Attributes
    ----------
    low, high : float
        Ends of the axis: of the values themselves, or log10 of their size for a gradient.
    counts : tuple of int
        Elements per bin, exact zeros left out; what lies beyond the ends counts in the last bins.
    zeros : float
        Share of elements that are exactly 0.
    rms : float
        Root mean square of all elements.
    """

    low: float
    high: float
    counts: tuple[int, ...]
    zeros: float
    rms: float


@dataclass(frozen=True)
class Units:
    """The units of a layer (neurons, or channels over samples and positions) by their state.

    Attributes
    ----------
    count : int
        How many units the layer has.
    dead, silent, starved, saturated : tuple of int
        Their ids, each unit in at most one list: dead on every sample seen, silent in the last batch
        only, active but without gradient, saturated.
    """

    count: int
    dead: tuple[int, ...] = ()
    silent: tuple[int, ...] = ()
    starved: tuple[int, ...] = ()
    saturated: tuple[int, ...] = ()

    @property
    def active(self) -> int:
        """Number of units in none of the lists."""
        return self.count - sum(map(len, (self.dead, self.silent, self.starved, self.saturated)))


@dataclass(frozen=True)
class Finding:
    """Something wrong with one layer.

    Attributes
    ----------
    severity : "warning" or "critical"
    kind : str
        ``dead``, ``starved``, ``saturated``, ``vanishing``, ``exploding``, ``non-finite``, ``update``,
        ``unchanged``, ``zero``, ``disconnected``, ``weight scale``, ``same-sign``, ``initial loss``, ``loss``
        or ``overfitting``.
    layer : str
        Scope of the layer; empty for the whole network.
    words : str
        What a picture writes: ``62% dead``.
    evidence : str
        The numbers and the threshold they crossed.
    cause, remedy : str
        The likely cause, and one remedy from the notes.
    units : tuple of int
        The units concerned.
    since : int
        Step of the first batch that showed it.
    """

    severity: Severity
    kind: str
    layer: str
    words: str
    evidence: str
    cause: str
    remedy: str
    units: tuple[int, ...] = ()
    since: int = 0


@dataclass(frozen=True)
class Layer:
    """One layer: the nodes made in one scope.

    Attributes
    ----------
    name : str
        The scope, such as ``features/conv1``.
    kind : str
        In words: ``conv2d 3×3, padding 1``, ``max pool 2×2``, ``linear``, ``relu``.
    input_shape, output_shape : tuple of int
        Without the batch axis.
    parameters : int
        Number of trainable numbers.
    activation : Distribution
        Of the layer's output.
    gradient : Distribution or None
        Of the upstream gradient on the output (log10 axis); None where no gradient flows.
    attenuation : float or None
        log10 of the L2 norm of the gradient at the layer's input over that at its output; negative
        where signal is lost, None where there is none.
    update_ratio : float or None
        ‖Δw‖/‖w‖ of the weights in the last step; None before a step, or without weights.
    weight_gradient : float or None
        RMS of the gradient of the weights.
    units : Units or None
        For layers with a kink or saturation.
    findings : tuple of Finding
        The worst first.
    same_sign : float or None
        Share of units whose weight gradients all have one sign; None unless all inputs are positive, their mean
        more than twice their standard deviation.
    proven : tuple of int
        Units, of the dead and silent, that no input in the range of this batch can wake, by interval arithmetic.
    highest : float or None
        The highest pre-activation that the provably dead units can reach, at most 0; None without such units.
    """

    name: str
    kind: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    activation: Distribution
    gradient: Distribution | None
    attenuation: float | None = None
    update_ratio: float | None = None
    weight_gradient: float | None = None
    units: Units | None = None
    findings: tuple[Finding, ...] = ()
    same_sign: float | None = None
    proven: tuple[int, ...] = ()
    highest: float | None = None

    def with_findings(self, findings: tuple[Finding, ...]) -> Layer:
        """Return this layer with those of `findings` that are its own."""
        return replace(self, findings=tuple(finding for finding in findings if finding.layer == self.name))


@dataclass(frozen=True)
class Connection:
    """A wire between two layers.

    Attributes
    ----------
    source, target : str
        Layer names; an empty source is the network's input, an empty target the loss.
    value, gradient : float or None
        RMS of what flows forward, and of what this edge carries back; None without a gradient.
    """

    source: str
    target: str
    value: float
    gradient: float | None


@dataclass(frozen=True)
class Report:
    """The health of a network at one step.

    Attributes
    ----------
    layers : tuple of Layer
        In forward order.
    connections : tuple of Connection
        How the layers are wired.
    input_shape : tuple of int
        Without the batch axis.
    loss : float
    step, batch, samples : int
        The last step seen, its batch size, and how many samples dead and saturated were counted over.
    thresholds : Thresholds
        What the findings were judged by.
    findings : tuple of Finding
        All of them, the worst first; those of the whole network have no layer.
    first_to_last : float or None
        log10 of the RMS of the first layer's weight gradients over that of the last layer's.
    """

    layers: tuple[Layer, ...]
    connections: tuple[Connection, ...]
    input_shape: tuple[int, ...]
    loss: float
    step: int
    batch: int
    samples: int
    thresholds: Thresholds = field(default_factory=Thresholds)
    findings: tuple[Finding, ...] = ()
    first_to_last: float | None = None

    def table(self) -> str:
        """Return the layers as an aligned text table, with the findings and their remedies below."""
        from autograd_cnn.health.table import table

        return table(self)

    def __str__(self) -> str:
        return self.table()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print as text where IPython would print every field."""
        printer.text(str(self))
