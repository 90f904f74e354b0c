"""A small SAM with random weights, and pictures with things in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
from torch import Tensor, nn

from samelight.segmentation.everything import Filter, decode

WIDTH = 32

# With these, some 40 of the 108 masks of a 6 x 6 grid survive on the small SAM of seed 3. Its masks lie all over the
# picture, so that their boxes are nearly the same: an overlap below 1 would leave few.
LENIENT = Filter(quality=0.4, stability=0.6, overlap=1.0)


def small_sam(seed: int = 3, side: int = 1024) -> Sam:
    """The published architecture with a tiny encoder and decoder and random weights."""
    torch.manual_seed(seed)
    cells = side // 16
    encoder = ImageEncoderViT(
        img_size=side,
        embed_dim=32,
        depth=1,
        num_heads=2,
        out_chans=WIDTH,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=8,
    )
    prompts = PromptEncoder(
        embed_dim=WIDTH, image_embedding_size=(cells, cells), input_image_size=(side, side), mask_in_chans=8
    )
    transformer = TwoWayTransformer(depth=1, embedding_dim=WIDTH, mlp_dim=32, num_heads=2)
    sam = Sam(encoder, prompts, MaskDecoder(transformer_dim=WIDTH, transformer=transformer))
    sam = sam.eval().requires_grad_(False)
    _make_decided(sam)
    return sam


def _make_decided(sam: Sam) -> None:
    """Fresh weights draw nearly the same salt and pepper for every prompt. With larger ones, places that differ
    smoothly and answers centred on their mean, each prompt has masks of its own that are blobs with clear edges, as
    trained ones are.
    """
    places = sam.image_encoder.pos_embed
    field = torch.randn(1, places.shape[-1], 4, 4)
    places += 4 * nn.functional.interpolate(field, places.shape[1:3], mode="bicubic").permute(0, 2, 3, 1)
    for layer in sam.mask_decoder.output_upscaling:
        if isinstance(layer, nn.ConvTranspose2d):
            layer.weight.copy_(1.7 * layer.weight.mean(dim=(2, 3), keepdim=True) + 0.15 * layer.weight)
    for layer in sam.mask_decoder.transformer.modules():
        if isinstance(layer, nn.Linear):
            layer.weight *= 5
    sam.mask_decoder.iou_prediction_head.layers[-1].weight *= 4
    sam.mask_decoder.iou_prediction_head.layers[-1].bias += 0.6
    side = sam.image_encoder.img_size
    points = torch.rand(24, 1, 2) * side
    sparse, dense = sam.prompt_encoder(points=(points, torch.ones(24, 1)), boxes=None, masks=None)
    *_, said = decode(sam, sam.image_encoder(torch.randn(1, 3, side, side)), sparse, dense, several=True)
    for mlp, mean in zip(list(sam.mask_decoder.output_hypernetworks_mlps)[1:], said.mean(0), strict=True):
        mlp.layers[-1].bias -= mean
        mlp.layers[-1].bias *= 3000
        mlp.layers[-1].weight *= 3000


class Calls:
    """Counts what a SAM is asked: pictures encoded, and prompts of points and of masks decoded."""

    def __init__(self, sam: Sam) -> None:
        self.encoded = self.points = self.masks = 0
        sam.image_encoder.register_forward_hook(self._encode)
        sam.prompt_encoder.register_forward_hook(self._prompt, with_kwargs=True)

    def _encode(self, *arguments: Any) -> None:
        self.encoded += 1

    def _prompt(self, module: nn.Module, positional: Any, named: dict[str, Any], answer: Any) -> None:
        self.points += 0 if named["points"] is None else len(named["points"][0])
        self.masks += 0 if named["masks"] is None else len(named["masks"])


def texture(kind: str, height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    """H x W around 0: fine noise, broad clouds, stripes or nothing."""
    noise = np.random.default_rng(seed).normal(0, 1, (height, width))
    y = np.mgrid[:height, :width][0]
    made: dict[str, Callable[[], NDArray[Any]]] = {
        "fine": lambda: 0.1 * noise,
        "clouds": lambda: 1.2 * gaussian_filter(noise, 6),
        "stripes": lambda: 0.12 * np.sin(y * 1.3),
        "flat": lambda: 0.004 * noise,
    }
    return made[kind]().astype(np.float32)


def quarters(side: int = 256) -> NDArray[np.float32]:
    """side x side x 3 in 0..1: four quarters of different colours; fine, clouds / stripes, flat."""
    half = side // 2
    picture = np.zeros((side, side, 3), np.float32)
    colours = [(0.4, 0.5, 0.3), (0.5, 0.6, 0.8), (0.6, 0.4, 0.3), (0.3, 0.3, 0.35)]
    for number, (kind, colour) in enumerate(zip(("fine", "clouds", "stripes", "flat"), colours, strict=True)):
        rows, columns = slice(number // 2 * half, None), slice(number % 2 * half, None)
        shape = picture[rows, columns].shape[:2]
        picture[rows, columns] = np.array(colour, np.float32) + texture(kind, *shape, seed=number)[..., None]
    return np.clip(picture, 0, 1)


def tensor(picture: NDArray[np.float32]) -> Tensor:
    """H x W x 3 to 3 x H x W."""
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))


def disc(height: int, width: int, y: float = 0.5, x: float = 0.5, radius: float = 0.2) -> NDArray[np.float32]:
    """H x W: a soft disc; place and radius in fractions of the sides."""
    rows, columns = np.mgrid[:height, :width]
    distance = np.hypot((rows + 0.5) / height - y, (columns + 0.5) / width - x)
    return np.clip((radius - distance) * min(height, width) / 2 + 0.5, 0, 1).astype(np.float32)
