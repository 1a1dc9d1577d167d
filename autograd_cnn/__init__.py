"""A graph-based autodiff engine."""
