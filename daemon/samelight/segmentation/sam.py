"""Instances by the Segment Anything Model (Kirillov et al., 2023), any of its three published sizes.

The picture is encoded once. A grid of points then finds all instances (``everything.py``), and the foreground's mask
is given to the same encoded picture as a prompt, as SRIH (equations 3-11) and SRIN do. What is compared are the mask
tokens after the decoder's hypernetworks, one vector for each instance.

What the prompt means depends on the picture that was encoded:

* A flattened picture with a selection contains the foreground. The prompt says "this here", exactly as in the papers.
* The backdrop of a pasted layer does not. The prompt then describes *what lies behind the layer*, in the layer's shape:
  instances count as similar that look like the place the layer was pasted to. That costs no pass of the encoder, so
  that any number of layers over one backdrop share a single one.
* With ``encode_foreground`` (see ``finder.py``) the composite is encoded too, once for each layer, and the prompt is
  given to that: the papers' meaning for pasted layers, at the price of one more pass of the encoder.
"""

from __future__ import annotations

from pathlib import Path

import torch
from segment_anything import sam_model_registry
from segment_anything.modeling import Sam
from torch import Tensor

from samelight.segmentation.base import Foreground, OnPart, Segmentation, resize
from samelight.segmentation.everything import Filter, Masks, decode, find_masks, low_size
from samelight_wire.errors import WeightsCorruptError

__all__ = ["SamSegmenter", "load_sam"]

# The checkpoints by the width of their encoder, which no two share.
_KINDS = {768: "vit_b", 1024: "vit_l", 1280: "vit_h"}
_WIDTH_KEY = "image_encoder.patch_embed.proj.weight"

# A prompt mask is what the decoder itself would answer: logits, far from 0 where it is certain.
CERTAIN = 10.0

# So many prompts at once; each needs about 10 MB in the decoder of the published checkpoints.
POINTS_AT_ONCE = {"cpu": 16, "mps": 32, "cuda": 64}


def load_sam(path: Path, device: torch.device) -> Sam:
    """The model of a checkpoint file, whichever of the three it holds, ready to run on the device.

    The file's hash is to be checked before; all the same nothing but tensors is read from it.

    Raises:
        WeightsCorruptError: it cannot be read, or is no checkpoint of this model.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        sam: Sam = sam_model_registry[_KINDS[state[_WIDTH_KEY].shape[0]]]()
        sam.load_state_dict(state)
    except Exception as error:  # torch raises whatever the damage leads to
        raise WeightsCorruptError(f'The segmentation weights "{path}" cannot be used ({error}).') from error
    return sam.eval().requires_grad_(False).to(device)


class SamSegmenter:
    """See ``base.Segmenter``.

    Args:
        sam: the model, on its device.
        name: what it is called.
        points_per_side: the grid has points_per_side^2 points.
        wanted: which masks count.
    """

    def __init__(self, sam: Sam, name: str = "sam", *, points_per_side: int = 16, wanted: Filter | None = None) -> None:
        self.name = name
        self._sam = sam
        self._per_side = points_per_side
        self._wanted = wanted or Filter()

    @property
    def side(self) -> int:
        """Three quarters of the encoder's square: a 4:3 picture of that area fills its width."""
        return int(self._sam.image_encoder.img_size) * 3 // 4

    @torch.inference_mode()
    def segment(self, picture: Tensor, known: Tensor, on_part: OnPart = lambda part: None) -> Segmentation:
        """Encode, find everything, and paint the masks into one label map, small ones over large ones."""
        size = self._input_size(*picture.shape[-2:])
        features = self.encode(picture)
        device = self._sam.device
        at_once = POINTS_AT_ONCE.get(device.type, 16)
        masks = find_masks(self._sam, features, size, self._per_side, at_once, self._wanted, on_part)
        seen = resize(known[None], *low_size(self._sam, size))[0].to(device) > 0.5
        labels, embeddings = _paint(masks, seen)
        return Segmentation(labels.cpu(), embeddings.float().cpu(), features)

    @torch.inference_mode()
    def encode(self, picture: Tensor) -> Tensor:
        """Equation 3: F_i, 1 x C x h x w on the device, of a picture 3 x H x W in 0..1."""
        size = self._input_size(*picture.shape[-2:])
        codes = resize(picture, *size).clamp(0.0, 1.0).to(self._sam.device) * 255.0
        features: Tensor = self._sam.image_encoder(self._sam.preprocess(codes)[None])
        return features

    @torch.inference_mode()
    def embed(
        self, segmentation: Segmentation, foreground: Foreground, features: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Equations 4, 5 and 10: the foreground's mask as a prompt; the module's docstring says to which picture."""
        prompt = self._prompt(foreground, segmentation.labels.shape)
        sparse, dense = self._sam.prompt_encoder(points=None, boxes=None, masks=prompt)
        seen = segmentation.features if features is None else features
        _, _, tokens = decode(self._sam, seen, sparse, dense, several=True)
        return segmentation.embeddings, tokens[0].mean(dim=0).float().cpu()

    def _prompt(self, foreground: Foreground, size: torch.Size) -> Tensor:
        """The mask as logits, 1 x 1 x 4h x 4w, in the corner that the picture fills (height x width)."""
        logits = torch.full((1, 1, *self._sam.prompt_encoder.mask_input_size), -CERTAIN)
        logits[..., : size[0], : size[1]] = (2.0 * foreground.placed_mask(*size) - 1.0) * CERTAIN
        return logits.to(self._sam.device)

    def _input_size(self, height: int, width: int) -> tuple[int, int]:
        """What the encoder sees of a picture, without padding: the longer side fills its square."""
        scale = self._sam.image_encoder.img_size / max(height, width)
        return max(1, round(height * scale)), max(1, round(width * scale))


def _paint(found: Masks, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Overlapping masks to one label map.

    Args:
        found: K masks of h x w.
        seen: h x w, bool; there is no instance elsewhere.

    Returns: labels h x w, int64, and the embeddings (N x D) of the N masks of which something is left to see.
    """
    if not len(found.masks):
        return torch.zeros_like(seen, dtype=torch.int64), found.embeddings
    order = found.masks.flatten(1).sum(1).argsort(descending=True, stable=True)
    ranks = torch.arange(1, len(order) + 1, device=seen.device, dtype=torch.int32)
    painted = (found.masks[order] * ranks[:, None, None]).amax(0) * seen
    left, labels = torch.unique(painted, return_inverse=True)
    if int(left[0]) == 0:
        left = left[1:]
    else:
        labels = labels + 1
    return labels, found.embeddings[order][left.long() - 1]
