"""
Runs the command for `python -m heymilo_async.cli`.
"""

import sys

from . import main

if __name__ == "__main__":
    sys.exit(main())
