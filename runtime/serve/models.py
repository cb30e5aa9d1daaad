"""What a server keeps loaded between requests: the generator, the recogniser, the libraries it has opened."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from coamd_blender.errors import InputError
from coamd_blender.wire import limits
from coamd_blender.wire.requests import StyleChoice
from runtime import generate, recognize, weights
from runtime import library as clips

if TYPE_CHECKING:
    from runtime.generate.generator import Generator
    from runtime.generate.style import Style
    from runtime.library.clips import Library
    from runtime.recognize.recognizer import Recognizer

# Of the bundled weights (weights/README.md); what is made with them is its maker's own.
BUNDLED_LICENCE = "CC BY-SA 3.0"


class Models:
    """Loads each when it is first asked for. All methods are called from one thread, as the server promises."""

    def __init__(self, device: str = "auto", folder: Path | None = None):
        self._device, self._weights = device, folder
        self._generator: Generator | None = None
        self._recognizer: Recognizer | None = None
        self._libraries: dict[str, Library] = {}
        self._styles: dict[str, tuple[tuple[int, int], Style]] = {}  # by path, with the file's time and size
        self._provenance: tuple[str, str] | None = None

    def generator(
        self, styles: Sequence[StyleChoice] = (), quality: str | None = None, cfg: float | None = None
    ) -> Generator:
        """Return the generator, loaded unless it is, wearing these styles and no others.

        It draws in ``quality`` (None: the usual one), under the text weight ``cfg``, where it can
        (:meth:`Generator.draw_in`). Raises WeightsError, and InputError for a style that is not there or belongs to
        other weights.
        """
        if self._generator is None:
            self._generator = generate.generator.Generator.load(self._weights, self._device)
        self._generator.wear(
            [generate.style.Worn(self._style(choice.path), choice.strength) for choice in styles if choice.strength]
        )
        self._generator.draw_in(quality or limits.DEFAULT_QUALITY, cfg)
        return self._generator

    def _style(self, path: str) -> Style:
        """Return the style in the file ``path``, read again once the file has changed."""
        try:
            found = Path(path).stat()
        except OSError as error:
            raise InputError(f"There is no style {path}", "Switch it off, or teach it again") from error
        state = found.st_mtime_ns, found.st_size
        if path not in self._styles or self._styles[path][0] != state:
            self._styles[path] = state, generate.style.Style.load(Path(path))
        return self._styles[path][1]

    def provenance(self, styles: Sequence[StyleChoice] = ()) -> dict[str, str]:
        """Return what a motion's Action notes of what made it: file and digest of the weights and the ``styles`` that
        were on, and the student where it draws; and the weights' licence."""
        if self._provenance is None:
            path = weights.weights_file(self._weights, weights.GENERATOR)
            bundled = path.parent == weights.BUNDLED
            licence = BUNDLED_LICENCE if bundled else "not noted: these are not the bundled weights"
            self._provenance = f"{path.name} sha256:{weights.sha256(path)[:16]}", licence
        name, licence = self._provenance
        worn = [f"style {Path(choice.path).stem} at {choice.strength:g}" for choice in styles if choice.strength]
        fast = self._generator is not None and self._generator.quality == "fast"
        by = [f"drawn by {weights.STUDENT}"] if fast else []
        return {"name": ", ".join([name, *by, *worn]), "licence": licence}

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
        self._styles.clear()
        for folder in list(self._libraries):
            self.close_library(folder)
        if generator is not None:
            device = generator.device.type
            del generator
            gc.collect()
            generate.batches.empty_cache(device)
