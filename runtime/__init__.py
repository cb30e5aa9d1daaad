"""CoAMD outside Blender: prompt to motion, motion to words, a library of clips.

    from runtime import Generator, Library, Recognizer

Torch is imported when one of them is first asked for.
"""

from runtime.lazy import lazy

__all__ = ["Generator", "Library", "Recognizer"]

__getattr__ = lazy(
    __name__,
    names={"Generator": "generate.generator", "Library": "library.clips", "Recognizer": "recognize.recognizer"},
)
