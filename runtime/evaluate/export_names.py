"""Names that exporters give the 22 joints, as their files have them; "" where a skeleton lacks one."""

from __future__ import annotations

from coamd_blender.motion.skeleton import JOINT_NAMES

# One line a scheme: pelvis, spine (three), neck, head; then hip, knee, ankle, toe, collar, shoulder, elbow, wrist with
# {s} for the side; then left and right.
_SCHEMES = {
    "mixamo": ("mixamorig:Hips mixamorig:Spine mixamorig:Spine1 mixamorig:Spine2 mixamorig:Neck mixamorig:Head",
               "mixamorig:{s}UpLeg mixamorig:{s}Leg mixamorig:{s}Foot mixamorig:{s}ToeBase mixamorig:{s}Shoulder "
               "mixamorig:{s}Arm mixamorig:{s}ForeArm mixamorig:{s}Hand", "Left Right"),
    "mixamo numbered": ("mixamorig7:Hips mixamorig7:Spine mixamorig7:Spine1 mixamorig7:Spine2 mixamorig7:Neck "
                        "mixamorig7:Head",
                        "mixamorig7:{s}UpLeg mixamorig7:{s}Leg mixamorig7:{s}Foot mixamorig7:{s}ToeBase "
                        "mixamorig7:{s}Shoulder mixamorig7:{s}Arm mixamorig7:{s}ForeArm mixamorig7:{s}Hand",
                        "Left Right"),
    "mixamo bare": ("Hips Spine Spine1 Spine2 Neck Head",
                    "{s}UpLeg {s}Leg {s}Foot {s}ToeBase {s}Shoulder {s}Arm {s}ForeArm {s}Hand", "Left Right"),
    "namespace": ("Bob:Rig:Hips Bob:Rig:Spine Bob:Rig:Spine1 Bob:Rig:Spine2 Bob:Rig:Neck Bob:Rig:Head",
                  "Bob:Rig:{s}UpLeg Bob:Rig:{s}Leg Bob:Rig:{s}Foot Bob:Rig:{s}ToeBase Bob:Rig:{s}Shoulder "
                  "Bob:Rig:{s}Arm Bob:Rig:{s}ForeArm Bob:Rig:{s}Hand", "Left Right"),
    "humanik": ("Character1_Hips Character1_Spine Character1_Spine1 Character1_Spine2 Character1_Neck Character1_Head",
                "Character1_{s}UpLeg Character1_{s}Leg Character1_{s}Foot Character1_{s}ToeBase "
                "Character1_{s}Shoulder Character1_{s}Arm Character1_{s}ForeArm Character1_{s}Hand", "Left Right"),
    "biped": ("Bip01_Pelvis Bip01_Spine Bip01_Spine1 Bip01_Spine2 Bip01_Neck Bip01_Head",
              "Bip01_{s}_Thigh Bip01_{s}_Calf Bip01_{s}_Foot Bip01_{s}_Toe0 Bip01_{s}_Clavicle Bip01_{s}_UpperArm "
              "Bip01_{s}_Forearm Bip01_{s}_Hand", "L R"),
    "biped spaces": ("Bip001|Pelvis Bip001|Spine Bip001|Spine1 Bip001|Spine2 Bip001|Neck Bip001|Head",
                     "Bip001|{s}|Thigh Bip001|{s}|Calf Bip001|{s}|Foot Bip001|{s}|Toe0 Bip001|{s}|Clavicle "
                     "Bip001|{s}|UpperArm Bip001|{s}|Forearm Bip001|{s}|Hand", "L R"),
    "source engine": ("ValveBiped.Bip01_Pelvis ValveBiped.Bip01_Spine ValveBiped.Bip01_Spine1 ValveBiped.Bip01_Spine2 "
                      "ValveBiped.Bip01_Neck1 ValveBiped.Bip01_Head1",
                      "ValveBiped.Bip01_{s}_Thigh ValveBiped.Bip01_{s}_Calf ValveBiped.Bip01_{s}_Foot "
                      "ValveBiped.Bip01_{s}_Toe0 ValveBiped.Bip01_{s}_Clavicle ValveBiped.Bip01_{s}_UpperArm "
                      "ValveBiped.Bip01_{s}_Forearm ValveBiped.Bip01_{s}_Hand", "L R"),
    "gta": ("SKEL_Pelvis SKEL_Spine0 SKEL_Spine2 SKEL_Spine3 SKEL_Neck_1 SKEL_Head",
            "SKEL_{s}_Thigh SKEL_{s}_Calf SKEL_{s}_Foot SKEL_{s}_Toe0 SKEL_{s}_Clavicle SKEL_{s}_UpperArm "
            "SKEL_{s}_Forearm SKEL_{s}_Hand", "L R"),
    "smpl": ("Pelvis Spine1 Spine2 Spine3 Neck Head",
             "{s}_Hip {s}_Knee {s}_Ankle {s}_Foot {s}_Collar {s}_Shoulder {s}_Elbow {s}_Wrist", "L R"),
    "smpl words": ("pelvis spine1 spine2 spine3 neck head",
                   "{s}_hip {s}_knee {s}_ankle {s}_foot {s}_collar {s}_shoulder {s}_elbow {s}_wrist", "left right"),
    "smpl capitals": ("PELVIS SPINE1 SPINE2 SPINE3 NECK HEAD",
                      "{s}_HIP {s}_KNEE {s}_ANKLE {s}_FOOT {s}_COLLAR {s}_SHOULDER {s}_ELBOW {s}_WRIST", "LEFT RIGHT"),
    "smpl average": ("m_avg_Pelvis m_avg_Spine1 m_avg_Spine2 m_avg_Spine3 m_avg_Neck m_avg_Head",
                     "m_avg_{s}_Hip m_avg_{s}_Knee m_avg_{s}_Ankle m_avg_{s}_Foot m_avg_{s}_Collar m_avg_{s}_Shoulder "
                     "m_avg_{s}_Elbow m_avg_{s}_Wrist", "L R"),
    "unreal": ("pelvis spine_01 spine_02 spine_03 neck_01 head",
               "thigh_{s} calf_{s} foot_{s} ball_{s} clavicle_{s} upperarm_{s} lowerarm_{s} hand_{s}", "l r"),
    "xsens": ("Hips Chest Chest2 Chest4 Neck Head",
              "{s}Hip {s}Knee {s}Ankle {s}Toe {s}Collar {s}Shoulder {s}Elbow {s}Wrist", "Left Right"),
    "mvn": ("Pelvis L5 L3 T8 Neck Head",
            "{s}UpperLeg {s}LowerLeg {s}Foot {s}Toe {s}Shoulder {s}UpperArm {s}ForeArm {s}Hand", "Left Right"),
    "perception neuron": ("Robot_Hips Robot_Spine Robot_Spine1 Robot_Spine2 Robot_Neck Robot_Head",
                          "Robot_{s}UpLeg Robot_{s}Leg Robot_{s}Foot Robot_{s}Toe Robot_{s}Shoulder Robot_{s}Arm "
                          "Robot_{s}ForeArm Robot_{s}Hand", "Left Right"),
    "rigify": ("DEF-spine DEF-spine.001 DEF-spine.002 DEF-spine.003 DEF-spine.004 DEF-spine.006",
               "DEF-thigh.{s} DEF-shin.{s} DEF-foot.{s} DEF-toe.{s} DEF-shoulder.{s} DEF-upper_arm.{s} "
               "DEF-forearm.{s} DEF-hand.{s}", "L R"),
    "metarig": ("spine spine.001 spine.002 spine.003 spine.004 spine.006",
                "thigh.{s} shin.{s} foot.{s} toe.{s} shoulder.{s} upper_arm.{s} forearm.{s} hand.{s}", "L R"),
    "vrm": ("hips spine chest upperChest neck head",
            "{s}UpperLeg {s}LowerLeg {s}Foot {s}Toes {s}Shoulder {s}UpperArm {s}LowerArm {s}Hand", "left right"),
    "vroid": ("J_Bip_C_Hips J_Bip_C_Spine J_Bip_C_Chest J_Bip_C_UpperChest J_Bip_C_Neck J_Bip_C_Head",
              "J_Bip_{s}_UpperLeg J_Bip_{s}_LowerLeg J_Bip_{s}_Foot J_Bip_{s}_ToeBase J_Bip_{s}_Shoulder "
              "J_Bip_{s}_UpperArm J_Bip_{s}_LowerArm J_Bip_{s}_Hand", "L R"),
    "character creator": ("CC_Base_Hip CC_Base_Waist CC_Base_Spine01 CC_Base_Spine02 CC_Base_NeckTwist01 CC_Base_Head",
                          "CC_Base_{s}_Thigh CC_Base_{s}_Calf CC_Base_{s}_Foot CC_Base_{s}_ToeBase "
                          "CC_Base_{s}_Clavicle CC_Base_{s}_Upperarm CC_Base_{s}_Forearm CC_Base_{s}_Hand", "L R"),
    "bandai": ("Hips Spine Chest UpperChest Neck Head",
               "UpperLeg_{s} LowerLeg_{s} Foot_{s} Toes_{s} Shoulder_{s} UpperArm_{s} LowerArm_{s} Hand_{s}", "L R"),
    "daz": ("hip abdomen abdomen2 chest neck head",
            "{s}Thigh {s}Shin {s}Foot {s}Toe {s}Collar {s}Shldr {s}ForeArm {s}Hand", "l r"),
    "japanese": ("下半身 上半身 上半身1 上半身2 首 頭",
                 "{s}足 {s}ひざ {s}足首 {s}つま先 {s}肩 {s}腕 {s}ひじ {s}手首", "左 右"),
    "no toes": ("Hips Spine Spine1 Spine2 Neck Head",
                "{s}UpLeg {s}Leg {s}Foot - {s}Shoulder {s}Arm {s}ForeArm {s}Hand", "Left Right"),
    "numbers": ("joint_0 joint_3 joint_6 joint_9 joint_12 joint_15",
                "n{s}1 n{s}4 n{s}7 n{s}10 n{s}13 n{s}16 n{s}18 n{s}20", "a b"),
    "german": ("Hüfte Wirbelsäule1 Wirbelsäule2 Brust Hals Kopf",
               "Oberschenkel_{s} Unterschenkel_{s} Fuß_{s} Zehen_{s} Schlüsselbein_{s} Oberarm_{s} Unterarm_{s} "
               "Hand_{s}",
               "links rechts"),
    "spanish": ("cadera columna1 columna2 pecho cuello cabeza",
                "muslo_{s} pantorrilla_{s} pie_{s} dedos_{s} clavicula_{s} brazo_{s} antebrazo_{s} mano_{s}",
                "izq der"),
    "french": ("bassin colonne1 colonne2 poitrine cou tête",
               "cuisse.{s} mollet.{s} pied.{s} orteils.{s} clavicule.{s} bras.{s} avantbras.{s} main.{s}",
               "G D"),
    "italian": ("bacino spina1 spina2 torace collo testa",
                "coscia_{s} gamba_{s} piede_{s} punta_{s} clavicola_{s} braccio_{s} avambraccio_{s} mano_{s}",
                "sx dx"),
    "portuguese": ("quadril coluna1 coluna2 peito pescoço cabeça",
                   "coxa{s} perna{s} pé{s} dedos{s} clavícula{s} braço{s} antebraço{s} mão{s}",
                   "Esquerda Direita"),
    "russian": ("Таз Позвоночник1 Позвоночник2 Грудь Шея Голова",  # noqa: RUF001
                "Бедро_{s} Голень_{s} Стопа_{s} Носок_{s} Ключица_{s} Плечо_{s} Предплечье_{s} Кисть_{s}",
                "Л П"),
    "chinese": ("臀部 脊柱1 脊柱2 胸部 颈部 头部",
                "{s}大腿 {s}小腿 {s}脚 {s}脚趾 {s}锁骨 {s}上臂 {s}前臂 {s}手",
                "左 右"),
    "korean": ("골반 척추1 척추2 가슴 목 머리",
               "{s}허벅지 {s}종아리 {s}발 {s}발가락 {s}쇄골 {s}위팔 {s}아래팔 {s}손",
               "왼쪽 오른쪽"),
    "motive": ("Actor1_Hip Actor1_Ab Actor1_Ab2 Actor1_Chest Actor1_Neck Actor1_Head",
               "Actor1_{s}Thigh Actor1_{s}Shin Actor1_{s}Foot Actor1_{s}Toe Actor1_{s}Shoulder Actor1_{s}UArm "
               "Actor1_{s}FArm Actor1_{s}Hand",
               "L R"),
    "depth camera": ("SpineBase SpineMid SpineHigh SpineShoulder Neck Head",
                     "Hip{s} Knee{s} Ankle{s} Foot{s} Collar{s} Shoulder{s} Elbow{s} Wrist{s}",
                     "Left Right"),
    "virtual world": ("mPelvis mTorso mSpine3 mChest mNeck mHead",
                      "mHip{s} mKnee{s} mAnkle{s} mFoot{s} mCollar{s} mShoulder{s} mElbow{s} mWrist{s}",
                      "Left Right"),
    "middle letters": ("Root_M Spine1_M Spine2_M Chest_M Neck_M Head_M",
                       "Hip_{s} Knee_{s} Ankle_{s} Toes_{s} Scapula_{s} Shoulder_{s} Elbow_{s} Wrist_{s}",
                       "L R"),
    "components": ("root_C0_0_jnt spine_C0_0_jnt spine_C0_1_jnt spine_C0_2_jnt neck_C0_0_jnt neck_C0_head_jnt",
                   "leg_{s}0_0_jnt leg_{s}0_1_jnt foot_{s}0_0_jnt foot_{s}0_1_jnt shoulder_{s}0_0_jnt arm_{s}0_0_jnt "
                   "arm_{s}0_1_jnt hand_{s}0_0_jnt",
                   "L R"),
    "side between": ("hips_c spine_a_c spine_b_c spine_c_c neck_c head_c",
                     "leg_{s}_upper leg_{s}_lower leg_{s}_foot leg_{s}_toe arm_{s}_clavicle arm_{s}_upper "
                     "arm_{s}_lower "
                     "arm_{s}_hand",
                     "L R"),
    "glued letters": ("root spine01 spine02 spine03 neck01 head",
                      "{s}leg1 {s}leg2 {s}foot {s}toe {s}clav {s}arm1 {s}arm2 {s}hand",
                      "l r"),
    "paths": ("Rig/Hips Rig/Spine Rig/Spine1 Rig/Spine2 Rig/Neck Rig/Head",
              "Rig/{s}UpLeg Rig/{s}Leg Rig/{s}Foot Rig/{s}ToeBase Rig/{s}Shoulder Rig/{s}Arm Rig/{s}ForeArm "
              "Rig/{s}Hand",
              "Left Right"),
    "suffixes": ("hips_bind_01 spine_bind_01 spine1_bind_01 spine2_bind_01 neck_bind_01 head_bind_01",
                 "{s}_upleg_bind_01 {s}_leg_bind_01 {s}_foot_bind_01 {s}_toebase_bind_01 {s}_shoulder_bind_01 "
                 "{s}_arm_bind_01 {s}_forearm_bind_01 {s}_hand_bind_01",
                 "lf rt"),
    "nothing": ("Bone.000 Bone.003 Bone.006 Bone.009 Bone.012 Bone.015",
                "Bone.{s}1 Bone.{s}2 Bone.{s}3 Bone.{s}4 Bone.{s}5 Bone.{s}6 Bone.{s}7 Bone.{s}8",
                "10 11"),
}  # fmt: skip
_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
_LIMB = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")
NAMED = tuple(_SCHEMES)


def joint_names(scheme: str) -> tuple[str, ...]:
    """Return the 22 names of a scheme, in the order of motion.skeleton."""
    trunk, limbs, sides = _SCHEMES[scheme]
    found = dict(zip(_TRUNK, trunk.split(), strict=True))
    for side, word in zip(("left", "right"), sides.split(), strict=True):
        for part, name in zip(_LIMB, limbs.split(), strict=True):
            found[f"{side}_{part}"] = "" if name == "-" else name.replace("{s}", word).replace("|", " ")
    return tuple(found[joint].replace("|", " ") for joint in JOINT_NAMES)
