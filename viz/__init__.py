"""The viewer: draws what the engine recorded."""

from viz.circuits import circuit
from viz.diagram import to_networkx
from viz.flows import flow
from viz.page import Page
from viz.picture import Picture
from viz.reports import report

__all__ = ["Page", "Picture", "circuit", "flow", "report", "to_networkx"]
