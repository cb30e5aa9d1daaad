"""From joint positions to the pose of any rig, and back: numpy only, no Blender.

What is needed to key a motion without Blender::

    mapping = retarget.detect_rig(rig)                 # -> Mapping(preset, bones, missing, score), or RigError
    mapping.ambiguous, mapping.notes                   # what a user should look at
    retarget.save_mapping(mapping, "mine.json")        # and load_mapping; check_mapping against the bones of a rig
    options = retarget.Options(contact="soft", travel="root")
    solution = retarget.solve(rig, mapping, joints, options, fps, reference=captured)   # -> PoseSolution
    # joints: (frames, 22, 3) metres, Y up, at fps frames a second (motion.skeleton)
    # reference: bone name -> basis quaternion of a pose in which the rig stands like the canonical body, or None
    # travel: "hips" | "root" (solution.root_bone, root_location) | "object" (solution.object_trajectory)
    control = controls.read_controls(controls.find_table(rig.names), rig, follows)      # Rigify's generated rig
    solution = controls.solve_controls(control, joints, options, fps)
    solution = ik.add_targets(rig, mapping, solution, limbs)                            # solution.tracks

In Blender, coamd_blender.anim reads rigs and writes keys::

    from coamd_blender.anim import armature, read_action, write_action

    read = armature.read_armature(armature_object)     # -> Snapshot, ``read.rig``; RigError if it cannot be animated
    action = write_action.apply_motion(                # -> bpy.types.Action, new, slot assigned, the old one kept
        armature_object,
        joints,                # (frames, 22, 3) metres, Y up
        source_fps=20,         # frame rate of ``joints``
        start_frame=None,      # scene frame of the first key; None: the scene's current frame
        scene=None,            # None: bpy.context.scene; keys are made at its frame rate
        name="CoAMD",          # name of the Action
        contact="soft",        # "off" | "soft" | "strict": how firmly feet are locked to the floor
        place="object",        # "object": start where the character stands, facing its way | "world": as they are
        in_place=False,        # True: leave out the root trajectory
        travel="auto",         # what carries the root trajectory: "hips" | "root" (bone) | "object"; "auto": where it
                               # leaves nothing behind that hangs on other bones
        scale_travel=True,     # False: the trajectory in the motion's metres, whatever the length of the legs
        clear_hands=False,     # True: push hands and forearms out of a torso stouter than the motion's
        floor=True,            # lift or lower the motion onto the floor
        output="action",       # "action" | "replace" this range in a copy of the Action in use | "strip" of the NLA
        tolerance=None,        # degrees within which keys are left out; None: a key on every frame
        limbs="fk",            # what leads the limbs of a generated rig: "fk" | "ik" controls
        switch=True,           # turn a control rig's limbs to what is keyed, by keys of the Action
        mapping=None,          # a Mapping made by hand; None: detect
        reference=None,        # a captured pose, as above; None: the rest pose
    )                          # raises RigError or InputError (one line, with remedy) before anything has changed
    reading = read_action.read_action(     # -> Reading: the way back, nothing changed; RigError or InputError
        armature_object,
        action=None,           # any Action, playing or not; None: what plays, NLA included
        frames=None,           # (first, last) scene frames; None: all
        fps=20,                # samples a second; None: one at every scene frame
    )
    reading.joints             # (F, 22, 3) canonical; reading.placement.place(joints) goes back with place="world"

Rooms: ``rig`` (Rig, forward kinematics), ``mapping`` (bone names, presets/*.json), ``names`` and ``shape`` (what names
and rest poses say), ``mapping_file``, ``body`` (a rig at rest), ``reference_pose``, ``torso``, ``limbs``, ``twist``,
``legs`` and ``rig_foot_lock`` (feet that stay where they stand), ``clearance`` (arms out of the torso), ``bones``
(turns to basis rotations), ``solver`` (joints -> PoseSolution), ``reading`` (poses -> joints), ``splice`` and ``holds``
(a solved motion that takes over a stretch), ``channels`` (values of rotation modes -> matrices), ``controls`` and
``ik`` (rigs that constraints move), ``quality`` (figures of a result).
"""

from .mapping import Mapping, detect, detect_rig, make_mapping
from .mapping_file import check_mapping, load_mapping, save_mapping
from .rig import Rig, forward_kinematics
from .solver import Options, PoseSolution, solve

__all__ = [
    "Mapping",
    "Options",
    "PoseSolution",
    "Rig",
    "check_mapping",
    "detect",
    "detect_rig",
    "forward_kinematics",
    "load_mapping",
    "make_mapping",
    "save_mapping",
    "solve",
]
