"""The track on the timeline: where it is drawn, and what the mouse does to it."""

from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")

from test_addon_track import filled, modules  # noqa: E402


def test_a_drag_chooses_what_is_dragged_and_says_its_length_at_the_mouse(walker, monkeypatch):
    from coamd_blender.track import gestures, overlay, strip

    armature, _ = walker
    _, tracks = modules()
    track = filled(armature)
    view = strip.View(0.0, 5.0, 900.0, 18.0, 24.0, 7.0)
    said = []
    monkeypatch.setattr(overlay, "shown", lambda context: (armature, view))
    monkeypatch.setattr(overlay, "say", lambda region, x=0.0, text="": said.append((region, x, text)))
    context = SimpleNamespace(
        scene=bpy.context.scene,
        region="here",
        window_manager=SimpleNamespace(modal_handler_add=lambda operator: None),
        workspace=SimpleNamespace(status_text_set=lambda text: None),
    )
    cls, drag = gestures.COAMD_OT_block_drag, SimpleNamespace()
    for name in ("_choose", "_move", "_marks", "_end"):
        setattr(drag, name, getattr(cls, name).__get__(drag))
    track.index = 0

    def event(frame, kind="MOUSEMOVE", value="NOTHING"):
        place = {"mouse_region_x": 5.0 * frame, "mouse_region_y": 20.0}
        return SimpleNamespace(type=kind, value=value, ctrl=True, **place)

    assert cls.invoke(drag, context, event(244.8)) == {"RUNNING_MODAL"} and track.index == 2
    cls.modal(drag, context, event(256.8))
    assert said == [("here", 1284.0, "3.00 s")] and tracks.read(armature)[2].end == 256 and track.index == 2
    assert cls.modal(drag, context, event(256.8, "LEFTMOUSE", "RELEASE")) == {"FINISHED"}
    assert said[-1][0] is None


def test_nothing_is_drawn_or_listened_to_once_the_add_on_is_off(addon):
    import coamd_blender
    from coamd_blender.track import gestures, overlay

    assert overlay._handle is not None
    coamd_blender.unregister()
    try:
        assert overlay._handle is None and not gestures._keys
    finally:
        coamd_blender.register()


def test_a_track_is_shown_in_timelines_with_room_for_it(walker):
    from coamd_blender.track import overlay

    armature, _ = walker

    def context(kind="DOPESHEET_EDITOR", mode="TIMELINE", height=200, overlays=True):
        view2d = SimpleNamespace(view_to_region=lambda frame, y, clip: (30 + 5 * frame, 0))
        return SimpleNamespace(
            space_data=SimpleNamespace(
                type=kind, mode=mode, show_markers=True, overlays=SimpleNamespace(show_overlays=overlays)
            ),
            region=SimpleNamespace(type="WINDOW", width=900, height=height, view2d=view2d),
            scene=bpy.context.scene,
            view_layer=bpy.context.view_layer,
        )

    assert overlay.shown(context()) is None, "there are no blocks"
    filled(armature, frame=61)
    found, view = overlay.shown(context())
    bottom = 42 if bpy.app.version < (5, 0) else 18  # above the row of markers, which takes double-clicks there
    assert found == armature and (view.origin, view.scale, view.bottom) == (30, 5, bottom)
    bpy.context.scene.timeline_markers.new("m", frame=9)
    assert overlay.shown(context())[1].bottom == overlay.ABOVE_MARKERS
    for other in (context(kind="VIEW_3D"), context(mode="GPENCIL"), context(height=40), context(overlays=False)):
        assert overlay.shown(other) is None
