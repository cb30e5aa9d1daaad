"""Motion sets and their splits, read into one store of canonical motions."""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__)
