"""``python -m runtime VERB ...``"""

import os
import sys

# A thread of torch's that waits for work sleeps. By default it spins, which takes the processor from whoever works:
# Blender, which shows the motion meanwhile, and the next step. Both are read as torch is loaded, so this comes first:
# the GNU and LLVM OpenMP read the one, Intel's on Windows the other. Who sets them keeps what they set.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("KMP_BLOCKTIME", "0")

from runtime.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
