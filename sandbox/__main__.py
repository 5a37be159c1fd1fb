"""Run the sandbox: ``python -m sandbox``."""

import sys

from sandbox.command import main

if __name__ == "__main__":
    sys.exit(main())
