"""Give every reader mutated files, and tell of each kind of failure once.

    .venv/bin/python tests/faults/files.py [FILES=20000] [SEED=0] [--only KIND ...] [--megabytes M] [--out FOLDER]

The kinds, in equal parts: weights (the three networks, at small sizes), styles, what lies beside weights, libraries
(database, embeddings, statements in its tables), mappings, storyboards, curves, poses, prompts, words of lessons, and
motions in .npz, .bvh, .glb, .gltf, .amc and .asf. Half of the files have bytes changed, half are changed in their
structure and written well. They are read as the add-on and the command line read them, in a process of their own that
may take 1 GB more than it has and 10 s of the processor a file. With ``--megabytes`` as many files are read of each
kind as make so many, however many FILES says. Only the errors of coamd_blender/errors.py may come of
any, and of motions no warning. Linux only.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import multiprocessing
import random
import resource
import shutil
import signal
import sqlite3
import struct
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "faults")]

import acclaim_file  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from frames import Findings  # noqa: E402
from library_fakes import FakeEmbedder, motion  # noqa: E402
from mutations import VALUES, mutated_bytes, mutated_json, text_of  # noqa: E402

from coamd_blender.errors import CoamdError  # noqa: E402
from coamd_blender.retarget.mapping_file import load_mapping  # noqa: E402
from runtime import checkpoint, formats  # noqa: E402
from runtime.cli import files as texts  # noqa: E402
from runtime.config import AutoencoderConfig, GeneratorConfig, RecognizerConfig  # noqa: E402
from runtime.generate.style import Style, StyleConfig, Wardrobe, Worn  # noqa: E402
from runtime.generate.vocabulary import FILE as VOCABULARY  # noqa: E402
from runtime.generate.vocabulary import Vocabulary, VocabularyConfig  # noqa: E402
from runtime.library.clips import Library  # noqa: E402
from runtime.library.records import FileFacts, ReadClip  # noqa: E402
from runtime.model.autoencoder import Autoencoder  # noqa: E402
from runtime.model.generator import MotionGenerator  # noqa: E402
from runtime.model.recognizer import MotionRecognizer  # noqa: E402
from runtime.recognize.agreement import FILE as AGREEMENT  # noqa: E402
from runtime.recognize.agreement import Agreement, Curve  # noqa: E402
from runtime.teach.words import read_words  # noqa: E402

MEMORY, SECONDS = 1 << 30, 10
PIECE = 200  # files of a process, at most
SHOWN = 30  # frames of a motion
URI = "data:application/octet-stream;base64,"
# What may stand in the place of a word of a .bvh.
WORDS = (
    "nan", "inf", "-inf", "1e999", "1e300", "-1", "0", "1", "6", "99999999999", "9" * 400, "0x7f", "1,5", "--1", "",
    "{", "}", "JOINT", "ROOT", "End Site", "OFFSET", "CHANNELS", "MOTION", "HIERARCHY", "Frames:", "Frame Time:",
    "Xrotation", "Wposition", "\x00", "é", "left_knee", "\n", "\t",
)  # fmt: skip
NETWORKS = {
    "autoencoder": (AutoencoderConfig, Autoencoder, {"width": 8, "latent_dim": 4, "residual_blocks": 1}),
    "generator": (
        GeneratorConfig,
        MotionGenerator,
        {"token_dim": 7, "width": 8, "layers": 1, "heads": 2, "feedforward": 8, "text_dim": 8}
        | {"head_width": 8, "head_blocks": 1},
    ),
    "recognizer": (
        RecognizerConfig,
        MotionRecognizer,
        {"width": 8, "layers": 1, "heads": 2, "feedforward": 8, "dim": 8, "text_dim": 8, "text_layers": 1},
    ),
}


BOARD = {"scenes": [{"prompt": "a person walks", "seconds": 3}, {"prompt": "waves", "seconds": 2.5}]}
POSES = {
    "poses": [{"frame": 3, "joints": {"head": [0, 1.6, 0]}, "until": 9}, {"frame": 1, "joints": {"neck": [0, 1, 0]}}]
}
TEXTS = {
    "mapping": ("m.json", {"format": "coamd-mapping", "version": 1, "label": "mine", "bones": {"pelvis": "Hips"}}),
    "storyboard": ("s.json", BOARD),
    "curve": ("c.json", {"points": [[0, 0], [1, 2.5], [3, 4]]}),
    "poses": ("p.json", POSES),
    "scenes": ("s.txt", "# a day\n3 a person walks\n2.5s waves\n"),
    "prompts": ("p.txt", "a person walks\n\nwaves\n"),
    "labels": ("l.txt", "walking\nrunning\n"),
    "words": ("w.csv", 'file,sentence\na_*.bvh,"a person walks, oddly"\nb.bvh,runs\n'),
}  # fmt: skip


# --- good files, made once in a folder --------------------------------------------------------------------------------


def make_good(folder: Path) -> None:
    """Write a good file of every kind into ``folder``, by the program's own writers where there are any."""
    torch.manual_seed(0)
    for kind, (config, build, sizes) in NETWORKS.items():
        network = build(config(**sizes))
        checkpoint.save(folder / f"{kind}.safetensors", kind, network.config, network.state_dict())
    layer = {"one": (torch.randn(2, 6), torch.randn(4, 2))}
    style = Style(StyleConfig("goblin", "1" * 64, 2, ("walks oddly",), ("a.bvh",), "mine"), layer)
    style.save(folder / "style.safetensors")
    Vocabulary(VocabularyConfig(("a person walks", "runs"), 0.4), torch.eye(2)).save(folder)
    Agreement("1" * 64, Curve(2.0, 1.0), Curve(3.0, -1.0)).save(folder)
    joints = motion(1)[:SHOWN]
    for suffix in (".npz", ".bvh", ".glb"):
        formats.writing.write(folder / f"motion{suffix}", joints)
    tree, buffer = glb_parts((folder / "motion.glb").read_bytes())
    tree["buffers"][0]["uri"] = URI + base64.b64encode(buffer).decode()
    (folder / "motion.gltf").write_text(json.dumps(tree))
    (folder / "motion.asf").write_text(acclaim_file.asf())
    (folder / "motion.amc").write_text(acclaim_file.amc(SHOWN))
    with Library.open(folder / "library", FakeEmbedder(), create=True) as library:
        state = library.store.begin_embeddings(library.embedder)
        clips = [ReadClip(f"clip {seed}", motion(seed), ("swing",)) for seed in (1, 2)]
        library.store.put_file(FileFacts("/a.bvh", 10, 20, "d"), clips, state)
        library.store.embed_waiting(library.embedder)
        library.store.put_file(FileFacts("/c.bvh", 10, 20, "w"), [ReadClip("waits", motion(3, 230))], state)


