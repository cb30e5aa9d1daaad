"""Training of the networks."""

from runtime.lazy import lazy

__getattr__ = lazy(__name__, ("autoencoder", "evaluator", "generator", "recognizer", "vocabulary"))
