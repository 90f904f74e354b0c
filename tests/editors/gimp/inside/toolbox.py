"""What tests do in GIMP: make images, call the plug-in, read what came of it. Pixels travel as files of raw bytes.

Every item is named by its number; `encoding` is a Babl encoding such as "R'G'B'A u8", meant in the item's own colour
space; None is the item's own encoding.
"""

import os
import time
from pathlib import Path

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
gi.require_version("Babl", "0.1")
from gi.repository import Babl, Gegl, Gimp, Gio, GLib  # noqa: E402

BASES = {"rgb": Gimp.ImageBaseType.RGB, "gray": Gimp.ImageBaseType.GRAY, "indexed": Gimp.ImageBaseType.INDEXED}
KINDS = {
    "rgba": Gimp.ImageType.RGBA_IMAGE,
    "rgb": Gimp.ImageType.RGB_IMAGE,
    "gray": Gimp.ImageType.GRAY_IMAGE,
    "graya": Gimp.ImageType.GRAYA_IMAGE,
}


def _item(number):
    return Gimp.Item.get_by_id(number)


def _image(number):
    return Gimp.Image.get_by_id(number)


def _profile(name):
    if name == "adobe":
        return Gimp.ColorProfile.new_rgb_adobe()
    return Gimp.ColorProfile.new_from_file(Gio.File.new_for_path(name))


def _named(drawable, encoding):
    native = drawable.get_format()
    return Babl.get_name(
        Babl.format_with_space(encoding or Babl.format_get_encoding(native).split(" space")[0], native)
    )


def _whole(drawable):
    return Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())


# ---- making ----


def new_image(width, height, precision="U8_NON_LINEAR", base="rgb", profile=None):
    image = Gimp.Image.new_with_precision(width, height, BASES["rgb"], getattr(Gimp.Precision, precision))
    if profile:
        assert image.set_color_profile(_profile(profile))
    if base == "gray":
        image.convert_grayscale()
    return image.get_id()


def to_indexed(image):
    _image(image).convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, False, False, "")


def add_layer(image, name, path, size, encoding=None, place=(0, 0), parent=None, kind="rgba", position=0):
    image = _image(image)
    layer = Gimp.Layer.new(image, name, *size, KINDS[kind], 100.0, Gimp.LayerMode.NORMAL)
    _write(layer, path, encoding)
    image.insert_layer(layer, _item(parent) if parent else None, position)
    layer.set_offsets(*place)
    return layer.get_id()


def _write(drawable, path, encoding):
    data = Path(path).read_bytes()
    buffer = drawable.get_buffer()
    buffer.set(_whole(drawable), _named(drawable, encoding), data)
    buffer.flush()
    drawable.update(0, 0, drawable.get_width(), drawable.get_height())


def add_group(image, name, parent=None, position=0, mode="NORMAL"):
    image = _image(image)
    group = Gimp.GroupLayer.new(image, name)
    image.insert_layer(group, _item(parent) if parent else None, position)
    group.set_mode(getattr(Gimp.LayerMode, mode))
    return group.get_id()


def add_text(image, text, place, size=40):
    image = _image(image)
    layer = Gimp.TextLayer.new(image, text, Gimp.fonts_get_list("DejaVu")[0], size, Gimp.Unit.pixel())
    image.insert_layer(layer, None, 0)
    layer.set_offsets(*place)
    return layer.get_id()


def add_vector(image, centre, radii):
    image = _image(image)
    path = Gimp.Path.new(image, "ellipse")
    image.insert_path(path, None, 0)
    path.bezier_stroke_new_ellipse(*centre, *radii, 0.0)
    layer = Gimp.VectorLayer.new(image, path)
    image.insert_layer(layer, None, 0)
    layer.refresh()
    return layer.get_id()


def add_link(image, path, place):
    image = _image(image)
    layer = Gimp.LinkLayer.new(image, Gio.File.new_for_path(path))
    image.insert_layer(layer, None, 0)
    layer.set_offsets(*place)
    return layer.get_id()


def add_mask(layer, path, encoding=None):
    layer = _item(layer)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    _write(mask, path, encoding)
    return mask.get_id()


def add_channel(image, name, visible):
    image = _image(image)
    channel = Gimp.Channel.new(image, name, image.get_width(), image.get_height(), 50.0, Gegl.Color.new("red"))
    image.insert_channel(channel, None, 0)
    channel.set_visible(visible)
    return channel.get_id()


