"""Training of the networks."""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__)
