"""The clips that ship: what a library can begin with.

They are clips whose licence lets anybody do anything with them (the CC0 sets of runtime/data/sources.toml; others that
may train weights ask for credit or share alike, which a clip on somebody's timeline would have to carry on). The pack
is a library's ``facts.sqlite`` without embeddings, made by runtime/data/starter_pack.py. Its embeddings lie beside it,
in a .safetensors of the same name that notes the sha256 of the pack and of the recogniser they are of. :func:`install`
copies the pack to a new library, :func:`embed` takes the embeddings from beside it when they are those of the
recogniser at hand, and else makes them from the joints, so that a pack serves any recogniser.

    python -m runtime index --starter --refresh-shipped                    embed it, again after every training
    python -m runtime index --starter starter.sqlite --library DB          use it

PACK is the one that ships.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.files import digest_of
from runtime.library.database import FACTS, check_version
from runtime.library.records import Embedder
from runtime.library.store import Store

PACK = Path(__file__).with_name("starter.sqlite")
REFRESH = "python -m runtime index --starter --refresh-shipped"


def install(pack: Path, folder: Path) -> None:
    """Start a new library at ``folder`` with the clips of ``pack``; its embeddings are still to come: :func:`embed`.

    Raises InputError when the pack is missing or the folder is in use, DataError when the pack is torn or of another
    version.
    """
    check_place(pack, folder)
    try:
        connection = sqlite3.connect(f"{pack.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            check_version(connection, pack)
        finally:
            connection.close()
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pack, folder / FACTS)
    except OSError as error:
        raise InputError(f"{folder} cannot be a library: {error.strerror}", "Choose another folder") from error


def check_place(pack: Path, folder: Path) -> None:
    """Raise InputError when there is no ``pack``, or ``folder`` holds something already."""
    if not pack.is_file():
        raise InputError(
            f"There is no pack {pack}", "Make one: python -m runtime.data.starter_pack --data DATA --out FILE"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is in use", "Name a new folder for a library that starts with a pack")


def embeddings_path(pack: Path) -> Path:
    """Return where the embeddings of a pack lie."""
    return pack.with_suffix(".safetensors")


def embed(library: Store, pack: Path, embedder: Embedder, report: Callable[[int, int], None]) -> None:
    """Give a library that was just installed from ``pack`` its embeddings: those beside the pack, or made anew.

    ``report(done, total)`` counts clips, and is called when they are made anew only. Raises DataError when the file
    beside the pack is torn.
    """
    rows = shipped_rows(pack, embedder)
    if rows is None:
        library.rebuild(embedder, report)
    else:
        library.put_rows(rows, embedder)


def shipped_rows(pack: Path, embedder: Embedder) -> np.ndarray | None:
    """Return the rows float16 (windows, dim) beside ``pack``, clip by clip, when they are of ``embedder`` and of these
    clips, else None. Raises DataError when the file is torn."""
    path = embeddings_path(pack)
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            metadata, rows = file.metadata() or {}, file.get_tensor("rows")
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} is torn ({error})", f"Make it again: {REFRESH}") from error
    if rows.ndim != 2 or rows.dtype != np.float16 or not np.isfinite(rows).all():
        raise DataError(f"{path} is torn: its rows are not embeddings", f"Make it again: {REFRESH}")
    fits = metadata.get("recogniser") == embedder.digest and metadata.get("pack") == digest_of(pack)
    return rows if fits else None


def refresh(pack: Path, embedder: Embedder, report: Callable[[int, int], None]) -> int:
    """Embed the clips of ``pack`` and write the rows beside it; return how many.

    ``report(done, total)`` counts clips. Raises InputError when the file cannot be written, and as :func:`install`.
    """
    path = embeddings_path(pack)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with tempfile.TemporaryDirectory() as scratch:
        install(pack, Path(scratch, "library"))
        with Store.open(Path(scratch, "library")) as library:
            rows = np.array(library.embeddings(library.rebuild(embedder, report)))
    try:
        save_file({"rows": rows}, partial, {"recogniser": embedder.digest, "pack": digest_of(pack)})
        os.replace(partial, path)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} cannot be written ({error})", "Check that you may write there") from error
    return len(rows)


def begin(folder: Path, embedder: Embedder, report: Callable[[int, int], None]) -> None:
    """Make a library at ``folder`` of the clips that ship, embedded. ``report(done, total)`` counts clips, should they
    have to be embedded here.

    It is made under another name and moved into place, so that it is there whole or not at all. Raises InputError when
    the folder is in use.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} holds other files and no library", "Name an empty or a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        made = Path(scratch) / "library"
        install(PACK, made)
        with Store.open(made) as library:
            embed(library, PACK, embedder, report)
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