def add_filter(layer, operation, **settings):
    layer = _item(layer)
    new = Gimp.DrawableFilter.new(layer, operation, operation)
    for name, value in settings.items():
        new.get_config().set_property(name.replace("_", "-"), value)
    new.update()
    layer.append_filter(new)


def change(layer, **properties):
    """Sets properties of a layer by the names of their setters: opacity=50, mode="MULTIPLY", visible=False ..."""
    layer = _item(layer)
    for name, value in properties.items():
        if name in ("mode", "blend_space", "composite_space", "composite_mode", "color_tag"):
            kinds = {"mode": Gimp.LayerMode, "composite_mode": Gimp.LayerCompositeMode, "color_tag": Gimp.ColorTag}
            value = getattr(kinds.get(name, Gimp.LayerColorSpace), value)
        getattr(layer, f"set_{name}")(*value) if name == "offsets" else getattr(layer, f"set_{name}")(value)


def paint(drawable, start, end):
    """Draws a black line as an artist does, which is an undo step."""
    Gimp.context_push()
    Gimp.context_set_foreground(Gegl.Color.new("black"))
    Gimp.context_set_brush_size(20.0)
    done = Gimp.pencil(_item(drawable), [*start, *end])
    Gimp.context_pop()
    assert done, Gimp.get_pdb().get_last_error()


def scale_layer(layer, width, height):
    _item(layer).scale(width, height, False)


def select(image, path=None, rectangle=None, feather=0.0):
    """Selects a rectangle with a soft edge, or what a file of "Y u8" samples of the canvas's size says."""
    image = _image(image)
    if rectangle:
        image.select_rectangle(Gimp.ChannelOps.REPLACE, *rectangle)
        if feather:
            Gimp.Selection.feather(image, feather)
    else:
        Gimp.Selection.all(image)
        _write(image.get_selection(), path, "Y u8")


def float_selection(image, layer):
    return Gimp.Selection.float(_image(image), [_item(layer)], 5, 5).get_id()


def flatten(image):
    return _image(image).flatten().get_id()


def remove_layer(image, layer):
    _image(image).remove_layer(_item(layer))


def delete_image(image):
    _image(image).delete()


def clean(image):
    _image(image).clean_all()


def show(image):
    return Gimp.Display.new(_image(image)).get_id()


def close(display):
    Gimp.Display.get_by_id(display).delete()


def select_layers(image, layers):
    _image(image).set_selected_layers([_item(layer) for layer in layers])


def load(path):
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path)).get_id()


def load_layer(image, path, name, place):
    image = _image(image)
    layer = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(path))
    layer.set_name(name)
    image.insert_layer(layer, None, 0)
    layer.set_offsets(*place)
    return layer.get_id()


# ---- the plug-in ----


def harmonize(image, drawables, procedure="samelight-harmonize", **options):
    """Calls the plug-in as a script does; its status, what it says, and the seconds that it took."""
    pdb = Gimp.get_pdb()
    procedure = pdb.lookup_procedure(procedure)
    config = procedure.create_config()
    config.set_property("image", _image(image))
    config.set_core_object_array("drawables", [_item(number) for number in drawables])
    for name, value in options.items():
        config.set_property(name.replace("_", "-"), value)
    started = time.monotonic()
    result = procedure.run(config)
    status = result.index(0)
    name = next(name for name in ("SUCCESS", "CANCEL", "EXECUTION_ERROR", "CALLING_ERROR")
                if status == getattr(Gimp.PDBStatusType, name))  # fmt: skip
    return {"status": name, "message": pdb.get_last_error(), "seconds": time.monotonic() - started}


def describe_procedure(name):
    procedure = Gimp.get_pdb().lookup_procedure(name)
    return {
        "label": procedure.get_menu_label(),
        "paths": procedure.get_menu_paths(),
        "blurb": procedure.get_blurb(),
        "help": procedure.get_help(),
        "arguments": {each.name: each.blurb for each in procedure.get_arguments()},
    }


# ---- reading ----


def state(image):
    image = _image(image)
    return {
        "layers": [_describe(layer) for layer in image.get_layers()],
        "dirty": image.is_dirty(),
        "selected": [layer.get_id() for layer in image.get_selected_layers()],
    }


