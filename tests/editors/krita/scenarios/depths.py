"""Every depth and kind of colour that Krita has."""

SIZE = (600, 400)
RECT = (268, 26, 332, 374)

SRGB = "sRGB-elle-V2-srgbtrc.icc"
LINEAR = "sRGB-elle-V2-g10.icc"
REC2020 = "Rec2020-elle-V4-g10.icc"
WIDE = "ClayRGB-elle-V4-srgbtrc.icc"


def circle(lab, depth, profile, model="RGBA", scene=None, subject=None):
    """The composite in this space, harmonized; a generator."""
    space = (model, depth, profile)
    document = yield from lab.document(*SIZE, space=space, background=scene or f"scene-{depth}.raw")
    node = lab.add_layer(document, "subject", subject or f"subject-{depth}.raw", RECT, space=space)
    facts = yield from lab.full_circle(document, node)
    return {**facts, "space": [document.colorModel(), document.colorDepth(), document.colorProfile()]}


def case_u16(lab):
    return (yield from circle(lab, "U16", SRGB))


def case_f16_linear(lab):
    return (yield from circle(lab, "F16", LINEAR))


def case_f32_linear(lab):
    return (yield from circle(lab, "F32", LINEAR))


def case_f32_gamma(lab):
    return (yield from circle(lab, "F32", SRGB))


def case_u8_wide(lab):
    return (yield from circle(lab, "U8", WIDE, scene="scene.raw", subject="subject.raw"))


def case_u16_wide(lab):
    return (yield from circle(lab, "U16", WIDE))


def case_f32_wide(lab):
    return (yield from circle(lab, "F32", REC2020))


def case_f32_above_one(lab):
    return (yield from circle(lab, "F32", LINEAR, subject="bright-F32.raw"))


def case_gray(lab):
    profile = "Gray-D50-elle-V2-srgbtrc.icc"
    return (yield from circle(lab, "U8", profile, "GRAYA", "scene-gray.raw", "subject-gray.raw"))


def case_layer_unlike_its_document(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    node = lab.add_layer(document, "subject", "subject-U16.raw", RECT, space=("RGBA", "U16", SRGB))
    return (yield from lab.full_circle(document, node))


def case_cmyk(lab):
    return (yield from refused(lab, "CMYKA", "U8"))


def case_lab(lab):
    return (yield from refused(lab, "LABA", "U16"))


def refused(lab, model, depth):
    """A document in a model that is not RGB; a generator."""
    document = yield from lab.document(*SIZE, background="scene.raw")
    node = lab.add_layer(document, "subject", "subject.raw", RECT)
    document.setColorSpace(model, depth, lab.krita.profiles(model, depth)[0])
    yield from lab.settle(document)
    yield from lab.activate(document, node)
    before, rows = lab.snapshot(document), lab.history()
    lab.trigger()
    yield from lab.until_idle()
    return {"before": before, "after": lab.snapshot(document), "rows_before": rows, "rows_after": lab.history(),
            "message": lab.controller.message, "hint": lab.controller.hint, "texts": lab.docker_texts()}  # fmt: skip
