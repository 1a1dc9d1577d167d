"""The viewer: draws what the engine recorded.

Nothing is imported before it is used: pytest loads this package for its plugin, whatever it tests.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viz import charts, textbook
    from viz.binding import bind
    from viz.checks import gradient_check
    from viz.circuits import circuit
    from viz.comparing import compare
    from viz.explanations import explain
    from viz.flows import flow
    from viz.image_sheets import images
    from viz.loading import json_schema, load
    from viz.multigraph import to_networkx, write_graphml
    from viz.page import Page
    from viz.picture import Picture
    from viz.players import player
    from viz.predictions_page import predictions
    from viz.rate_curves import rate_range
    from viz.reports import report
    from viz.searches import grid_and_random, search
    from viz.validation_curves import cross_validation
    from viz.zooms import zoom

__all__ = [
    "Page",
    "Picture",
    "bind",
    "charts",
    "circuit",
    "compare",
    "cross_validation",
    "explain",
    "flow",
    "gradient_check",
    "grid_and_random",
    "images",
    "json_schema",
    "load",
    "player",
    "predictions",
    "rate_range",
    "report",
    "search",
    "textbook",
    "to_networkx",
    "write_graphml",
    "zoom",
]

_HOMES = {
    "bind": "binding",
    "Page": "page",
    "Picture": "picture",
    "charts": "charts",
    "circuit": "circuits",
    "compare": "comparing",
    "cross_validation": "validation_curves",
    "explain": "explanations",
    "flow": "flows",
    "grid_and_random": "searches",
    "images": "image_sheets",
    "json_schema": "loading",
    "load": "loading",
    "gradient_check": "checks",
    "player": "players",
    "predictions": "predictions_page",
    "rate_range": "rate_curves",
    "report": "reports",
    "search": "searches",
    "textbook": "textbook",
    "to_networkx": "multigraph",
    "write_graphml": "multigraph",
    "zoom": "zooms",
}


if not TYPE_CHECKING:  # which would take any name for granted

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used."""
        from autograd_cnn.suggestions import made_to_suggest, unknown_attribute

        if name not in _HOMES:
            raise unknown_attribute(__name__, name, __all__)
        home = import_module(f"{__name__}.{_HOMES[name]}")
        value = home if _HOMES[name] == name else made_to_suggest(getattr(home, name), __name__)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
