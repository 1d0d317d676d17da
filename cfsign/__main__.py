"""Run the command line with `python -m cfsign`."""

import sys

from cfsign.cli import main

if __name__ == "__main__":
    sys.exit(main())
