"""``python -m coamd_blender.carry CLIP RIG OUT``: a motion onto a character without Blender's window."""

import sys

from .tools.retarget_clip import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
