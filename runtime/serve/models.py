"""What a server keeps loaded between requests: the generator, the recogniser, the libraries it has opened."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from runtime import generate, recognize
from runtime import library as clips

if TYPE_CHECKING:
    from runtime.generate.generator import Generator
    from runtime.library.clips import Library
    from runtime.recognize.recognizer import Recognizer


class Models:
    """Loads each when it is first asked for. All methods are called from one thread, as the server promises."""

    def __init__(self, device: str = "auto", weights: Path | None = None):
        self._device, self._weights = device, weights
        self._generator: Generator | None = None
        self._recognizer: Recognizer | None = None
        self._libraries: dict[str, Library] = {}

    def generator(self) -> Generator:
        """Return the generator, loaded unless it is. Raises WeightsError and InputError."""
        if self._generator is None:
            self._generator = generate.generator.Generator.load(self._weights, self._device)
        return self._generator

    def recognizer(self) -> Recognizer:
        """Return the recogniser, loaded unless it is. Raises WeightsError and InputError."""
        if self._recognizer is None:
            self._recognizer = recognize.Recognizer.load(self._weights, self._device)
        return self._recognizer

    def library(self, folder: str, create: bool = False) -> Library:
        """Return the library in ``folder``, opened unless it is; made anew with ``create`` where there is none."""
        if not clips.Library.exists(folder):  # deleted since it was opened
            self.close_library(folder)
        if folder not in self._libraries:
            self._libraries[folder] = clips.Library.open(folder, self.recognizer, create=create)
        return self._libraries[folder]

    def close_library(self, folder: str) -> None:
        """Close the library in ``folder``, should it be open."""
        if folder in self._libraries:
            self._libraries.pop(folder).close()

    def unload(self) -> None:
        """Drop both networks, what their device's allocator keeps for later, and close the libraries."""
        generator, self._generator, self._recognizer = self._generator, None, None
        for folder in list(self._libraries):
            self.close_library(folder)
        if generator is not None:
            device = generator.device.type
            del generator
            gc.collect()
            generate.generator.empty_cache(device)
