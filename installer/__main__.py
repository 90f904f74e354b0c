"""`python3 installer`: sets Samelight up; `python3 installer test`: runs its tests. `--help` says more."""

import sys

# Nothing above this line, and nothing imported above it, may need a newer Python than the one it refuses.
if sys.version_info < (3, 8):
    sys.exit("Error: this is Python {}.{}, which is too old to install Samelight.\n"
             "Install Python 3.10 or newer and run this again with it.".format(*sys.version_info[:2]))  # fmt: skip

from samelight_installer.main import main

sys.exit(main(sys.argv[1:]))
