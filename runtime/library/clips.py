"""The library as its users see it: open a folder, index motion files, search, read motions.

with Library.open("clips.library", create=True) as library:
    library.index("mocap")
    for hit in library.search("a person limps", top=5):
        print(hit.score, hit.clip.path, hit.start, hit.stop)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.wire import limits
from coamd_blender.wire.requests import SearchRequest
from runtime import library, recognize
from runtime.library.database import FACTS
from runtime.library.records import FULL_SCAN_ROWS, Clip, Embedder
from runtime.library.store import Store

if TYPE_CHECKING:
    from runtime.library.index import IndexReport, Progress
    from runtime.library.search import Hit, Searcher

Rows = Callable[[int, int], None]  # what is done, of how many


def _bundled() -> Embedder:
    return recognize.Recognizer.load()


class Library:
    """A folder of clips, joints and all, that can be searched by words and by motions. One thread at a time.

    The recogniser that embeds words and motions is loaded by the first call that needs it. As a context manager it
    turns what SQLite raises inside, of torn pages or a full disk, into InputError and DataError.
    """

    def __init__(self, store: Store, load: Callable[[], Embedder]):
        """``store`` is the open folder, ``load()`` returns the recogniser."""
        self.store = store
        self._load = load
        self._embedder: Embedder | None = None
        self._searcher: Searcher | None = None

    @classmethod
    def open(
        cls, folder: str | Path, recognizer: Embedder | Callable[[], Embedder] | None = None, *, create: bool = False
    ) -> Library:
        """Open the library in ``folder``; with ``create`` an empty one is made when there is none.

        ``recognizer`` is the loaded recogniser, or what loads it when it is needed (default: the bundled one). Raises
        InputError when there is no library, DataError when it is torn or too new.
        """
        if recognizer is None:
            recognizer = _bundled
        load = recognizer if callable(recognizer) else lambda: recognizer
        return cls(Store.create(folder) if create else Store.open(folder), load)

    @staticmethod
    def exists(folder: str | Path) -> bool:
        """Return whether there is a library in ``folder``."""
        return Path(folder, FACTS).is_file()

    def __enter__(self) -> Library:
        self.store.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.store.__exit__(*error)

    def close(self) -> None:
        """Close the folder."""
        self.store.close()

    @property
    def embedder(self) -> Embedder:
        """The recogniser, loaded unless it is. Raises WeightsError."""
        self._embedder = self._embedder or self._load()
        return self._embedder

    @property
    def note(self) -> str:
        """A line for the user when the library is past the size its search is made for; else nothing."""
        return self._find().note if self.store.state().rows > FULL_SCAN_ROWS else ""

    # --- indexing -----------------------------------------------------------------------------------------------------

    def index(
        self,
        *folders: str | Path,
        licence: str = "",
        source: str = "",
        progress: Progress | None = None,
        prepared: Rows = lambda done, total: None,
    ) -> IndexReport:
        """Bring the library up to date with every motion file below ``folders``; return what happened to them.

        ``licence`` and ``source`` are noted with what is read. ``progress(done, total, report)`` is called after each
        file, ``prepared(done, total)`` as by :meth:`prepare`. Raises InputError for a folder that is not there, and
        when none holds a motion file; DataError for a library of another recogniser.
        """
        report = library.index.index_folders(self.store, folders, self.embedder, progress, licence, source)
        self.prepare(prepared)
        return report

    def prepare(self, progress: Rows = lambda done, total: None) -> None:
        """Make what a search in many clips needs. ``progress(done, total)`` counts windows of a very large library."""
        if self.store.state().rows > FULL_SCAN_ROWS:
            self._find().prepare(progress)

    def rebuild(self, progress: Rows = lambda done, total: None) -> None:
        """Embed every stored clip anew, for another recogniser. ``progress(done, total)`` counts clips."""
        self.store.rebuild(self.embedder, progress)

    # --- searching ----------------------------------------------------------------------------------------------------

    def search(
        self,
        text: str | None = None,
        *,
        clip: str | int | None = None,
        joints: np.ndarray | None = None,
        frames: tuple[int, int] | None = None,
        and_text: str | None = None,
        weight: float = limits.DEFAULT_SHIFT,
        top: int = limits.DEFAULT_RESULTS,
    ) -> list[Hit]:
        """Return the ``top`` clips that are like one of ``text``, ``clip`` and ``joints``, the best first.

        ``clip`` is a path, path#name or id; ``joints`` (frames, 22, 3) are in metres, Y up, 20 frames a second. Of a
        clip or joints only ``frames`` [start, stop) count, moved by the words ``and_text`` with ``weight``. Raises
        InputError for what cannot be searched for.
        """
        asked = SearchRequest(str(self.store.folder), text, clip, joints, frames, and_text, weight, top)
        asked.check()
        return self.answer(asked)

    def answer(self, request: SearchRequest) -> list[Hit]:
        """Return what a checked request looks for, the best first; scores are chances that a person agrees, or plain
        cosines where nothing is known of the recogniser's."""
        self.store.embed_waiting(self.embedder)
        query = library.query.of_request(request, self.store, self._find(), self.embedder)
        hits = self._find().search(query.vector, request.top)
        return library.scores.calibrated(hits, self.embedder.agreement, request.text is not None)

    def like(self, vector: np.ndarray, top: int) -> list[Hit]:
        """Return the ``top`` clips nearest to a motion's unit ``vector`` (dim,), the best first, scored as
        :meth:`answer` does."""
        self.store.embed_waiting(self.embedder)
        return library.scores.calibrated(self._find().search(vector, top), self.embedder.agreement, by_text=False)

    def remark(self, hits: list[Hit]) -> str:
        """Return a line for the user on what a search found: that nothing is close, or what the scores are not."""
        return library.scores.remark(hits, self.embedder.agreement)

    def _find(self) -> Searcher:
        self._searcher = self._searcher or library.search.Searcher(self.store)
        return self._searcher

    # --- reading ------------------------------------------------------------------------------------------------------

    def motions(self) -> Iterator[tuple[Clip, np.ndarray]]:
        """Yield every clip with its joints float32 (frames, 22, 3), metres, Y up, 20 frames a second."""
        for clip in self.store.clips():
            yield clip, self.store.joints(clip.id)
