"""Motion sets and their splits, read into one store of canonical motions."""

from runtime.lazy import lazy

__getattr__ = lazy(__name__, ("dataset", "prepare"))
