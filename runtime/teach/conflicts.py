"""Clips and sentences that do not go together, told before anything is trained: one sentence for motions that are
unlike, and sentences that are unlike for motions that are one. In a manner motions of one sentence may be unlike:
some recorded runs of one performer, in one manner, are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from torch import Tensor

from runtime.generate.alignment import laid_beside
from runtime.generate.examples import vectors_of
from runtime.generate.taught import Shown, manner_of, wordings_of
from runtime.grammar.wording import bare
from runtime.model.text_encoder import TextEncoder
from runtime.teach.lessons import Clip

# Mean distances of aligned tokens. Measured on eight gestures of UTD-MHAD (1st to 99th percentile): takes of one
# performer 2.5 to 6.5, one action of two performers 4.7 to 9.5, two actions 4.4 to 10.9.
UNLIKE = 10.0  # from which on two motions are not one action
ALIKE = 4.0  # up to which they are one
OTHER_WORDS = 0.5  # cosine of two sentences below which they are not one
_OF_AN_ACTION = "give them a sentence each"
_OF_A_MANNER = "if they show two actions, say of each what is done, and the manner in the same words"
_MOST = 4  # contradictions that are told of each kind


def contradictions(
    clips: Sequence[Clip],
    shown: Sequence[Shown],
    encoder: Callable[[list[str]], object],
    manner: bool | None = None,
) -> list[str]:
    """Return a line for each pair of clips that contradict one another, at most four of each kind.

    ``manner`` says whether the clips teach a manner and not an action; None that their sentences tell. The clips of a
    manner may be unlike. Where the sentences tell none all the same, one line says what they must.
    """
    first = {each.clip: each.tokens.float().numpy() for each in reversed(shown)}
    if not isinstance(encoder, TextEncoder) or len(first) < 2:
        return []
    wordings = list(dict.fromkeys(bare(sentence) for clip in clips for sentence in clip.sentences))
    vectors = dict(zip(wordings, vectors_of(encoder(wordings)), strict=True))
    unlike, alike = [], []
    for one, other in combinations(range(len(clips)), 2):
        if max(len(first[one]), len(first[other])) > 2 * min(len(first[one]), len(first[other])):
            continue  # of one performer's dance and its first step nothing can be said
        apart = min(laid_beside(first[one], first[other])[1], laid_beside(first[other], first[one])[1])
        names = f"{clips[one].path.name} and {clips[other].path.name}"
        if set(clips[one].sentences) & set(clips[other].sentences):
            if apart > UNLIKE:
                unlike.append(f"{names} are unlike, and one sentence tells both: ")
        elif apart < ALIKE and _nearest(clips[one], clips[other], vectors) < OTHER_WORDS:
            alike.append(f"{names} are alike, and their sentences are not: give them one sentence")
    is_told = bool(manner_of(wordings_of(shown)))
    if manner or (manner is None and is_told):
        unlike = [] if is_told else [line + _OF_A_MANNER for line in unlike[:1]]
    else:
        unlike = [line + _OF_AN_ACTION for line in unlike[:_MOST]]
    return unlike + alike[:_MOST]


def _nearest(one: Clip, other: Clip, vectors: dict[str, Tensor]) -> float:
    return max(
        float(vectors[bare(mine)] @ vectors[bare(theirs)]) for mine in one.sentences for theirs in other.sentences
    )
