"""One edited range of one clip: onto the canonical body at 20 frames a second, drawn there, and back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from coamd_blender.errors import InputError
from coamd_blender.motion.kinematics import bone_lengths
from coamd_blender.motion.signals import catmull_rom
from coamd_blender.motion.skeleton import BODY_PARTS, FPS, FRAME_MULTIPLE, JOINT_COUNT, JOINT_INDEX, with_bone_lengths
from runtime.cleanup.blend import Body, Target, holding, through
from runtime.cleanup.denoise import remove_tremor
from runtime.cleanup.joint_foot_lock import lock_joint_feet
from runtime.config import TRAVEL_DIM, SamplingConfig
from runtime.edit import ends, root_trajectory, way
from runtime.edit.by_itself import drawn_alone, is_apt, parts_of, room_in
from runtime.edit.latents import MotionAutoencoder
from runtime.edit.task import Edit
from runtime.edit.window import Grid, windows
from runtime.formats.placing import floor_height, resting_height
from runtime.generate.examples import LEAD, laid_into
from runtime.generate.generator import Generator
from runtime.generate.guidance import Guidance
from runtime.generate.multi_action import clause_steps, for_passages
from runtime.generate.rewards import foot_contact, joint_targets, weighted
from runtime.model.sampling import Known, Steer

POSE_SECONDS = 0.4  # a pose that is asked for bends the motion this long before and after
POSE_ERROR = 0.01  # m
NO_PROMPT = "a person moves"
OWN_STRENGTH = 1.0
# Times the usual guidance by the text: where a path or poses say what happens between frames that stay, less is calmer,
# and feet slide less; with a layer skipped there, a hand that is held at a place leaps to it.
INSISTED, LED = 1.25, 0.6
STAND_SECONDS = 1.0  # of what is kept on either side that tell where feet stand
MISPLACED = 0.05  # m: what is made anew and rests no further off the floor was meant to rest on it
LANDED, LANDINGS = 0.0002, 10  # m: how near it comes to rest, and in how many rounds at most
_LEGS = [JOINT_INDEX[name] for name in BODY_PARTS["legs"]]
_ROUGH_ROUNDS, _EXACT_ROUNDS = 40, 400

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class RangeEdit:
    """One range of one clip, on the canonical body at 20 frames a second and back."""

    joints: np.ndarray  # the clip, float64
    fps: float
    task: Edit
    kept: tuple[bool, bool]  # whether there are frames to join before and after the range
    seen: tuple[int, int]  # first frame of the clip that may be looked at, and one past the last
    body: Body
    grid: Grid
    window: np.ndarray  # (4 * tokens, 22, 3) canonical; in the range the clip's own motion
    shown: np.ndarray  # (4 * tokens,) bool: frames of the window that are kept, spare ones of tokens included

    @classmethod
    def of(
        cls, joints: np.ndarray, fps: float, task: Edit, before: tuple[int, int], after: tuple[int, int]
    ) -> RangeEdit:
        """Set out an edit of ``joints`` (frames, 22, 3) in any unit.

        ``before`` and ``after`` are the frames [start, stop) beside the range that may be looked at.
        """
        seen = np.concatenate([joints[slice(*before)], joints[slice(*after)]])
        if len(seen) < STAND_SECONDS * fps:  # too little to stand on: what is made anew tells of the floor, too
            seen = np.concatenate([joints[slice(*before)], joints[task.start : task.stop], joints[slice(*after)]])
        at_20 = catmull_rom(seen, np.arange(0, len(seen), fps / FPS))
        body = Body.of(joints, floor_height(at_20), max(0, task.start - 1))
        grid = Grid.of(fps, task, before, after)
        canonical, at, tiny = body.to_canonical(joints), grid.times() * fps, 1e-6
        low = int((at <= task.start - 1 + tiny).sum()) if before[1] > before[0] else 0
        high = int((at < task.stop - tiny).sum()) if after[1] > after[0] else len(at)
        edges = [0, low, high, len(at)]
        inner = (max(0, task.start - 1), min(len(joints), task.stop + 1))
        pieces = [
            catmull_rom(canonical[first:last], at[low:high] - first)
            for (first, last), low, high in zip((before, inner, after), edges[:-1], edges[1:], strict=True)
            if high > low
        ]
        kept = (before[1] > before[0], after[1] > after[0])
        shown = np.ones(len(at), bool)
        shown[low:high] = False
        return cls(joints, fps, task, kept, (before[0], after[1]), body, grid, np.concatenate(pieces), shown)

    @property
    def _inside(self) -> slice:
        return slice(self.grid.before, self.grid.before + self.grid.missing)

    @property
    def _blends(self) -> bool:
        """Whether the window is made to meet what is kept before it goes back to the clip: where all of it is shown."""
        shown = (self.grid.before > 0, self.grid.after > 0)
        return shown == self.kept and not self.task.held().any()

    @property
    def _layered(self) -> bool:
        """Whether what is made anew is laid over pelvis and legs that stay. It is drawn as if they were free, in the
        moving frame, and carried by their root trajectory: people who wave stand, and walking legs would talk the arms
        out of it."""
        held = self.task.held()
        return bool(held[[0, *_LEGS]].all()) and not self.task.targets

    # --- tokens ---------------------------------------------------------------------------------------------------

    def draw(self, generator: Generator, guidance: Guidance | None, on_step: Report | None) -> np.ndarray:
        """Draw the range and return the window (4 * tokens, 22, 3), metres, on the canonical body."""
        coder = MotionAutoencoder(generator)
        tokens, given, origin, end = self._known(coder)
        travel = tokens[:, -TRAVEL_DIM:].clone()
        plan = windows(self.grid.before, self.grid.missing, self.grid.after)
        if guidance is None:
            guidance = self._own_guidance(generator.device, len(plan) == 1)
        for number, (first, last, done) in enumerate(plan):
            start = root_trajectory.integrate(coder.travel(tokens[:first]), origin)[-1]
            known = Known(tokens[None, first:last], given[None, first:last])
            if self.task.prompted and guidance is None and len(plan) == 1 and is_apt(known):
                drawn = self._by_itself(generator, known, on_step)
            else:
                aim = end if len(plan) == 1 else None
                steer = self._steer(generator, coder, guidance, first, start, aim, given[first:last])
                drawn = self._in_context(generator, known, steer, guidance is not None, (number, len(plan)), on_step)
            tokens[first:done], given[first:done] = drawn[: done - first], True
        if self._layered:
            tokens[:, -TRAVEL_DIM:] = travel
        return self._window(coder, tokens, origin, end)

    def _by_itself(self, generator: Generator, known: Known, on_step: Report | None) -> torch.Tensor:
        """Draw what the prompt says alone, then what leads from what is ``known`` into it and out of it: tokens (count,
        dim). Where it has to end they do not know: the range as a whole is led there (:meth:`_window`)."""
        prompt, seed, config = self.task.prompt.strip(), self.task.seed, generator.sampling
        if self.task.cfg is not None:
            config = replace(config, guidance_weight=self.task.cfg)
        between, clock = for_passages(config), itertools.count(1)
        parts = parts_of(generator, prompt, known)
        steps = clause_steps(len(parts), config) + between.steps

        def report(*_: object) -> None:
            on_step(next(clock), steps)

        told = report if on_step else None
        said = drawn_alone(generator, known, parts, seed, config, told)
        return generator.draw([prompt], known.given.shape[1], [seed], between, known=said, on_step=told)[0].clone()

    def _in_context(
        self,
        generator: Generator,
        known: Known,
        steer: Steer | None,
        climbs: bool,
        window: tuple[int, int],
        on_step: Report | None,
    ) -> torch.Tensor:
        """Draw what is not ``known`` beside what is, in one ``window`` (number, of how many): tokens (count, dim).
        ``climbs``: whether ``steer`` climbs a reward."""
        (number, windows_in_all), seed = window, self.task.seed + window[0]
        if self.task.prompted:
            known = self._with_example(generator, known, seed)

        def report(step: int, steps: int, _: Callable) -> None:
            on_step(number * steps + step, windows_in_all * steps)

        return generator.draw(
            [self.task.prompt.strip() or NO_PROMPT],
            known.given.shape[1],
            [seed],
            self._sampling(generator.sampling),
            known=known,
            steer=steer,
            climbs=climbs,
            on_step=report if on_step else None,
        )[0].clone()

    def _sampling(self, usual: SamplingConfig) -> SamplingConfig:
        """Return how the range is drawn in context, where drawing is by the ``usual`` otherwise."""
        if not self.task.prompt.strip():
            return replace(usual, guidance_weight=0.0, guidance_rescale=0.0)
        if self.task.cfg is not None:
            return replace(usual, guidance_weight=self.task.cfg)
        if self.task.prompted:
            return replace(usual, guidance_weight=INSISTED * usual.guidance_weight)
        if all(self.kept) and not self.task.held().any():
            return replace(usual, guidance_weight=LED * usual.guidance_weight, skipped=())
        return usual

    def _with_example(self, generator: Generator, known: Known, seed: int) -> Known:
        """Return what is ``known`` of a window (1, count, dim) with an example of the prompt where nothing is.

        The example is one for the room between the tokens that lead into it and out of it: cut of its first ones
        instead, it would lack how its action begins.
        """
        first, last = room_in(known, LEAD)
        if last <= first:
            return known
        return laid_into(known, generator.shown([self.task.prompt.strip()], last - first, [seed]), first, (0, 0))

    def _own_guidance(self, device: torch.device, whole: bool) -> Guidance | None:
        """Return what the edit itself strives for: legs that fit a given root trajectory, and in a ``whole`` window the
        places of single joints."""
        terms = [(1.0, foot_contact)] if self.task.led else []
        held = [target for target in self._window_targets(0) if len(target.joints) < JOINT_COUNT] if whole else []
        if held:
            frames = [target.frame for target in held for _ in target.joints]
            places = np.concatenate([target.points for target in held])
            points = torch.tensor(places, dtype=torch.float32, device=device)
            indices = [joint for target in held for joint in target.joints]
            terms.append((1.0, partial(joint_targets, frames=frames, indices=indices, points=points)))
        return Guidance(weighted(*terms), OWN_STRENGTH) if terms else None

    def _known(self, coder: MotionAutoencoder) -> tuple[torch.Tensor, torch.Tensor, np.ndarray, np.ndarray | None]:
        """Tokens (tokens, dim), which of their channels are given, the first station, and that behind the range (None
        where nothing holds it)."""
        grid, task, inside = self.grid, self.task, self._inside
        tokens, origin = coder.encode(self.window)
        given = torch.ones_like(tokens, dtype=torch.bool)
        given[inside] = False
        end = None
        if task.keeps:
            kept = np.random.default_rng(task.seed).permutation(grid.missing)[: round(task.keep * grid.missing)]
            given[inside.start + kept] = True
        if task.held().any() and not self._layered:
            given[..., -TRAVEL_DIM:] = True
        if task.keeps or task.held().any():
            stations = root_trajectory.integrate(coder.travel(tokens), origin)
            return tokens, given, origin, stations[inside.stop] if self.kept[1] else None
        if grid.before:
            tokens[: inside.start], origin = coder.encode(self.window[: FRAME_MULTIPLE * inside.start])
        if grid.after:
            tokens[inside.stop :], end = coder.encode(self.window[FRAME_MULTIPLE * inside.stop :])
        if task.path is not None:
            origin = self._lay_path(coder, tokens, given, origin, end)
        elif task.places:
            origin = self._lay_places(coder, tokens, given, origin, end)
        elif not grid.before and end is not None and not self.kept[0]:
            origin = None  # free: see _window
        return tokens, given, np.zeros(3) if origin is None else origin, end if grid.before or self.kept[0] else None

    def _lay_path(
        self,
        coder: MotionAutoencoder,
        tokens: torch.Tensor,
        given: torch.Tensor,
        origin: np.ndarray,
        end: np.ndarray | None,
    ) -> np.ndarray:
        """Give the range's tokens the travel of the path; return the window's first station."""
        inside = self._inside
        curve = np.insert(np.asarray(self.task.path, float), 1, 0.0, axis=1)
        curve = self.body.point(curve)[:, [0, 2]]
        start = root_trajectory.integrate(coder.travel(tokens[: inside.start]), origin)[-1] if inside.start else None
        if start is not None and np.linalg.norm(curve[0] - start[:2]) > 1e-3:
            curve = np.concatenate([start[None, :2], curve])
        if end is not None and np.linalg.norm(curve[-1] - end[:2]) > 1e-3:
            curve = np.concatenate([curve, end[None, :2]])
        stations = root_trajectory.along(curve, self.grid.missing, start)
        if end is not None:
            stations[-1, 2] += np.remainder(end[2] - stations[-1, 2] + np.pi, 2 * np.pi) - np.pi
        tokens[inside] = coder.with_travel(tokens[inside], root_trajectory.between(stations))
        given[inside, -TRAVEL_DIM:] = True
        return origin if inside.start else stations[0]

    def _lay_places(
        self,
        coder: MotionAutoencoder,
        tokens: torch.Tensor,
        given: torch.Tensor,
        origin: np.ndarray,
        end: np.ndarray | None,
    ) -> np.ndarray:
        """Give the range's tokens the travel that passes the places in time; return the window's first station.

        Behind the last place, where nothing is kept, they are free. Raises InputError for one where the range begins.
        """
        inside = self._inside
        times = self.grid.time + FRAME_MULTIPLE * np.arange(self.grid.missing + 1) / FPS
        before = root_trajectory.integrate(coder.travel(tokens[: inside.start]), origin)
        knots = [way.Knot(times[0], before[-1, :2], before[-1, 2])]
        for place in self.task.places:
            point = self.body.point(np.array([place.point[0], 0.0, place.point[1]]))[[0, 2]]
            time = place.frame / self.fps
            if time <= times[0] + 1e-6 and not self.kept[0]:
                knots[0] = way.Knot(times[0], point, before[-1, 2] if place.heading is None else place.heading)
            elif time <= times[0] + 1e-6:
                raise InputError(f"The place at frame {place.frame:g} is where the range begins", "Pass it later")
            else:
                knots.append(way.Knot(time, point, place.heading))
        if end is not None:
            knots.append(way.Knot(times[-1], end[:2], end[2]))
        origin = origin if inside.start else np.append(knots[0].point, knots[0].heading)
        if len(knots) < 2:
            return origin
        speed = (
            float(np.linalg.norm(before[-1, :2] - before[-2, :2])) * FPS / FRAME_MULTIPLE if len(before) > 1 else 0.0
        )
        stops = end is None and knots[-1].time < times[-1] - 2 * FRAME_MULTIPLE / FPS
        stations = way.through_places(knots, times, speed, stops)
        led = times[:-1] < knots[-1].time - 1e-6  # tokens that begin before the last place
        laid = np.flatnonzero(led)
        travel = root_trajectory.between(stations)[laid]
        tokens[inside.start + laid] = coder.with_travel(tokens[inside.start + laid], travel)
        given[inside.start + laid, -TRAVEL_DIM:] = True
        return origin

    def _steer(
        self,
        generator: Generator,
        coder: MotionAutoencoder,
        guidance: Guidance | None,
        first: int,
        start: np.ndarray,
        end: np.ndarray | None,
        given: torch.Tensor,
    ) -> Steer | None:
        """Return what corrects the tokens after every step: guidance, then poses and held joints, then the root
        trajectory, which has to lead to ``end``; None where nothing has to be corrected."""
        device = generator.device
        place = torch.tensor(start[None], dtype=torch.float32, device=device)
        pusher = generator.pusher(guidance, place) if guidance else None
        constrained = bool(self.task.targets) or (self.task.held().any() and not self._layered)
        free = ~given[:, -1].cpu().numpy()
        stop = self._inside.stop - first

        def steer(tokens: torch.Tensor, fresh: torch.Tensor) -> torch.Tensor:
            result = pusher(tokens, fresh)[0] if pusher else tokens[0].clone()
            if constrained:
                joints = self._constrained(coder.decode(result, start), first)
                result = torch.where(fresh[0][:, None], coder.encode(joints)[0], result)
            movable = fresh[0].cpu().numpy() & free
            movable[stop:] = False
            if end is not None and movable.any():
                travel = root_trajectory.meet(
                    coder.travel(result[:stop]), start, end, root_trajectory.shares(movable[:stop])
                )
                result[:stop] = coder.with_travel(result[:stop], travel)
            return result[None]

        return steer if pusher or constrained or end is not None else None

    def _constrained(self, joints: np.ndarray, first: int) -> np.ndarray:
        """Window joints (frames, 22, 3) from token ``first`` on with held joints and targets in their places."""
        held, begin = self.task.held(), FRAME_MULTIPLE * first
        if held.any():
            joints = holding(joints, self.window[begin : begin + len(joints)], held)
        unique = [target for target in self._window_targets(begin) if target.frame < len(joints)]
        if not unique:
            return joints
        lengths = bone_lengths(joints)
        return through(joints, lengths, unique, held, round(POSE_SECONDS * FPS), _ROUGH_ROUNDS, self.kept)

    def _window_targets(self, begin: int) -> list[Target]:
        """Return the targets on the canonical body, their frames counted from frame ``begin`` of the window; of those
        that fall on one frame the last."""
        found = {}
        for target in self.task.targets:
            frame = round((target.frame / self.fps - self.grid.time) * FPS) + FRAME_MULTIPLE * self.grid.before - begin
            if 0 <= frame < len(self.window) - begin:
                found[frame] = replace(target, frame=frame, points=self.body.point(target.points))
        return list(found.values())

    def _window(
        self, coder: MotionAutoencoder, tokens: torch.Tensor, origin: np.ndarray, end: np.ndarray | None
    ) -> np.ndarray:
        """Decode; the root trajectory of the whole range takes its share in ending where it must."""
        inside, task = self._inside, self.task
        if end is not None and not task.led and not task.held().any():
            movable = np.zeros(inside.stop, bool)
            movable[inside] = True
            travel = root_trajectory.meet(
                coder.travel(tokens[: inside.stop]), origin, end, root_trajectory.shares(movable)
            )
            tokens[: inside.stop] = coder.with_travel(tokens[: inside.stop], travel)
        joints = coder.decode(tokens, origin)
        if not self._blends:
            return remove_tremor(joints)
        blended = self._blended(joints)
        return np.where(self.shown[:, None, None], blended, remove_tremor(blended))

    def _blended(self, joints: np.ndarray) -> np.ndarray:
        """Window joints (frames, 22, 3) with what is kept in its place, and the range led from it and into it."""
        fresh = np.flatnonzero(~self.shown)
        first, last = int(fresh[0]), int(fresh[-1]) + 1
        around = np.clip(np.arange(first - 2, last + 2), 0, len(joints) - 1)
        result = np.where(self.shown[:, None, None], self.window, joints)
        result[first:last] = ends.blend_ends(
            joints[around], self.window[:first][-2:], self.window[last:][:2], FPS, True, False
        )[2:-2]
        return with_bone_lengths(result)

    # --- back to the clip -----------------------------------------------------------------------------------------

    def back_in_clip(self, made: np.ndarray) -> np.ndarray:
        """Return the range's frames (stop - start, 22, 3), metres, in the clip.

        They are ``made`` (4 * tokens, 22, 3) moved and faded so that its ends meet what is kept, held joints as they
        were, targets hit.
        """
        start, stop, total = self.task.start, self.task.stop, len(self.joints)
        around = np.arange(start - 2, stop + 2)  # two frames on either side tell place and speed
        lengths = ends.lengths_between(
            bone_lengths(self.joints), (start, stop), self.kept, np.clip(around, 0, total - 1)
        )
        at = (around / self.fps - self.grid.times()[0]) * FPS
        clip = self.body.from_canonical(catmull_rom(made, at), lengths)
        if not self.kept[0] and not self.task.led:
            own, place = (clip[-2], stop) if self.kept[1] else (clip[2], start)
            clip = ends.placed_as(clip, own, self.joints[place])
        held = self.task.held()
        before = self.joints[:start][-2:] if self.kept[0] else self.joints[:0]
        after = self.joints[stop:][:2] if self.kept[1] else self.joints[:0]
        fresh = ends.blend_ends(clip, before, after, self.fps, not held.any(), self._blends)[2:-2]
        lengths = lengths[2:-2]
        fresh = ends.on_kept_joints(fresh, lengths, self.joints[start:stop], held)
        if held.any():
            return self._finished(fresh, lengths)
        sides = self.joints[self.seen[0] : start], self.joints[stop : self.seen[1]]
        limit = ends.seam_limit(sides, self.fps, self.body.scale)
        fresh = self._finished(ends.even_ends(fresh, lengths, before, after, self.fps, limit), lengths)
        if self.task.led or self.task.targets:
            return fresh
        return ends.even_ends(fresh, lengths, before, after, self.fps, limit)  # a foot that is set down may leap there

    def _finished(self, fresh: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the range's frames (stop - start, 22, 3) through what is asked of them, on the floor, feet locked."""
        if self.task.places:
            fresh = way.over_places(fresh, self.task.start, self.task.places, self.kept)
        if self.task.targets:
            fresh = self._exact(fresh, lengths)
        return self._on_the_floor(fresh)

    def _on_the_floor(self, fresh: np.ndarray) -> np.ndarray:
        """Return the range's frames (stop - start, 22, 3) with locked feet, resting on the floor of what is kept.

        What is drawn rests on it to a centimetre or two, and the foot lock lifts feet out of the floor but never sets
        them down: were the body left there, the next edit would take its height for the floor, and motions gone on from
        one after the other would climb. What rests further off, on a box or on stairs, is meant to.
        """
        locked = self._foot_locked(fresh)
        if self.task.targets or self.task.held()[[0, *_LEGS]].any():
            return locked
        share = ends.away_from(self.kept, len(fresh), ends.FADE_SECONDS * self.fps)
        height = self._resting(fresh)
        for _ in range(LANDINGS):
            if height is None or not LANDED < abs(height) < MISPLACED:
                break
            fresh = fresh - (share * height / self.body.scale)[:, None, None] * [0.0, 1.0, 0.0]
            locked = self._foot_locked(fresh)
            height = self._resting(locked)
        return locked

    def _resting(self, fresh: np.ndarray) -> float | None:
        """Return the height, canonical metres, at which frames (count, 22, 3) of the clip rest over its floor."""
        at_20 = catmull_rom(fresh, np.arange(0, len(fresh) - 1 + 1e-6, self.fps / FPS))
        return resting_height(self.body.to_canonical(at_20))

    def _foot_locked(self, fresh: np.ndarray) -> np.ndarray:
        """Return the range's frames (stop - start, 22, 3) with standing feet that stay; poses asked for stay too."""
        start, stop, held = self.task.start, self.task.stop, self.task.held()
        if held[_LEGS].any():
            return fresh
        around = round(STAND_SECONDS * self.fps)
        first, last = max(self.seen[0], start - around), min(self.seen[1], stop + around)
        clip = np.concatenate([self.joints[first:start], fresh, self.joints[stop:last]])
        clip = (clip - self.body.centre) * self.body.scale
        stays = np.ones(len(clip), bool)
        stays[start - first : stop - first] = False
        targets = self.task.targets
        stays[[target.frame - first for target in targets if set(target.joints) & {0, *_LEGS}]] = True
        travels = not (held[0] or targets or self.task.led)
        clean = lock_joint_feet(clip, stays, self.fps, travels, steps=True)
        return clean[start - first : stop - first] / self.body.scale + self.body.centre

    def _exact(self, fresh: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Put the targets exactly in place. Raises InputError when bones do not reach."""
        start, held = self.task.start, self.task.held()
        merged: dict[int, Target] = {}
        for target in self.task.targets:
            frame, other = target.frame - start, merged.get(target.frame - start)
            if other is not None:
                joined = (*other.joints, *target.joints)
                merged[frame] = Target(frame, joined, np.concatenate([other.points, target.points]))
            else:
                merged[frame] = replace(target, frame=frame)
        targets = list(merged.values())
        reach = max(1, round(POSE_SECONDS * self.fps))
        result = through(fresh, lengths, targets, held, reach, _EXACT_ROUNDS, self.kept)
        for target in targets:
            miss = np.linalg.norm(result[target.frame, list(target.joints)] - target.points, axis=-1).max()
            if miss * self.body.scale > POSE_ERROR:
                raise InputError(
                    f"{target.name} cannot be reached at frame {target.frame + start}: {100 * miss:.0f} cm are missing",
                    "Ask for a place within the bones' reach, or free more joints",
                )
        return result
