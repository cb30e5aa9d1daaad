"""Make ``examples.safetensors``: the examples that the generator shows its networks first (generate/examples.py).

The examples are authored actions, several variants of each; the classifier learns from the actions' phrases, from
sentences of what the networks do from words alone, and from captions of recorded actions that nobody authored.
"""

from __future__ import annotations

import math
import re
import tomllib
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.interpolate import make_interp_spline
from torch.nn import functional

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FRAME_MULTIPLE, MAX_FRAMES, mirror, with_bone_lengths
from runtime import checkpoint
from runtime.authored import Authored, draw
from runtime.authored.captions import inflected
from runtime.authored.spec import Action, actions
from runtime.config import AutoencoderConfig
from runtime.data.dataset import Pool
from runtime.generate.examples import HASTENED, MOST_JUDGED, Examples, ExamplesConfig, vectors_of
from runtime.generate.together import possible, surest
from runtime.generate.vocabulary import representatives
from runtime.grammar import inflection
from runtime.grammar.wording import bare
from runtime.loop import encoding_progress
from runtime.model.autoencoder import Autoencoder
from runtime.model.text_encoder import TextEncoder
from runtime.recognize.recognizer import Recognizer
from runtime.weights import AUTOENCODER, sha256

PLAIN = Path(__file__).parents[1] / "captions" / "plain.toml"
KIND = "authored"  # of the pool's items, that the examples are not held against
RECORDED = ("single", "mirror", "segment")
OTHER = "other"  # the class of recorded actions that nobody authored
# Authored actions that the networks do from words alone, and the family of plain.toml that their phrases tell of.
FROM_WORDS = {
    "walk_forward": "walk", "brisk_walk": "walk_quickly", "walk_backward": "backwards", "sit_chair": "sit",
    "bow": "bow", "stand_up_chair": "stand_up", "squat_down": "crouch", "crawl": "crawl", "wave": "wave",
    "jump_in_place": "jump", "jump_forward": "jump_forward", "front_kick": "kick", "soccer_kick": "kick",
    "jab": "punch", "cross_punch": "punch", "punch_combo": "punch", "stand_still": "idle", "shift_weight": "idle",
}  # fmt: skip
# Families of plain.toml that examples are shown of all the same, and the authored actions that these are of.
SHOWN_AS = {"punch": ("jab", "cross_punch", "punch_combo"), "idle": ("stand_still",)}
BY_BOTH = ("punch_combo",)  # of these, that which both hands do: no blow of one side
# Families of recordings whose captions tell of several families of plain.toml, and the words that they are known by.
PARTED = {
    "jump": {
        "jump_up_and_down": re.compile(r"\b(?:up and down|repeatedly|several|again|keeps?|in a row)\b"),
        "jump_forward": re.compile(r"\b(?:forwards?|ahead|over|across|long|onto|off)\b"),
    }
}
# Actions that sentences tell apart by single words alone, which say how they end: the class that they go by, the words.
TOLD_APART = {"roll_over": ("roll_over", "face down"), "roll_over_onto_back": ("roll_over", "face up")}
# Families that arms do alone, beside the authored actions of the upper body; and what may be done while arms do
# something else: gaits, and these families and actions. Some gaits say themselves what arms do.
BY_ARMS = ("wave", "raise")
BODIES = (
    "walk", "walk_quickly", "walk_slowly", "run", "backwards", "sit", "stand_up", "crouch", "turn", "jump",
    "jump_forward", "jump_up_and_down", "dance", "kneel_one", "kneel_both", "sit_on_heels", "sit_idle",
    "cross_leg_chair", "sit_floor", "sit_cross_legged", "stand_on_one_leg", "turn_around", "spin_around", "high_knees",
    "squats", "squat_jumps", "lunges", "lunges_alternating",
)  # fmt: skip
# What goes along a path: the side that a sentence says of these is where it bends.
ALONG_A_PATH = ("walk", "walk_quickly", "walk_slowly", "run", "turn")
ON_ALL_FOURS = ("crawl", "bear_crawl", "army_crawl")
WITH_ARMS = ("carry_walk", "carry_shoulder", "carry_suitcases", "walk_hands_behind", "rope_jumping", "zombie_walk")
DRAWN, KEPT = 40, 16  # variants of an action that are drawn; that are kept, half as many of each side
HELD = ("quarter_turn", "turn_around")  # whose end may be stood in for long: three times as many, so that all times
MORE = 3  # find several that fill them, for else the networks turn on
BETTER = 0.5  # share of a side's variants that are chosen from, as they are judged
JUDGED_BY = 8  # phrases of an action that a recogniser finds its variants by
SHORTEST = 20  # frames
# What is done once is also shown up to HASTE times as fast, in QUICK frames or more: in a short time it is then whole.
HASTE, QUICK = 1.5, 48
AT_THEIR_PACE = ("gaits", "sports")  # categories that are not hastened
BRIEF = {"jab": 36}  # but for these, down to so many frames: they are short enough between clauses then
MOST_CAPTIONS, MOST_OTHERS = 400, 1500  # of a family that the networks do from words; of what nobody authored
UNLIKE, NOT_LIKE = 0.9, 0.7  # cosine to a phrase of an action from which on a caption of these is no counterexample
_STANDS_ON = re.compile(r"\bon (?:the|\{their\}) \{other\} (?:leg|foot)\b")
PLAINEST, WIDEST = 6, 6  # phrases of an action that are kept to tell what is near: its first ones, and others afar
NARROW = 80  # numbers that sentences are compared by
FITS, NOISE, SCALE, STEPS, BATCH, RATE = 4, 0.7, 30.0, 800, 1024, 0.02


