"""What is done to joints after decoding.

denoise.py           tremor taken out where motion is slow
joint_foot_lock.py   sliding taken out of standing feet (those of a rig: coamd_blender/retarget/rig_foot_lock.py)
blend.py             what was generated, led over into the animation around it
"""