# --- changes in the structure -----------------------------------------------------------------------------------------


def changed_safetensors(data: bytes, chance: random.Random) -> bytes:
    """Return a .safetensors file with another header, or another configuration in it, of the right length."""
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    if chance.random() < 0.6 and "config" in header.get("__metadata__", {}):
        config = mutated_json(json.loads(header["__metadata__"]["config"]), chance)
        header["__metadata__"]["config"] = text_of(config, chance)
        text = json.dumps(header)
    else:
        text = text_of(mutated_json(header, chance), chance)
    told = text.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(told)) + told + data[8 + length :]


def changed_npz(data: bytes, chance: random.Random) -> bytes:
    """Return an archive of arrays with a member that is another, states another shape, or holds strange numbers."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = source.read(name)
            match chance.randrange(6):
                case 0:
                    member = mutated_bytes(member, chance)
                case 1:
                    sizes = (-1, 0, 1, 22, 10**7, 10**12, 2**63)
                    shape = tuple(chance.choice(sizes) for _ in range(chance.randrange(5)))
                    kind = chance.choice(("<f4", "<f8", "|O", "<U9", "<c16", "|b1", "<M8[s]", "|V8"))
                    told = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
                    member = b"\x93NUMPY\x01\x00v\x00" + told.encode() + member[128:]
                case 2:
                    numbers = np.frombuffer(member[128:], np.float32).copy()
                    numbers[chance.randrange(len(numbers)) :] = chance.choice((np.nan, np.inf, 1e38, -1, 0, 1e-40))
                    member = member[:128] + numbers.tobytes()
                case 3:
                    member = member[:128] + bytes(chance.choice((0, 10**6, 3 * 10**8)) if chance.random() < 0.05 else 9)
            if chance.random() < 0.95:
                target.writestr(name if chance.random() < 0.95 else "../../x.npy", member)
    return out.getvalue()


def changed_bvh(data: bytes, chance: random.Random) -> bytes:
    """Return a .bvh with lines left out, doubled or exchanged, or words that are others."""
    lines = data.decode("latin-1").split("\n")
    for _ in range(chance.choice((1, 1, 2, 4))):
        upper = chance.random() < 0.8  # the hierarchy, not the rows of numbers
        at = chance.randrange(min(len(lines), 150) if upper else len(lines))
        match chance.randrange(6):
            case 0:
                del lines[at : at + chance.choice((1, 1, 1, 5, 60))]
            case 1:
                lines[at:at] = lines[at : at + chance.choice((1, 3, 60))] * chance.choice((1, 1, 30))
            case 2:
                other = chance.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case _:
                words = lines[at].split(" ")
                words[chance.randrange(len(words))] = chance.choice(WORDS)
                lines[at] = " ".join(words)
        lines = lines or [""]
    return "\n".join(lines).encode("latin-1")


def glb_parts(data: bytes) -> tuple[dict, bytes]:
    """Return the JSON of a good .glb and its buffer."""
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def _changed_tree(tree: dict, chance: random.Random) -> str:
    for _ in range(chance.choice((1, 1, 1, 3))):
        part = chance.choice([part for part in tree if isinstance(tree[part], list | dict) and tree[part]] or [""])
        if part and chance.random() < 0.8:
            tree = {**tree, part: mutated_json(tree[part], chance)}
        else:
            tree = mutated_json(tree, chance)
        tree = tree if isinstance(tree, dict) and tree else {"asset": {"version": "2.0"}}
    return text_of(tree, chance)


def _changed_buffer(buffer: bytes, chance: random.Random) -> bytes:
    """Return a buffer in which some numbers are strange, or which is shorter."""
    numbers = np.frombuffer(buffer[: len(buffer) // 4 * 4], "<f4").copy()
    at = chance.randrange(len(numbers))
    numbers[at : at + chance.choice((1, 4, 90, 3000))] = chance.choice((np.nan, np.inf, -np.inf, 3e38, -1, 0, 1e-40))
    return numbers.tobytes() if chance.random() < 0.8 else buffer[: 4 * at]


def changed_glb(data: bytes, chance: random.Random) -> bytes:
    """Return a .glb whose JSON or numbers are others, its lengths right."""
    tree, buffer = glb_parts(data)
    told = json.dumps(tree)
    if chance.random() < 0.75:
        told = _changed_tree(tree, chance)
    else:
        buffer = _changed_buffer(buffer, chance)
    text = told.encode("utf-8", "surrogatepass")
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(buffer), b"BIN\0") + buffer
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def changed_gltf(data: bytes, chance: random.Random) -> bytes:
    """Return a .gltf whose JSON or numbers are others."""
    tree = json.loads(data)
    if chance.random() < 0.75:
        return _changed_tree(tree, chance).encode("utf-8", "surrogatepass")
    buffer = _changed_buffer(base64.b64decode(tree["buffers"][0]["uri"].removeprefix(URI)), chance)
    tree["buffers"][0]["uri"] = URI + base64.b64encode(buffer).decode()
    return json.dumps(tree).encode()


def change_library(folder: Path, chance: random.Random) -> None:
    """Change a value, a row, a table or a file's bytes of the library in ``folder``."""
    if chance.random() < 0.5:
        path = chance.choice([path for path in folder.iterdir() if path.is_file()])
        path.write_bytes(mutated_bytes(path.read_bytes(), chance))
        return
    with sqlite3.connect(folder / "facts.sqlite", isolation_level=None) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        tables = ("meta", "files", "clips", "motions", "windows")
        table = chance.choice(tables)
        column = chance.choice([row[1] for row in connection.execute(f"PRAGMA table_info({table})")])
        value = chance.choice([value for value in VALUES if not isinstance(value, list | dict)])
        value = text_of(value, chance)[1:-1] if isinstance(value, str) else value
        value = chance.choice((value, bytes(9), -5, 4_000_000_000, value))
        with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):  # what SQLite itself does not take
            match chance.randrange(8):
                case 0:
                    connection.execute(f"DELETE FROM {table}")
                case 1:
                    connection.execute(f"DROP TABLE {table}")
                case 2:
                    connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
                case _:
                    connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
    connection.close()


