"""Training items: clips joined, repeated and layered, with the captions that are true of them."""

from runtime.lazy import lazy

__getattr__ = lazy(__name__, ("compose",))
