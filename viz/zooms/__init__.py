"""Zooms: one page from the layers of a network down to the scalar gates of a single element."""

from viz.zooms.zooming import zoom

__all__ = ["zoom"]
