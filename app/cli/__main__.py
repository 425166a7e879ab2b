"""`python -m app.cli`, where the script `tracker` is not on the path."""

import sys

from app.cli import main

sys.exit(main())
