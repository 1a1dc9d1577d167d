"""The exponential function in plain arithmetic, which LLVM turns into SIMD; the C library's is a call per number.

``exp x = 2ⁿ · exp r`` with n the nearest whole number to x / ln 2, so that |r| ≤ ln 2 / 2. There a polynomial is
exact to 2·10⁻¹⁷; with the roundings of its evaluation the result is off by at most 1.1 units in the last
place. 0, ∞ and NaN come out where they should.

A file whose kernels call these needs an edit of its own when this one changes: see :mod:`.jit`.
"""

from __future__ import annotations

import numpy as np

from autograd_cnn.kernels.jit import jit

# Products and sums may be rounded once together: that makes n·ln 2 exact, and the polynomial no worse.
CONTRACT = frozenset({"contract"})

INVERSE_OF_LN2 = 1.4426950408889634
# ln 2 in two parts: the first has 33 bits, so that n times it is exact.
LN2, REST_OF_LN2 = 6.93147180369123816490e-01, 1.90821492927058770002e-10

# Added to a number below 2⁵¹ it leaves no bits behind the point: the sum's last bits are the nearest whole number.
ROUNDER = 1.5 * 2.0**52
ROUNDER_BITS = 0x4338000000000000

# Beyond these the result is 0 and ∞.
LEAST, MOST = -746.0, 710.0

# exp r = 1 + r + r²·(C2 + r·C3 + … + r⁹·C11), interpolated at the ten Chebyshev nodes of |r| ≤ ln 2 / 2.
C2, C3, C4 = 0.5000000000000001, 0.16666666666666669, 0.04166666666662413
C5, C6, C7 = 0.008333333333330062, 0.0013888888917213717, 0.00019841269863053618
C8, C9 = 2.4801521295954376e-05, 2.7557268459997064e-06
C10, C11 = 2.7620088445409746e-07, 2.510038549551032e-08


@jit(flags=CONTRACT)
def exp(x: float) -> float:
    """Return eˣ of a float64."""
    bounded = LEAST if x < LEAST else x
    bounded = MOST if bounded > MOST else bounded
    shifted = np.float64(bounded * INVERSE_OF_LN2 + ROUNDER)
    n = shifted - ROUNDER
    r = (bounded - n * LN2) - n * REST_OF_LN2
    q = C10 + r * C11
    q = C9 + r * q
    q = C8 + r * q
    q = C7 + r * q
    q = C6 + r * q
    q = C5 + r * q
    q = C4 + r * q
    q = C3 + r * q
    q = C2 + r * q
    # 2ⁿ may not be a number where the product is: it is multiplied in two steps.
    exponent = shifted.view(np.int64) - ROUNDER_BITS
    half = exponent >> 1
    first = np.int64((half + 1023) << 52).view(np.float64)
    second = np.int64((exponent - half + 1023) << 52).view(np.float64)
    return (1.0 + (r + r * r * q)) * first * second
