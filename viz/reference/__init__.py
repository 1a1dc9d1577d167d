"""The reference: every public name in the order in which one would learn it, made from the docstrings by Sphinx.

``python -m viz.reference FOLDER`` writes it. What it says of a name is the name's own docstring, of a file the file's,
of a gate what the gate declares; only the order, and a few words before each chapter, are written here.
"""

from viz.reference.building import build
from viz.reference.chapters import CHAPTERS, Chapter, Section

__all__ = ["CHAPTERS", "Chapter", "Section", "build"]
