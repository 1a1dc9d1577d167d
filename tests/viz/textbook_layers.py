"""What a chart was drawn from."""

from typing import Any

from viz.picture import Picture


def layers_of(picture: Picture, kind: type, panel: int = 0) -> list[Any]:
    """Return the layers of one kind that a picture was drawn from."""
    return [layer for layer in picture.content.data.panels[panel].layers if isinstance(layer, kind)]
