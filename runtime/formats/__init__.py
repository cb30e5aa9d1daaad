"""Motion files, and the body and place that all motion is brought to.

read.py                       one file of any kind, for each who needs it
bvh.py, gltf.py, acclaim.py, npz.py, kinect.py    the readers
bvh_write.py                  .bvh out
clip.py                       what every reader returns
canonical.py                  any skeleton to the canonical body
placing.py                    glitches mended, floor, facing, origin
"""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__)