def make_examples(prepared: Path, run: Path, *, weights: Path) -> Path:
    """Write the examples to ``run``; return the file's path.

    ``weights`` holds the autoencoder, the text encoder and the recogniser; the captions of recordings come from the
    pool in ``prepared``. Raises DataError without a pool, WeightsError without the networks.
    """
    autoencoder, encoder = _autoencoder(Path(weights)), TextEncoder.load(weights)
    pool = Pool.load(Path(prepared) / "pool" / "train")
    names = shown_names()
    encoded = _encoded(encoder)
    classes, vectors, labels, first = _sentences(names, pool, encoded)
    phrases = torch.cat([_called(vectors[labels == number], first[labels == number]) for number in range(len(names))])
    owner, told, tokens, begins = [], [], [], []
    judge = Judge(Recognizer.load(weights), autoencoder)
    for number, name in enumerate(names):
        for variant in shown_variants(name, judge):
            owner.append(number)
            told.append(told_of(variant))
            tokens.append(_tokens(autoencoder, variant.joints))
            begins.append(variant.core[0] // FRAME_MULTIPLE)
        print(f"examples: {number + 1} of {len(names)} actions", flush=True)
    weight, bias = fitted(vectors, labels, len(classes))
    made_for = sha256(Path(weights) / AUTOENCODER)
    basis, known, sentences = neighbours(vectors, vectors[first], labels[first], len(classes))
    lengths = tuple(map(len, tokens))
    captions, sided = captions_of(classes)
    arms, bodies, paths = at_once(classes)
    config = ExamplesConfig(
        tuple(names),
        tuple(owner),
        tuple(told),
        lengths,
        made_for,
        captions,
        sided,
        known,
        tuple(begins),
        arms,
        bodies,
        paths,
    )
    tensors = {"weight": weight, "bias": bias, "phrases": phrases, "tokens": torch.cat(tokens)}
    tensors |= {"basis": basis, "sentences": sentences}
    examples = Examples(config, tensors)
    examples = Examples(replace(config, compounds=compounds(examples, classes, encoded)), tensors)
    Path(run).mkdir(parents=True, exist_ok=True)
    return examples.save(run)


def at_once(classes: Sequence[str]) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return the numbers of the classes that arms do alone, of those that leave arms free, and of those that go along a
    path."""
    by_arms = {class_of(action.name) for action in actions().values() if action.upper} | set(BY_ARMS)
    gaits = {class_of(action.name) for action in actions().values() if action.category == "gaits"}
    bodies = gaits - set(ON_ALL_FOURS) | set(BODIES)
    return tuple(
        tuple(number for number, name in enumerate(classes) if name in own)
        for own in (by_arms, bodies - by_arms, set(ALONG_A_PATH))
    )


def compounds(
    examples: Examples, classes: Sequence[str], encoded: Callable[[list[str]], torch.Tensor]
) -> tuple[tuple[int, int], ...]:
    """Return which classes tell of something that arms do in sentences of their own: pairs of their numbers.

    "Walks with the hands behind the back" is an action of its own, and no walk with something laid over it.
    """
    config = examples.config
    alone = {*config.arms, *config.bodies} - {number for number, name in enumerate(classes) if name in WITH_ARMS}
    told = [(classes.index(class_of(action.name)), said(phrase)[0]) for action, phrase in _phrases()]
    rows = [(number, pairs) for number, text in told if number not in alone and (pairs := possible(text))]
    texts = sorted({bare(half) for _, pairs in rows for pair in pairs for half in pair[:2]})
    judged = {}
    for first in range(0, len(texts), MOST_JUDGED):
        part = texts[first : first + MOST_JUDGED]
        judged |= dict(zip(part, examples.likeliest(encoded(part)), strict=True))
    found = ((number, surest(pairs, examples, judged)) for number, pairs in rows)
    return tuple(sorted({(number, arms) for number, one in found if one for arms in one[1:]}))


def shown_names() -> list[str]:
    """Return what examples are shown of: authored actions, and families of plain.toml."""
    return [*(name for name in actions() if name not in FROM_WORDS and class_of(name) == name), *SHOWN_AS]


def class_of(name: str) -> str:
    """Return the class that the phrases of an authored action tell of: most often its own."""
    return TOLD_APART[name][0] if name in TOLD_APART else FROM_WORDS.get(name, name)


def shown_variants(name: str, judge: Judge | None = None) -> list[Authored]:
    """Return the variants that are shown of an action or family, the better ones as a ``judge`` finds them."""
    own = SHOWN_AS.get(name) or [each for each, (one, _) in TOLD_APART.items() if one == name] or (name,)
    shown = [variant for each in own for variant in variants(each, judge)[:: len(own)]]
    shortest = {(variant.name, variant.side): variant for variant in sorted(shown, key=lambda one: -len(one.joints))}
    shown += [quick for variant in shortest.values() if (quick := hastened(variant)) is not None]
    return shown + ([] if name not in SHOWN_AS else _evened(shown))


def _evened(shown: Sequence[Authored]) -> list[Authored]:
    """Return the mirror image of the shortest of variants that are ``shown`` of one side, where the other side has none
    as short: between clauses there may be room for no other."""
    left, right = (
        min((one for one in shown if one.side == side), key=_shown_tokens, default=None) for side in ("left", "right")
    )
    if left is None or right is None or _shown_tokens(left) == _shown_tokens(right):
        return []
    return [mirrored(min(left, right, key=_shown_tokens))]


def _shown_tokens(variant: Authored) -> int:
    """How many tokens a variant takes without the standing before it."""
    return len(variant.joints) // FRAME_MULTIPLE - variant.core[0] // FRAME_MULTIPLE


def mirrored(variant: Authored) -> Authored:
    """Return the mirror image of a variant that is done with one side."""
    other = {"left": "right", "right": "left"}
    told = {slot: other.get(word, word) for slot, word in variant.told.items()}
    captions = [inflection.mirrored(caption) for caption in variant.captions]
    return replace(variant, joints=mirror(variant.joints), captions=captions, side=other[variant.side], told=told)


def hastened(variant: Authored) -> Authored | None:
    """Return a variant of what is done once, faster; None for repeats, for what has its pace, and for what is about as
    short already."""
    frames, keeps_pace = len(variant.joints), variant.category in AT_THEIR_PACE and variant.name not in BRIEF
    fewer = max(BRIEF.get(variant.name, QUICK), math.ceil(frames / HASTE / FRAME_MULTIPLE) * FRAME_MULTIPLE)
    if variant.count > 1 or keeps_pace or fewer > frames - 2 * FRAME_MULTIPLE:
        return None
    times = np.linspace(0, frames - 1, fewer)
    joints = with_bone_lengths(make_interp_spline(np.arange(frames), variant.joints, k=3)(times))
    core = tuple(round(frame * fewer / frames) for frame in variant.core)
    return replace(variant, joints=joints.astype(np.float32), core=core, told=variant.told | {"haste": HASTENED})


def _called(vectors: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    """Return what PLAINEST + WIDEST sentences (n, dim) of an action mean together, without their single words.

    The result is (PLAINEST + WIDEST, dim / 2). ``first`` (n,) bool are the first forms of phrases, plainest first.
    """
    chosen = torch.cat([vectors[first][:PLAINEST], vectors[representatives(vectors, WIDEST)]])
    return functional.normalize(chosen[:, : vectors.shape[1] // 2], dim=1)


def told_of(variant: Authored) -> str:
    """Return the side, count and speed of a variant in words, the leg it stands on where its phrases say so, and how it
    ends where that tells it from another action."""
    told = [variant.told.get(slot, "") for slot in ("side", "times", "speed", "haste")]
    if variant.name in BY_BOTH:
        told[0] = "both hands"
    if any(_STANDS_ON.search(phrase) for phrase in actions()[variant.name].phrases):
        told.append(f"on the {variant.told['other']} leg")
    if variant.name in TOLD_APART:
        told.append(TOLD_APART[variant.name][1])
    return " ".join(told)


# --- sentences --------------------------------------------------------------------------------------------------------


def said(phrase: str) -> list[str]:
    """Return the sentences of a phrase that tell no side, count or speed: in the third person, as an order and as a
    gerund, without a subject."""
    text = (
        phrase.replace("{side}", "left").replace("{other}", "left").replace("{n:", "{")
    )  # bare, they go, or are nouns
    for slot in ("times", "speed", "count"):
        text = text.replace(f"{{{slot}}}", "")
    text = " ".join(text.replace("{", "").replace("}", "").split())
    if "*" not in text:
        return [bare(text)]
    return [bare(inflected(text, "someone", form)) for form in ("third", "imperative", "gerund")]


def captions_of(classes: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return for each class the caption that tells of it, and that which tells of one side; "" where it has none."""
    plain = tomllib.loads(PLAIN.read_text(encoding="utf-8"))
    rows = [plain.get(name, {}) for name in classes]
    return tuple(row.get("caption", "") for row in rows), tuple(row.get("sided", "") for row in rows)


def _sentences(
    names: Sequence[str], pool: Pool, encoded: Callable[[list[str]], torch.Tensor]
) -> tuple[list[str], torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the classes, and the unit vectors (n, dim) and classes (n,) of the sentences that tell of them.

    The last says which sentences (n,) bool are the first form of theirs.
    """
    plain = {name: row["phrases"] for name, row in tomllib.loads(PLAIN.read_text(encoding="utf-8")).items()}
    classes = [*names, *(name for name in plain if name not in names), OTHER]
    told = [(class_of(action.name), phrase) for action, phrase in _phrases()]
    told += [(name, phrase) for name, phrases in plain.items() for phrase in phrases]
    own = [(text, name, form == 0) for name, phrase in told for form, text in enumerate(said(phrase))]
    vectors, labels = encoded([text for text, _, _ in own]), torch.tensor([classes.index(name) for _, name, _ in own])
    captions = _captions(pool, set(plain))
    theirs = encoded([text for text, _ in captions])
    their_labels = torch.tensor([classes.index(name) for _, name in captions])
    known = vectors[labels < len(names)]
    near = torch.cat([(part @ known.T).amax(dim=1) for part in theirs.split(512)])
    unlike = near < torch.where(their_labels == classes.index(OTHER), NOT_LIKE, UNLIKE)
    first = torch.cat([torch.tensor([first for _, _, first in own]), torch.ones(int(unlike.sum()), dtype=torch.bool)])
    return classes, torch.cat([vectors, theirs[unlike]]), torch.cat([labels, their_labels[unlike]]), first


def _phrases() -> Iterator[tuple[Action, str]]:
    for action in actions().values():
        for phrase in action.phrases:
            yield action, without_options(action, phrase)


def without_options(action: Action, phrase: str) -> str:
    for option in action.options[:1]:
        for name, value in option.items():
            phrase = phrase.replace(f"{{{name}}}", value if isinstance(value, str) else "")
    return phrase


def _captions(pool: Pool, plain: set[str]) -> list[tuple[str, str]]:
    """Return captions of recordings, bare, with the class they belong to: a family of ``plain``, or OTHER."""
    authored = {item["family"] for item in pool.items if item["kind"] == KIND}
    rows: dict[str, set[str]] = defaultdict(set)
    for item in pool.items:
        if item["kind"] in RECORDED and (item["family"] in plain or item["family"] not in authored):
            for row in item["captions"]:
                text = bare(pool.captions[row])
                rows[_part_of(item["family"], text) if item["family"] in plain else OTHER].add(text)
    rng, found = np.random.default_rng(0), []
    for name, own in sorted(rows.items()):
        texts = sorted(own)
        most = MOST_OTHERS if name == OTHER else MOST_CAPTIONS
        found += [(texts[place], name) for place in rng.permutation(len(texts))[:most]]
    return found


def _part_of(family: str, caption: str) -> str:
    """Return which family of plain.toml a bare caption of a recorded ``family`` tells of."""
    return next((part for part, words in PARTED.get(family, {}).items() if words.search(caption)), family)


def _encoded(encoder: TextEncoder, batch: int = 256) -> Callable[[list[str]], torch.Tensor]:
    progress = encoding_progress("sentences")

    def encoded(texts: list[str]) -> torch.Tensor:
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))  # a batch is as long as its longest
        parts = []
        for first in range(0, len(texts), batch):
            parts.append(vectors_of(encoder([texts[row] for row in by_length[first : first + batch]])))
            progress(min(first + batch, len(texts)), len(texts))
        return torch.cat(parts)[torch.tensor(by_length).argsort()]

    return encoded


def fitted(vectors: torch.Tensor, labels: torch.Tensor, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Fit a linear classifier; return its weights (classes, dim) and biases (classes,), for logits.

    ``vectors`` (n, dim) are unit vectors with ``labels`` (n,). It is the mean of FITS, which differ by what they happen
    to see.
    """
    fits = [_fit(vectors, labels, classes, seed) for seed in range(FITS)]
    weights, biases = (torch.stack(parts).mean(dim=0) for parts in zip(*fits, strict=True))
    return SCALE * weights, biases


def _fit(vectors: torch.Tensor, labels: torch.Tensor, classes: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Fit once, as :func:`fitted` does.

    It begins at the classes' means, and sees every vector with noise of length NOISE, for other people's words lie
    about as far from those it learns. Rare classes count more by the root of their rarity.
    """
    chance = torch.Generator().manual_seed(seed)
    dim = vectors.shape[1]
    means = functional.normalize(torch.zeros(classes, dim).index_add_(0, labels, vectors), dim=1)
    weight, bias = means.requires_grad_(), torch.zeros(classes, requires_grad=True)
    counts = torch.bincount(labels, minlength=classes).clamp(min=1).float()
    importance = (counts.mean() / counts).sqrt()
    optimizer = torch.optim.AdamW([weight, bias], lr=RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        rows = torch.randint(len(labels), (BATCH,), generator=chance)
        noise = torch.randn(BATCH, dim, generator=chance) * NOISE / dim**0.5
        seen = functional.normalize(vectors[rows] + noise, dim=1)
        loss = functional.cross_entropy(SCALE * seen @ weight.T + bias, labels[rows], weight=importance)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return weight.detach(), bias.detach()


def neighbours(
    vectors: torch.Tensor, sentences: torch.Tensor, labels: torch.Tensor, classes: int
) -> tuple[torch.Tensor, tuple[int, ...], torch.Tensor]:
    """Return what sentences are compared with: a basis (dim, NARROW), how many there are of each class, and their unit
    vectors (m, NARROW) in it, the first class first.

    The basis are the principal axes of ``vectors`` (n, dim); ``labels`` (m,) are the classes of ``sentences`` (m, dim).
    """
    _, axes = torch.linalg.eigh((vectors.T @ vectors).double())
    basis = axes[:, -NARROW:].float()
    order = labels.argsort(stable=True)
    known = tuple(torch.bincount(labels, minlength=classes).tolist())
    return basis, known, functional.normalize(sentences[order] @ basis, dim=1)


# --- motion -----------------------------------------------------------------------------------------------------------


class Judge:
    """What is left of an action once the autoencoder has written it: how surely it is recognised, how near it comes."""

    def __init__(self, recognizer: Recognizer, autoencoder: Autoencoder):
        self.recognizer, self.autoencoder = recognizer, autoencoder

    def __call__(self, variants: Sequence[Authored]) -> np.ndarray:
        """Return how good ``variants`` of one action are, (n,): the sum of their ranks by a recogniser that is asked
        for the action's phrases, and by the largest error of a joint about the pelvis in 98 of 100 frames."""
        action = actions()[variants[0].name]
        told = [said(without_options(action, phrase))[0] for phrase in action.phrases[:JUDGED_BY]]
        written = [self._written(variant.joints[:MAX_FRAMES]) for variant in variants]
        found = self.recognizer.embed_motions(written) @ self.recognizer.embed_texts(told).mean(axis=0)
        off = [
            np.linalg.norm(_about_pelvis(one) - _about_pelvis(variant.joints[: len(one)]), axis=-1).max(axis=1)
            for one, variant in zip(written, variants, strict=True)
        ]
        errors = np.array([np.percentile(each, 98) for each in off])
        return found.argsort().argsort() + (-errors).argsort().argsort()

    @torch.no_grad()
    def _written(self, joints: np.ndarray) -> np.ndarray:
        whole = len(joints) // FRAME_MULTIPLE * FRAME_MULTIPLE
        coded = self.autoencoder.encode(torch.from_numpy(joints[:whole].copy())[None])
        return with_bone_lengths(self.autoencoder.decode(*coded)[0].numpy())


def _about_pelvis(joints: np.ndarray) -> np.ndarray:
    return joints - joints[:, :1]


def variants(name: str, judge: Judge | None = None) -> list[Authored]:
    """Return up to KEPT variants of an authored action, of HELD ones MORE times as many: of both sides, each with all
    counts, short and long.

    Of each side they are the better ones, as a ``judge`` finds them. The variants do not depend on the phrases.
    """
    more = MORE if name in HELD else 1
    drawn = [draw(np.random.default_rng([zlib.crc32(name.encode()), number]), name) for number in range(DRAWN * more)]
    scores = np.zeros(len(drawn)) if judge is None else judge(drawn)
    sides: dict[str, list[tuple[float, Authored]]] = defaultdict(list)
    for score, variant in zip(scores, drawn, strict=True):
        if SHORTEST <= len(variant.joints) <= MAX_FRAMES:
            sides[variant.side].append((score, variant))
    if not sides:
        raise DataError(f"No variant of {name} is {SHORTEST} to {MAX_FRAMES} frames long", "Correct its times")
    kept = []
    for own in sides.values():
        most = more * KEPT // len(sides)
        better = sorted(own, key=lambda row: -row[0])[: max(most, round(BETTER * len(own)))]
        kept += _spread(sorted((variant for _, variant in better), key=lambda variant: len(variant.joints)), most)
    return kept


def _spread(by_length: list[Authored], most: int) -> list[Authored]:
    """Choose ``most``: of each count the shortest, then of each the longest, then those between."""
    counts: dict[str, list[Authored]] = defaultdict(list)
    for variant in by_length:
        counts[variant.told.get("times", "")].append(variant)
    orders = [[own[0], *reversed(own[1:])] for own in counts.values()]
    turns = [order[turn] for turn in range(len(by_length)) for order in orders if turn < len(order)]
    return turns[:most]


def _autoencoder(weights: Path) -> Autoencoder:
    """Load the autoencoder alone: examples that lie beside it may be of another one."""
    config, tensors, _ = checkpoint.load(weights / AUTOENCODER, "autoencoder", AutoencoderConfig)
    autoencoder = Autoencoder(config)
    checkpoint.load_module(autoencoder, tensors, "autoencoder")
    return autoencoder.eval()


@torch.no_grad()
def _tokens(autoencoder: Autoencoder, joints: np.ndarray) -> torch.Tensor:
    """Return the normalised tokens (count, token_dim) of joints (frames, 22, 3), metres."""
    whole = len(joints) // FRAME_MULTIPLE * FRAME_MULTIPLE
    return autoencoder.encode(torch.from_numpy(joints[:whole].copy())[None])[0][0]
