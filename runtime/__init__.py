"""CoAMD outside Blender: prompt to motion, motion to words, a library of clips.

    from runtime import Generator, Library, Recognizer

Torch is imported when one of them is first asked for.
"""

from coamd_blender.lazy import modules_of

__all__ = ["Generator", "Library", "Recognizer"]

__getattr__ = modules_of(
    __name__,
    {"Generator": "generate.generator", "Library": "library.clips", "Recognizer": "recognize.recognizer"},
)