# --- reading, as the program does -------------------------------------------------------------------------------------


def read_network(path: Path) -> None:
    config, build, _ = NETWORKS[path.stem]
    checkpoint.network(path, path.stem, config, build, path.stem)


class Networks(torch.nn.Module):
    """What a style of the good file fits."""

    def __init__(self):
        super().__init__()
        self.one = torch.nn.Linear(6, 4)


def read_style(path: Path) -> None:
    networks = Networks()
    wardrobe, plain = Wardrobe(networks, "1" * 64), networks.one.weight.clone()
    try:
        wardrobe.wear([Worn(Style.load(path), 0.5)])
    except CoamdError:
        assert torch.equal(networks.one.weight, plain), "A style that is refused has changed the networks"
        raise


def read_vocabulary(path: Path) -> None:
    Vocabulary.load(path.parent).nearest(torch.ones(1, 2))


def read_agreement(path: Path) -> None:
    assert np.isfinite(Agreement.load(path.parent).text.chance(np.array([0.1, 0.9]))).all()


def read_motion(path: Path) -> None:
    for read in (
        formats.read.read_motion,
        formats.read.read_at_own_rate,
        lambda path: formats.read.read_placed(path, 16),
    ):
        with suppress(CoamdError), warnings.catch_warnings():
            warnings.simplefilter("error")
            read(path)


