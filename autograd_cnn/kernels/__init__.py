"""Numba kernels on plain ndarrays; nothing here knows of nodes or gates."""
