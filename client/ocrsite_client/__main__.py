"""``python -m ocrsite_client`` is ``ocrsite``."""

import sys

from ocrsite_client.cli import main

if __name__ == "__main__":
    sys.exit(main())
