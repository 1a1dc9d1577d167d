"""The instructions of a tape, by the names of the gates that they compute."""

_ARITHMETIC = ("add", "subtract", "multiply", "divide", "negative")
_CHOICES = ("where", "less_equal", "relu", "maximum", "minimum")
_COMPARISONS = ("less", "greater", "greater_equal", "equal", "not_equal", "abs", "sign", "step")
_ELEMENTARY = ("exp", "log", "expm1", "log1p", "sqrt", "sin", "cos", "tanh", "sigmoid", "normal_cdf", "power")

OPCODES = {name: code for code, name in enumerate(_ARITHMETIC + _CHOICES + _COMPARISONS + _ELEMENTARY)}
"""The instruction of every gate that has one, by the gate's name."""

CALL = 127
"""No instruction: a row that Python makes, between two calls of the kernel."""