def read_library(folder: Path) -> None:
    with Library.open(folder, FakeEmbedder()) as library:
        for hit in library.search(joints=motion(2), top=2):
            library.store.joints(hit.clip.id)
        library.store.files(), library.store.counts()
        for _ in library.motions():
            pass
        state = library.store.begin_embeddings(library.embedder)
        library.store.put_file(FileFacts("/b.bvh", 1, 2, "e"), [ReadClip("new", motion(3))], state)
        library.store.embed_waiting(library.embedder)
    with Library.open(folder, FakeEmbedder("fake-2")) as library:
        library.rebuild()


READ_TEXT = {
    "mapping": load_mapping,
    "storyboard": texts.read_scenes,
    "curve": texts.read_path,
    "poses": texts.read_targets,
    "scenes": texts.read_scenes,
    "prompts": texts.read_prompts,
    "labels": lambda path: texts.read_labels(str(path)),
    "words": read_words,
}
BINARY = {
    **dict.fromkeys((f"{kind}.safetensors" for kind in NETWORKS), (changed_safetensors, read_network)),
    "style.safetensors": (changed_safetensors, read_style),
    VOCABULARY: (changed_safetensors, read_vocabulary),
    AGREEMENT: (lambda data, chance: text_of(mutated_json(json.loads(data), chance), chance).encode(), read_agreement),
    "motion.npz": (changed_npz, read_motion),
    "motion.bvh": (changed_bvh, read_motion),
    "motion.glb": (changed_glb, read_motion),
    "motion.gltf": (changed_gltf, read_motion),
    "motion.amc": (changed_bvh, read_motion),
    "motion.asf": (changed_bvh, lambda path: read_motion(path.with_suffix(".amc"))),
}
KINDS = (*BINARY, *TEXTS, "library")


def one(kind: str, good: Path, place: Path, chance: random.Random) -> tuple[bytes, Callable[[], None]]:
    """Write a mutated file of ``kind`` into ``place``; return its bytes, and what reads it."""
    if kind == "library":
        folder = place / "library"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(good / "library", folder)
        change_library(folder, chance)
        return (folder / "facts.sqlite").read_bytes(), lambda: read_library(folder)
    if kind in BINARY:
        path, (change, read) = place / kind, BINARY[kind]
        data = (good / kind).read_bytes()
        data = mutated_bytes(data, chance) if chance.random() < 0.5 else change(data, chance)
    else:
        (name, value), read = TEXTS[kind], READ_TEXT[kind]
        path, text = place / name, value if isinstance(value, str) else json.dumps(value)
        if isinstance(value, str) or chance.random() < 0.3:
            data = mutated_bytes(text.encode(), chance)
        else:
            data = text_of(mutated_json(value, chance), chance).encode("utf-8", "surrogatepass")
    path.write_bytes(data)
    for other in {"motion.amc": ("motion.asf",), "motion.asf": ("motion.amc",)}.get(kind, ()):
        shutil.copy(good / other, place / other)
    return data, lambda: read(path)


