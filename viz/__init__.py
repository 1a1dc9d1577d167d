"""The viewer: draws what the engine recorded."""

from viz.circuits import circuit
from viz.diagram import to_networkx
from viz.picture import Picture

__all__ = ["Picture", "circuit", "to_networkx"]
