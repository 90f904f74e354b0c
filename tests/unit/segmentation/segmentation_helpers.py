"""A small SAM with random weights, and pictures with things in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from segment_anything import SamAutomaticMaskGenerator
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
from torch import Tensor, nn

from samelight.segmentation.everything import Filter, decode

WIDTH = 96

# On the small SAM of seed 0 all three filters have work to do: of the 192 masks of an 8 x 8 grid over `quarters()`,
# some lack quality, some stability, many lie in the box of a better one, and more than 30 are left.
LENIENT = Filter(quality=0.6, stability=0.7, overlap=0.7)


def small_sam(seed: int = 0, side: int = 1024) -> Sam:
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
    _make_smooth(sam)
    _draw_around_points(sam)
    return sam


def _make_smooth(sam: Sam) -> None:
    """Fresh weights draw the same salt and pepper for every prompt. Here places differ more, and smoothly; a cell of
    the decoder's map is drawn evenly; and predicted qualities differ from mask to mask.
    """
    places = sam.image_encoder.pos_embed
    field = torch.randn(1, places.shape[-1], 3, 3)
    places += 20 * nn.functional.interpolate(field, places.shape[1:3], mode="bicubic").permute(0, 2, 3, 1)
    sam.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix *= 0.4
    for layer in sam.mask_decoder.output_upscaling:
        if isinstance(layer, nn.ConvTranspose2d):
            layer.weight.copy_(1.7 * layer.weight.mean(dim=(2, 3), keepdim=True) + 0.03 * layer.weight)
    sam.mask_decoder.iou_prediction_head.layers[-1].weight *= 4
    sam.mask_decoder.iou_prediction_head.layers[-1].bias += 0.6


RADII = (0.15, 0.15, 0.2, 0.25)  # of the clear prompt's mask, and of the three of an ambiguous one


def _draw_around_points(sam: Sam) -> None:
    """The last layer of each hypernetwork, solved for masks that are blobs around their points, as trained ones would
    be. All before it stays random, so that the blobs are ragged, differ in size, and some are in pieces.
    """
    side = sam.image_encoder.img_size
    points = torch.rand(96, 1, 2) * side
    last = [mlp.layers[-1] for mlp in sam.mask_decoder.output_hypernetworks_mlps]
    heard: dict[nn.Module, Tensor] = {}
    hooks = [each.register_forward_hook(lambda layer, said, _: heard.update({layer: said[0]})) for each in last]
    enlarged: list[Tensor] = []
    hooks.append(sam.mask_decoder.output_upscaling.register_forward_hook(lambda *call: enlarged.append(call[2])))
    sparse, dense = sam.prompt_encoder(points=(points, torch.ones(len(points), 1)), boxes=None, masks=None)
    decode(sam, sam.image_encoder(torch.zeros(1, 3, side, side)), sparse, dense, several=True)
    for hook in hooks:
        hook.remove()
    seen = enlarged[0].mean(0)[:, ::4, ::4]
    for layer, radius in zip(last, RADII, strict=True):
        wanted = _blobs(points[:, 0] / side, radius, seen.shape[-1])
        answers = _solve(seen.flatten(1).T, wanted.flatten(1).T).T
        weights = _solve(nn.functional.pad(heard[layer], (0, 1), value=1.0), answers)
        layer.weight.copy_(weights[:-1].T)
        layer.bias.copy_(weights[-1])


def _blobs(centres: Tensor, radius: float, side: int) -> Tensor:
    """N x side x side logits, positive around each of N x 2 centres (x, y); lengths in parts of the side."""
    steps = (torch.arange(side) + 0.5) / side
    x, y = ((steps - centres[:, axis, None]) ** 2 for axis in (0, 1))
    return 40 * torch.exp(-(x[:, None] + y[..., None]) / (2 * radius**2)) - 24


def _solve(inputs: Tensor, outputs: Tensor) -> Tensor:
    """The W of least squares for inputs @ W = outputs (N x I and N x O), kept small."""
    gram = (inputs.T @ inputs).double()
    gram += 1e-6 * len(inputs) * torch.eye(len(gram), dtype=torch.float64)
    return torch.linalg.solve(gram, (inputs.T @ outputs).double()).float()


def generator_of_the_package(sam: Sam, per_side: int, wanted: Filter) -> SamAutomaticMaskGenerator:
    """segment-anything's own, with our grid and filters."""
    return SamAutomaticMaskGenerator(
        sam,
        points_per_side=per_side,
        pred_iou_thresh=wanted.quality,
        stability_score_thresh=wanted.stability,
        stability_score_offset=wanted.offset,
        box_nms_thresh=wanted.overlap,
    )


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