# --- the run ----------------------------------------------------------------------------------------------------------


class TooLong(Exception):
    """A file took more of the processor than it may."""


def too_long(*_) -> None:
    raise TooLong


def piece(kind: str, good: str, seed: str, count: int) -> tuple[Counter, dict[str, bytes], float, int, int]:
    """Read ``count`` mutated files in this process, bounded; return kinds of failure, an input of each, the longest
    time, by how many bytes memory has grown at most, and how many bytes the files had."""
    torch.set_num_threads(1)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY,) * 2)
    signal.signal(signal.SIGPROF, too_long)
    before, findings, chance = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, Findings(), random.Random(seed)
    read_bytes = 0
    with tempfile.TemporaryDirectory(prefix="coamd-files-") as place:
        for _ in range(count):
            data, read = one(kind, Path(good), Path(place), chance)
            read_bytes += len(data)

            def reading(read: Callable[[], None] = read) -> None:
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                try:
                    read()
                except CoamdError as error:
                    assert error.hint and "\n" not in str(error), f"No remedy: {error}"
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)

            findings.watch(reading, data)
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    return findings.counts, findings.shown, findings.longest, grown, read_bytes


def pieces(count: int, kinds: tuple[str, ...], least: int, done: Counter) -> Iterator[tuple[int, str, int]]:
    """Yield number of the first file, kind, and how many files, until ``count`` are read, or ``least`` bytes of each
    kind, by what is ``done``."""
    size, first = min(PIECE, -(-count // len(kinds))), 0
    while first < count or least:
        kind = kinds[first // size % len(kinds)]
        if least and min(done[each] for each in kinds) >= least:
            return
        if done[kind] < least or not least:
            yield first, kind, size if least else min(size, count - first)
        first += size


def run(count: int, seed: int, kinds: tuple[str, ...] = KINDS, least: int = 0) -> tuple[Findings, int, Counter]:
    """Read ``count`` files of ``kinds``, or ``least`` bytes of each, the same for the same seed; return what was found,
    the most memory, and the bytes by kind."""
    findings, most, done = Findings(), 0, Counter()
    with tempfile.TemporaryDirectory(prefix="coamd-good-") as good:
        make_good(Path(good))
        context = multiprocessing.get_context("fork")
        for first, kind, number in pieces(count, kinds, least, done):
            with context.Pool(1) as pool:  # a process for each piece, so that one that is ended ends no other
                waiting = pool.apply_async(piece, (kind, good, f"{seed} {first}", number))
                try:
                    counts, shown, longest, grown, read_bytes = waiting.get(timeout=SECONDS * number)
                except (multiprocessing.TimeoutError, OSError) as error:
                    done[kind] += least  # on with the others
                    findings.note(RuntimeError(f"A process that reads {kind} was ended ({error})"), kind.encode())
                    continue
            for name, times in counts.items():
                findings.counts[f"{kind}: {name}"] += times
                findings.shown[f"{kind}: {name}"] = shown[name]
            findings.longest, most = max(findings.longest, longest), max(most, grown)
            done[kind] += read_bytes
    return findings, most, done


def main() -> int:
    """Print what was found; return 1 where anything was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="?", type=int, default=20_000)
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=KINDS, metavar="KIND")
    parser.add_argument("--megabytes", type=float, default=0.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    chosen, least = tuple(options.only or KINDS), round(1e6 * options.megabytes)
    findings, most, done = run(options.files, options.seed, chosen, least)
    kinds = findings.tell(options.out)
    for kind in chosen if least else ():
        print(f"{kind}: {done[kind] / 1e6:.1f} MB")
    told = "as many" if least else f"{options.files:,}"
    print(
        f"{told} files, {kinds} kinds of failure, longest {findings.longest:.2f} s, "
        f"memory grown by {most >> 20} MB at most"
    )
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
