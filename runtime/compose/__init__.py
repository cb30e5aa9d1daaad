"""Training items: clips joined, repeated and layered, with the captions that are true of them."""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__)
