"""Text to motion, without transport: load the weights once, then prompts in, joints out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from coamd_blender.errors import InputError, WeightsError
from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE, MAX_FRAMES, with_bone_lengths
from coamd_blender.wire import limits
from coamd_blender.wire.checks import check_seconds, tidy_prompt
from runtime import checkpoint
from runtime.cleanup.denoise import remove_tremor
from runtime.cleanup.joint_foot_lock import lock_joint_feet
from runtime.config import (
    FAST_CLIMBING_STEPS,
    FAST_LED_STEPS,
    FAST_SAMPLING,
    AutoencoderConfig,
    GeneratorConfig,
    SamplingConfig,
)
from runtime.generate.clause_reader import ClauseReader
from runtime.generate.examples import Examples, of_views, vectors_of
from runtime.generate.guidance import Guidance, Pusher, on_canonical_body
from runtime.generate.multi_action import blend_frames, clause_steps, clean_up, draw_clauses, pairs_of, parted
from runtime.generate.notes import notes_on
from runtime.generate.style import Wardrobe, Worn, report_rows
from runtime.generate.taught import SHARE, Nearness, Taught, beside_taught
from runtime.generate.vocabulary import Vocabulary, with_actions
from runtime.grammar.views import views
from runtime.grammar.wording import wording
from runtime.model.autoencoder import Autoencoder
from runtime.model.clip_text import SentenceEncoder, encoder_of
from runtime.model.devices import choose_device
from runtime.model.generator import MotionGenerator
from runtime.model.sampling import Known, Steer, StepReport, noise_of_seeds, sample
from runtime.model.text_encoder import TextEncoder, TextFeatures, alone, beside, padded
from runtime.weights import AUTOENCODER, GENERATOR, STUDENT, sha256
from runtime.weights import BUNDLED as WEIGHTS

# Distances from the captions that were learnt: up to which a sentence is like one, from which on it says less than what
# it is taken for says in a caption alone.
LEARNT, STRANGE = 0.24, 0.4
MOST_HEARD = 512  # sentences whose features are remembered
StepCallback = Callable[[int, int, Callable[[], np.ndarray]], None]


def frames_for(seconds: float) -> int:
    """Return the frame count, a multiple of 4, nearest to ``seconds``; InputError outside 0.5 to 9.8 s."""
    check_seconds(seconds)
    return min(MAX_FRAMES, FRAME_MULTIPLE * max(1, round(seconds * FPS / FRAME_MULTIPLE)))


class Generator:
    """The loaded networks. One instance serves many requests; it keeps no state between them."""

    def __init__(
        self,
        autoencoder: Autoencoder,
        networks: MotionGenerator,
        text_encoder: SentenceEncoder,
        device: torch.device | str,
    ):
        self.device = torch.device(device)
        self.autoencoder = autoencoder.eval().requires_grad_(False).to(self.device)
        self.networks = networks.eval().requires_grad_(False).to(self.device)
        self.text_encoder = text_encoder.eval().to(self.device)
        self.sampling = SamplingConfig()
        self.vocabulary: Vocabulary | None = None
        self._captioned: Vocabulary | None = None  # the vocabulary without the examples' actions
        self.examples: Examples | None = None
        self.clause_reader: ClauseReader | None = None
        self.digest = ""
        self.quality = "best"
        self._other_sampling = FAST_SAMPLING  # of the quality that is not chosen
        self._told_quality: list[str] = []  # why it is not the quality that was asked for
        self._student: MotionGenerator | None = None
        self._folder: Path | None = None  # that the networks were read from
        self._wardrobe: Wardrobe | None = None
        self._known: Vocabulary | None = None  # the vocabulary with the words of the styles that are worn
        self._taught: torch.Tensor | None = None  # vectors of those words
        self._clips: Taught | None = None  # what those styles show
        self._nearness: Nearness | None = None
        self._heard: dict[str, TextFeatures] = {}  # of single sentences, those asked for last at the end
        self._captions: dict[str, TextFeatures] = {}  # of all captions of the examples, once one was asked for

    @classmethod
    def load(cls, weights: Path | None = None, device: str = "auto") -> Generator:
        """Load the networks from a weights folder (the bundled one by default).

        Raises WeightsError for missing or torn files, InputError for a device that is not there.
        """
        folder = Path(weights) if weights is not None else WEIGHTS
        chosen = choose_device(device)
        autoencoder = checkpoint.network(
            folder / AUTOENCODER, "autoencoder", AutoencoderConfig, Autoencoder, "autoencoder"
        )
        networks = checkpoint.network(folder / GENERATOR, "generator", GeneratorConfig, MotionGenerator, "generator")
        if networks.config.token_dim != autoencoder.config.token_dim:
            raise WeightsError(
                f"{GENERATOR} draws tokens of {networks.config.token_dim} numbers, {AUTOENCODER} has "
                f"{autoencoder.config.token_dim}",
                "Use weights that were made together",
            )
        loaded = cls(autoencoder, networks, encoder_of(folder, networks.config.text_dim), chosen)
        loaded.examples = Examples.beside(folder, sha256(folder / AUTOENCODER))
        loaded.clause_reader = ClauseReader.beside(folder, loaded.text_encoder)
        loaded._captioned = Vocabulary.beside(folder)
        loaded.vocabulary = with_actions(loaded._captioned, loaded.examples)
        loaded.digest = sha256(folder / GENERATOR)
        loaded._folder = folder
        return loaded

    def draw_in(self, quality: str, cfg: float | None = None) -> None:
        """Have all that is made from now on be made in a ``quality`` of ``limits.QUALITIES``; call after :meth:`wear`.

        Trained styles, and a weight ``cfg`` beyond what the distilled networks have learnt, are drawn in "best" all the
        same, and so is everything without distilled networks of this generator (:meth:`told_quality`). Raises
        WeightsError when their file is torn.
        """
        hindrance = self._hindrance(cfg) if quality == "fast" else None
        self._told_quality = [f"Drawn in the quality best: {hindrance}"] if hindrance else []
        quality = "best" if hindrance else quality
        if quality != self.quality:
            self.quality, self.sampling, self._other_sampling = quality, self._other_sampling, self.sampling

    def told_quality(self) -> list[str]:
        """Return a line on why what is made is drawn in another quality than was asked for; none where it is not."""
        return list(self._told_quality)

    def _hindrance(self, cfg: float | None) -> str | None:
        """Return why fast cannot be drawn in; loads its networks where it can."""
        if self._wardrobe is not None and any(each.style.layers for each in self._wardrobe.worn):
            return "styles change the networks that draw in it"
        if cfg is not None and cfg > limits.LARGEST_FAST_WEIGHT:
            return f"fast goes up to a text weight of {limits.LARGEST_FAST_WEIGHT:g}"
        if self._student is None:
            self._student = self._distilled()
        return None if self._student else f"these weights have no {STUDENT} of their generator"

    def _distilled(self) -> MotionGenerator | None:
        path = None if self._folder is None else self._folder / STUDENT
        if path is None or not path.is_file():
            return None
        config, _, extra = checkpoint.load(path, "generator", GeneratorConfig)
        if not config.distilled or extra.get("made_for") != self.digest:
            return None
        student = checkpoint.network(path, "generator", GeneratorConfig, MotionGenerator, "student")
        return student.eval().requires_grad_(False).to(self.device)

    def wear(self, worn: Sequence[Worn]) -> None:
        """Have all that is made from now on be made with these styles, and no others; () takes them off, to the bit.

        Raises InputError, and changes nothing, for a style that was taught on other weights.
        """
        if self._wardrobe is None:
            self._wardrobe = Wardrobe(self.networks, self.digest, self.networks.config.token_dim)
        self._wardrobe.wear(worn)
        self._known, self._taught = self.vocabulary, None
        words = list(dict.fromkeys(word for each in worn if each.strength for word in each.style.config.words))
        self._clips = None
        if words and isinstance(self.text_encoder, TextEncoder):
            self._taught = self.vectors(words)
            self._clips = self._shown_by(worn)
            if self.vocabulary is not None:
                self._known = self.vocabulary.with_words(words, self.text_encoder(words).pooled)

    def _shown_by(self, worn: Sequence[Worn]) -> Taught | None:
        """Return the clips that ``worn`` show; None where they show none."""
        styles = [(clips, min(1.0, SHARE * each.strength)) for each in worn if each.strength > 0
                  if (clips := each.style.clips())]  # fmt: skip
        if not styles:
            return None
        if self._nearness is None:
            self._nearness = Nearness(self.examples, self.vocabulary)
        return Taught(styles, self._nearness, lambda texts: vectors_of(self.encode(texts)).cpu())

    def told_styles(self) -> list[str]:
        """Return a line for each style that is worn: its name and strength."""
        worn = () if self._wardrobe is None else self._wardrobe.worn
        return [f"In the style {each.style.config.name!r}, strength {each.strength:g}" for each in worn]

    def notes(self, prompts: Sequence[str]) -> list[str]:
        """Return lines on how ``prompts`` were read (notes.py); none without a vocabulary."""
        known = self._known or self.vocabulary
        if known is None or not isinstance(self.text_encoder, TextEncoder):
            return []
        return notes_on(self, known, prompts)

    def generate(
        self,
        prompts: list[str],
        frames: int,
        seeds: list[int],
        *,
        cfg: float | None = None,
        guidance: Guidance | None = None,
        on_step: StepCallback | None = None,
    ) -> np.ndarray:
        """Make one motion a prompt: float32 (count, frames, 22, 3), metres, Y up, 20 frames per second.

        ``frames`` is a multiple of 4 up to 196 (:func:`frames_for`); ``seeds`` has one entry a prompt, and the
        same prompt, frames and seed give the same motion whatever else is in the batch. ``cfg`` is the
        classifier-free guidance weight; ``guidance`` pulls every motion towards a reward (guidance.py). A prompt that
        tells several actions is drawn clause by clause (multi_action.py), but under guidance as a whole.
        ``on_step(step, steps, preview)`` is called after each autoregressive step; ``preview()`` decodes the coarse
        motion; an exception it raises stops the work. Raises InputError for counts and lengths that cannot be used.
        """
        if len(prompts) != len(seeds):
            raise InputError(f"{len(prompts)} prompts but {len(seeds)} seeds", "Give one seed a prompt")
        if frames % FRAME_MULTIPLE or not FRAME_MULTIPLE <= frames <= MAX_FRAMES:
            raise InputError(f"{frames} frames", f"Use a multiple of {FRAME_MULTIPLE} up to {MAX_FRAMES}")
        config = self.sampling if cfg is None else replace(self.sampling, guidance_weight=cfg)
        count = frames // FRAME_MULTIPLE
        if guidance is None:
            return self._generate_clauses([tidy_prompt(prompt) for prompt in prompts], count, seeds, config, on_step)
        clean = not guidance.places

        def report(step: int, steps: int, coarse: Callable[[], torch.Tensor]) -> None:
            on_step(step, steps, lambda: self._decode(coarse(), clean))

        steer = self.pusher(guidance)
        tokens = self.draw(prompts, count, seeds, config, steer=steer, on_step=report if on_step else None)
        return self._decode(tokens, clean)

    def _generate_clauses(
        self, prompts: list[str], count: int, seeds: list[int], config: SamplingConfig, on_step: StepCallback | None
    ) -> np.ndarray:
        """:meth:`generate` without guidance: prompts of as many clauses each are drawn together."""
        all_parts = parted(self, prompts, count) if config.by_clause else [[prompt] for prompt in prompts]
        groups: dict[int, list[int]] = {}
        for row, parts in enumerate(all_parts):
            groups.setdefault(len(parts), []).append(row)
        tokens = torch.zeros(len(prompts), count, self.networks.config.token_dim, device=self.device)
        blends = [blend_frames(len(parts), count) for parts in all_parts]
        progress, steps = itertools.count(1), sum(clause_steps(clause_count, config) for clause_count in groups)
        for rows in groups.values():

            def preview(coarse: Callable[[], torch.Tensor], rows: list[int]) -> np.ndarray:
                seen = tokens.clone()
                seen[rows] = coarse()
                return self._decode(seen, blends=blends)

            def report(coarse: Callable[[], torch.Tensor], rows: list[int] = rows, preview: Callable = preview) -> None:
                on_step(next(progress), steps, partial(preview, coarse, rows))

            chosen, its_seeds = [all_parts[row] for row in rows], [seeds[row] for row in rows]
            tokens[rows] = draw_clauses(self, chosen, count, its_seeds, config, report if on_step else None)
        return self._decode(tokens, blends=blends)

    def draw(
        self,
        prompts: list[str],
        count: int,
        seeds: list[int],
        config: SamplingConfig,
        *,
        text: TextFeatures | None = None,
        known: Known | None = None,
        steer: Steer | None = None,
        climbs: bool = True,
        on_step: StepReport | None = None,
    ) -> torch.Tensor:
        """Draw ``count`` normalised tokens a prompt: (prompts, count, token_dim).

        How, ``sample`` in model/sampling.py says. ``text`` are the prompts' features, where they are at hand. Prompts
        that ask for other styles than the rest are drawn apart, and only the last of such parts tells its steps; under
        ``steer`` all are drawn in the styles that any of them asks for. ``climbs``: it climbs a reward, a step a call.
        """
        noise, order = (part.to(self.device) for part in noise_of_seeds(seeds, count, self.networks.config.token_dim))
        told = [tidy_prompt(prompt) for prompt in prompts]
        if text is None:
            text, _ = self._read(told, self.asked(told))
        fast = self.quality == "fast"
        if fast and steer:
            config = replace(config, steps=FAST_CLIMBING_STEPS if climbs else FAST_LED_STEPS)
        networks = self._student if fast else self.networks
        parts = self._dressed(told, steer is not None)
        if len(parts) == 1:
            self._dress(parts[0][0])
            with torch.inference_mode():
                return sample(networks, text, noise, order, config, on_step, known, steer)
        drawn = torch.zeros_like(noise)
        for number, (some, rows) in enumerate(parts, start=1):
            self._dress(some)
            report = on_step if number == len(parts) else None
            if report:
                report = partial(report_rows, on_step, drawn, rows)
            own = None if known is None else Known(known.tokens[rows], known.given[rows])
            theirs = TextFeatures(*(part[rows] for part in text))
            with torch.inference_mode():
                drawn[rows] = sample(networks, theirs, noise[rows], order[rows], config, report, own)
        return drawn

    def _dressed(self, told: Sequence[str], together: bool) -> list[tuple[tuple[Worn, ...], list[int]]]:
        """Return which styles change the networks for which rows; the same for all where they go ``together``."""
        if self._wardrobe is None or not told:
            return [((), list(range(len(told))))]
        asked = [self._wardrobe.asked(prompt) for prompt in told]
        if together:
            asked = [tuple(each for each in self._wardrobe.worn if any(each in own for own in asked))] * len(told)
        parts: dict[tuple[int, ...], tuple[tuple[Worn, ...], list[int]]] = {}
        for row, own in enumerate(asked):
            parts.setdefault(tuple(map(id, own)), (own, []))[1].append(row)
        return list(parts.values())

    def _dress(self, some: tuple[Worn, ...]) -> None:
        if self._wardrobe is not None:
            self._wardrobe.put_on(some)

    def heard(
        self, clauses: list[str], count: int, seeds: list[int], free: Sequence[tuple[int, int]] | None = None
    ) -> tuple[TextFeatures, Known | None]:
        """Return the features of clauses and what is :meth:`shown` of them, for :meth:`draw`: both read at once.

        ``free`` says of how many of the first and last tokens of each clause nothing is shown.
        """
        told = [tidy_prompt(clause) for clause in clauses]
        asked = self.asked(told)
        text, vectors = self._read(told, asked)
        return text, self._example(told, asked, vectors, count, seeds, free)

    def shown(self, clauses: list[str], count: int, seeds: list[int]) -> Known | None:
        """Return what the networks are shown of an example of each clause (examples.py), each between others, for
        :meth:`draw`; None where that is nothing. What styles taught is shown by their own clips (taught.py)."""
        if self.examples is None and self._clips is None:
            return None
        told = [tidy_prompt(clause) for clause in clauses]
        vectors = self.vectors(told)
        return self._example(told, self.asked(told), vectors, count, seeds, between=True)

    def understood(self, prompt: str, frames: int) -> str:
        """Return a prompt for so many ``frames`` in words that the networks have learnt, clause by clause, where the
        examples know them; a recogniser judges a motion better by these than by a stranger's. What was taught stays."""
        if self.examples is None:
            return prompt
        (parts,) = parted(self, [tidy_prompt(prompt)], max(1, frames // FRAME_MULTIPLE))
        pairs = pairs_of(self, parts)
        told = [half for pair in pairs for half in pair[:2] if half]
        vectors = self.vectors(told).cpu()
        said = [
            self.examples.named(clause, vector) if taught is None else clause
            for clause, vector, taught in zip(told, vectors, self.asked(told), strict=True)
        ]
        halves = iter(said)
        whole = [" while ".join([next(halves), *(wording(next(halves)) for _ in pair.arms[:1])]) for pair in pairs]
        return ", then ".join([whole[0], *map(wording, whole[1:])])

    def asked(self, told: list[str]) -> list[str | None]:
        """Return which sentence that clips were taught by each clause asks for; None for none."""
        return [None] * len(told) if self._clips is None else self._clips.asked(told)

    def _words(self) -> torch.Tensor | None:
        """Return the vectors of what was taught without clips to show, for the examples to leave alone."""
        return self._taught if self._clips is None else None

    def _example(
        self,
        told: list[str],
        asked: list[str | None],
        vectors: torch.Tensor | None,
        count: int,
        seeds: list[int],
        free: Sequence[tuple[int, int]] | None = None,
        between: bool = False,
    ) -> Known | None:
        """Return what styles show of the clauses that ask for what they taught, and the examples of the others.

        ``vectors`` (clauses, dim) are None only where there are no examples. Of ``free`` first and last tokens of each
        nothing is shown; ``between`` says that other motion lies around them.
        """
        free = [(0, 0)] * len(told) if free is None else free
        own = None if self._clips is None else self._clips.shown(told, asked, count, seeds, free)
        rows = [row for row, wording in enumerate(asked) if wording is None]
        other = None
        if self.examples is not None and rows:
            clauses, their_seeds, theirs = ([each[row] for row in rows] for each in (told, seeds, free))
            other = self.examples.shown(
                clauses, vectors[rows], count, their_seeds, self._words(), theirs, between, self.are_learnt(clauses)
            )
        known = beside_taught(own, other, rows)
        return None if known is None else Known(*(part.to(self.device) for part in known))

    def pusher(self, guidance: Guidance, origin: torch.Tensor | None = None) -> Pusher:
        """Return the steering towards ``guidance``'s reward for one call of :meth:`draw`.

        The motions start at ``origin`` (prompts, 3), x and z in metres and the heading in radians; over (0, 0), facing
        +Z, without it.
        """
        return Pusher(lambda tokens: on_canonical_body(self.autoencoder.decode(tokens, origin)), guidance)

    def reconstruct(self, joints: np.ndarray) -> np.ndarray:
        """Encode and decode ``joints`` (frames, 22, 3), metres, frames a multiple of 4: the same shape, in the same
        place.
        """
        with torch.inference_mode():
            batch = torch.from_numpy(np.array(joints, dtype=np.float32))[None].to(self.device)
            return self.autoencoder.decode(*self.autoencoder.encode(batch))[0].cpu().numpy()

    def _read(self, prompts: list[str], asked: list[str | None]) -> tuple[TextFeatures, torch.Tensor | None]:
        """Return the features of each prompt and the unit vector (prompts, dim) of its bare wording, for the examples.

        Beside a prompt's own features stand those of the caption that says the same in the words that were learnt
        (examples.py), where there is one and a style was not ``asked`` for; instead of them, where the prompt is far
        from all captions. No vectors where there are no examples.
        """
        if self.examples is None:
            return self.encode(prompts), None
        both = self.encode([*prompts, *(view for prompt in prompts for view in views(prompt))])
        own, plain = (
            TextFeatures(*(part[rows] for part in both)) for rows in (slice(len(prompts)), slice(len(prompts), None))
        )
        vectors = of_views(vectors_of(plain))
        captions, strange = self._captioned_as(prompts, vectors, asked), self._are_strange(own)
        if any(captions):
            own = beside(own, self._said(captions), [bool(caption) for caption in captions], strange)
        return own, vectors

    def told_instead(self, clauses: list[str]) -> list[str]:
        """Return the caption that the networks are told instead of each clause; "" where they are told its words."""
        if self.examples is None:
            return [""] * len(clauses)
        told = [tidy_prompt(clause) for clause in clauses]
        captions = self._captioned_as(told, self.vectors(told), self.asked(told))
        return [text if far else "" for text, far in zip(captions, self._are_strange(self.encode(told)), strict=True)]

    def _captioned_as(self, prompts: list[str], vectors: torch.Tensor, asked: list[str | None]) -> list[str]:
        captions = self.examples.told(prompts, vectors, self._words())
        return [caption if wording is None else "" for caption, wording in zip(captions, asked, strict=True)]

    def are_learnt(self, clauses: list[str]) -> list[bool]:
        """Tell which clauses are like captions that the networks have learnt."""
        return [distance < LEARNT for distance in self._distances(self.encode(clauses))]

    def _are_strange(self, text: TextFeatures) -> list[bool]:
        """Tell which sentences are so far from all captions that the networks make more of a caption alone."""
        return [distance > STRANGE for distance in self._distances(text)]

    def _distances(self, text: TextFeatures) -> list[float]:
        """Return how far sentences are from the captions that were learnt; not a number where those are not known."""
        if self._captioned is None:
            return [math.nan] * len(text.pooled)
        return self._captioned.nearest(text.pooled.cpu())[0].tolist()

    def _said(self, captions: list[str]) -> TextFeatures:
        """Features of captions beside sentences, padded together; all there are, few, are read with the first."""
        if not self._captions.keys() >= set(captions):
            every = self.examples.every_caption()
            self._captions = dict(zip(every, alone(self.text_encoder(every)), strict=True))
        return padded([self._captions[caption] for caption in captions])

    def vectors(self, clauses: Sequence[str]) -> torch.Tensor:
        """Return unit vectors (n, dim) of ``clauses``, by which the examples know them."""
        return of_views(vectors_of(self.encode([view for clause in clauses for view in views(clause)])))

    def encode(self, prompts: list[str]) -> TextFeatures:
        """Features of each prompt, padded together; those asked for lately are remembered."""
        distinct = list(dict.fromkeys(prompts))
        heard = {prompt: self._heard.pop(prompt) for prompt in distinct if prompt in self._heard}
        unheard = [prompt for prompt in distinct if prompt not in heard]
        if unheard:
            heard.update(zip(unheard, alone(self.text_encoder(unheard)), strict=True))
        self._heard.update((prompt, heard[prompt]) for prompt in distinct)
        for oldest in list(self._heard)[: max(0, len(self._heard) - MOST_HEARD)]:
            del self._heard[oldest]
        return padded([heard[prompt] for prompt in prompts])

    def _decode(
        self, tokens: torch.Tensor, clean: bool = True, blends: Sequence[Sequence[int]] | None = None
    ) -> np.ndarray:
        """Return the joints of tokens, put on the canonical body (directions are the decoder's, bone lengths exact),
        without tremor and with standing feet that do not slide (runtime/cleanup) unless ``clean`` is False; not abrupt
        at the frames ``blends`` of each motion."""
        with torch.inference_mode():
            joints = with_bone_lengths(self.autoencoder.decode(tokens).float().cpu().numpy())
        if not clean:
            return joints
        blends = [()] * len(joints) if blends is None else blends
        return np.stack(
            [
                clean_up(motion, frames) if frames else lock_joint_feet(remove_tremor(motion))
                for motion, frames in zip(joints, blends, strict=True)
            ]
        )
