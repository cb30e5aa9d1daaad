"""Motion files, and the body and place that all motion is brought to.

read.py                       one file of any kind, for each who needs it
bvh.py, gltf.py, acclaim.py, npz.py, kinect.py    the readers
writing.py                    one motion to a file of any kind that is written
bvh_write.py, gltf_write.py   .bvh and .glb out
fitted.py                     joints as a skeleton that turns, as both hold them
clip.py                       what every reader returns
canonical.py                  any skeleton to the canonical body
placing.py                    glitches mended, floor, facing, origin
"""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__)
