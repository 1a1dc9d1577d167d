"""What the strategies need beside the engine, and the error that says so."""

from autograd_cnn.errors import AutogradError


class HypothesisNotFoundError(AutogradError, ImportError):
    """Hypothesis is not installed: it comes with the extra ``test``."""
