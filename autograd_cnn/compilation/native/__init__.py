"""Instructions for several gates at once, in native code, on memory that is theirs for good."""

from autograd_cnn.compilation.native.groups import Group, groups_of, memory_for

__all__ = ["Group", "groups_of", "memory_for"]
