"""``python -m viz`` is the ``autograd-cnn`` command."""

import sys

from viz.cli import main

sys.exit(main())
