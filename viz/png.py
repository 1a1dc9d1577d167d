"""Pixels as a PNG file, written by the standard library alone."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def data_uri(pixels: NDArray[Any]) -> str:
    """Return the address of an image that holds itself, for pages and SVG files that fetch nothing.

    Parameters
    ----------
    pixels : (H, W, 3) array of uint8
        Red, green and blue.
    """
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()


def png(pixels: NDArray[Any]) -> bytes:
    """Return the PNG file of (H, W, 3) uint8 pixels; see the PNG specification, W3C 2003."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # the first byte of each row: not filtered
    rows[:, 1:] = pixels.reshape(height, 3 * width)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, truecolour
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
