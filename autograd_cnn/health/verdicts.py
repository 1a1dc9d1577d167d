"""What a table or a picture says about a layer in a word."""

from __future__ import annotations

import math
from dataclasses import dataclass

from autograd_cnn.health.report import Layer
from autograd_cnn.health.wording import number


@dataclass(frozen=True)
class Verdict:
    """The judgement of a layer.

    Attributes
    ----------
    status : str
        ``ok``, or how severe the worst finding is: ``warning`` or ``critical``.
    words : str
        The worst finding.
    also : tuple of str
        The others.
    """

    status: str
    words: str
    also: tuple[str, ...] = ()


def verdict(layer: Layer) -> Verdict:
    """Return the judgement of a layer: its findings; NaN and infinity count even where none names them.

    A finding tells of them once, where they came in; the layers that they went on to are no less broken.
    """
    said = list(dict.fromkeys(finding.words for finding in layer.findings))
    status: str = layer.findings[0].severity if layer.findings else "ok"
    if not any(finding.kind == "non-finite" for finding in layer.findings):
        broken = _not_finite(layer)
        said, status = [*broken, *said], "critical" if broken else status
    return Verdict(status, said[0] if said else "healthy", tuple(said[1:]))


def _not_finite(layer: Layer) -> list[str]:
    """Say where NaN or infinity is: in what leaves the layer, or else in its weights."""
    output = {"value": layer.activation.rms, "gradient": layer.gradient.rms if layer.gradient else None}
    weights = {"weight gradient": layer.weight_gradient, "update": layer.update_ratio}
    for sizes in (output, weights):
        broken = {what: x for what, x in sizes.items() if x is not None and not math.isfinite(x)}
        if broken:
            return [f"{number(x)} in {what}" for what, x in broken.items()]
    return []
