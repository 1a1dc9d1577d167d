"""What hypothesis runs when it is imported: it learns the engine's types if the engine is there already.

It imports nothing of its own, so that it costs other users of hypothesis nothing; it stands here because this
package is imported without the engine. An engine imported later registers its types itself.
"""

import sys


def register() -> None:
    """Register the engine's types with ``hypothesis.strategies.from_type``."""
    if "autograd_cnn" in sys.modules:
        from autograd_cnn.testing.registration import register

        register()