def _describe(layer):
    offsets = layer.get_offsets()
    mask = layer.get_mask()
    return {
        "id": layer.get_id(),
        "name": layer.get_name(),
        "visible": layer.get_visible(),
        "extent": [offsets.offset_x, offsets.offset_y, layer.get_width(), layer.get_height()],
        "opacity": layer.get_opacity(),
        "mode": int(layer.get_mode()),
        "spaces": [int(layer.get_blend_space()), int(layer.get_composite_space()), int(layer.get_composite_mode())],
        "tag": int(layer.get_color_tag()),
        "alpha": layer.has_alpha(),
        "mask": mask.get_id() if mask is not None else None,
        "mask_applied": layer.get_apply_mask(),
        "filters": len(layer.get_filters()),
        "children": [_describe(child) for child in layer.get_children()] if layer.is_group() else None,
    }


def images():
    """The numbers of all images in GIMP's memory, shown or not."""
    return [image.get_id() for image in Gimp.get_images()]


def is_valid(item):
    return _item(item) is not None


def save_pixels(item, path, encoding=None):
    """Writes a drawable's own pixels."""
    drawable = _item(item)
    data = drawable.get_buffer().get(_whole(drawable), 1.0, _named(drawable, encoding), Gegl.AbyssPolicy.NONE)
    Path(path).write_bytes(data)
    return [drawable.get_width(), drawable.get_height()]


def save_selection(image, path, encoding=None):
    return save_pixels(_image(image).get_selection().get_id(), path, encoding)


def save_visible(image, path, encoding=None):
    """Writes what the image shows."""
    image = _image(image)
    layer = Gimp.Layer.new_from_visible(image, image, "visible")
    size = save_pixels(layer.get_id(), path, encoding)
    layer.delete()
    return size


def save_profile(image, path, linear=False, srgb_curve=False):
    profile = _image(image).get_effective_color_profile()
    if linear:
        profile = Gimp.ColorProfile.new_linear_from_color_profile(profile)
    if srgb_curve:
        profile = Gimp.ColorProfile.new_srgb_trc_from_color_profile(profile)
    Path(path).write_bytes(bytes(profile.get_icc_profile()))


def leave_duplicate_behind(image, age):
    """What a call leaves that is killed while it reads, some seconds ago."""
    duplicate = _image(image).duplicate()
    mark = Gimp.Parasite.new("samelight-duplicate", 0, str(time.time() - age).encode())
    duplicate.attach_parasite(mark)
    return duplicate.get_id()


def version():
    return Gimp.version()


def directory():
    return Gimp.directory()


def environment(name, value):
    os.environ[name] = value


def quit_gimp():
    pdb = Gimp.get_pdb()
    procedure = pdb.lookup_procedure("gimp-quit")
    config = procedure.create_config()
    config.set_property("force", True)
    GLib.idle_add(lambda: procedure.run(config))


# ---- how long GIMP itself takes ----


def own_times(image, layer):
    """Seconds that GIMP takes to read a layer for the first time, to show what is below it, and to write as much."""
    image = _image(image).duplicate()  # this process has read nothing of it
    layer = image.get_layers()[0]
    started = time.monotonic()
    pixels = layer.get_buffer().get(_whole(layer), 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE)
    read = time.monotonic()
    Gegl.init(None)
    below = image.duplicate()
    below.remove_layer(below.get_layers()[0])
    shown = Gimp.Layer.new_from_visible(below, below, "below")
    scale = min(1.0, 1024 / max(shown.get_width(), shown.get_height()))
    part = Gegl.Rectangle.new(0, 0, round(shown.get_width() * scale), round(shown.get_height() * scale))
    shown.get_buffer().get(part, scale, "R'G'B'A u8", Gegl.AbyssPolicy.NONE)
    shown.delete()
    below.delete()
    seen = time.monotonic()
    new = Gimp.Layer.new(image, "new", layer.get_width(), layer.get_height(), KINDS["rgba"], 100.0, layer.get_mode())
    buffer = new.get_buffer()
    buffer.set(_whole(new), "R'G'B'A u8", pixels)
    buffer.flush()
    image.insert_layer(new, None, 0)
    written = time.monotonic()
    image.delete()
    return {"read": read - started, "backdrop": seen - read, "write": written - seen}
