"""What a piece of a picture looks like, in a few numbers that a wrong light changes little."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter, minimum_filter

__all__ = ["embed", "feature_maps", "interior", "pool"]

Array = NDArray[np.float32]

# Light multiplies each channel; in the logarithm that is an offset, which neither variances nor gradients see. The
# floor keeps the noise of dark places small.
DARK = 0.05

FINE, COARSE = 0.8, 2.5  # pixels: the two scales of texture

# A piece may be so thin that nothing of it is far from a border: then its borders have to do.
BORDER = np.float32(0.01)

LEAST_TEXTURE = 1e-5  # squared gradient of the logarithm below which everything counts as smooth


def feature_maps(picture: Array) -> Array:
    """What can be averaged over any piece of a picture.

    Args:
        picture: H x W x 3, sRGB code values 0..1.

    Returns: 12 x H x W: the logarithm of lightness, two opponent colours (differences of the channels' logarithms), the
    squares of these three, and structure tensors (xx, yy, xy) of the first at two scales.
    """
    red, green, blue = np.log(picture.transpose(2, 0, 1) + np.float32(DARK))
    light = np.log(picture @ np.array([0.3, 0.59, 0.11], np.float32) + np.float32(DARK))
    colours = np.stack([light, red - green, (red + green) / 2 - blue])
    tensors = [_structure_tensor(gaussian_filter(light, scale)) for scale in (FINE, COARSE)]
    return np.concatenate([colours, colours**2, *tensors]).astype(np.float32)


def _structure_tensor(values: Array) -> Array:
    """3 x H x W: products of the differences between neighbours, across, down and mixed."""
    across = np.diff(values, axis=1, append=values[:, -1:])
    down = np.diff(values, axis=0, append=values[-1:])
    return np.stack([across**2, down**2, across * down])


def interior(borders: NDArray[Any]) -> Array:
    """How far pixels tell what a surface is like: little where it ends, for the step there is no texture of its own.

    Args:
        borders: H x W, any values that differ where one piece ends and another begins: labels, or a mask.

    Returns: H x W, 1 inside of pieces and nearly 0 beside their borders.
    """
    reach = 2 * round(COARSE) + 1
    step = maximum_filter(borders, reach) - minimum_filter(borders, reach)
    return np.where(step > 0.1, BORDER, np.float32(1)).astype(np.float32)


def pool(maps: Array, weights: Array, inner: Array, origin: tuple[float, float], extent: tuple[float, float]) -> Array:
    """Describe pieces of a picture.

    Args:
        maps: 12 x H x W, see ``feature_maps``.
        weights: N x H x W, how much each pixel belongs to each piece; each has some.
        inner: H x W, how much each pixel tells about colour and texture; see ``interior``.
        origin: (top, left) of the maps in the whole picture, in fractions of its height and width.
        extent: (height, width) of the maps in the same unit.

    Returns: N x 17 in the order of KINDS.
    """
    height, width = maps.shape[1:]
    y = origin[0] + extent[0] * (np.arange(height, dtype=np.float32) + 0.5) / height
    x = origin[1] + extent[1] * (np.arange(width, dtype=np.float32) + 0.5) / width
    total = weights.sum((1, 2), dtype=np.float64)
    telling = (weights * inner).reshape(len(weights), -1)
    means = telling @ maps.reshape(len(maps), -1).T / telling.sum(1)[:, None]
    rows, columns = weights.sum(2) / total[:, None], weights.sum(1) / total[:, None]
    place_y, place_x = rows @ y, columns @ x
    spread_y = np.sqrt(np.maximum(rows @ y**2 - place_y**2, 1e-6))
    spread_x = np.sqrt(np.maximum(columns @ x**2 - place_x**2, 1e-6))
    area = total / (height * width) * extent[0] * extent[1]
    return np.stack(
        [
            *means[:, :3].T,
            *_contrasts(means),
            *_texture(means[:, 6:9]),
            *_texture(means[:, 9:12]),
            _energy(means[:, 6:9]) - _energy(means[:, 9:12]),
            place_y,
            place_x,
            np.log(area),
            np.log(spread_y / spread_x),
            # A rectangle has 1, an ellipse a little less, anything ragged or hollow much less.
            np.minimum(area / (12 * spread_y * spread_x), 1.5),
        ],
        axis=1,
    ).astype(np.float32)


def _contrasts(means: Array) -> tuple[Array, Array]:
    """Logarithms of how much lightness, and colour, vary within each piece."""
    variance = np.maximum(means[:, 3:6] - means[:, :3] ** 2, 1e-4)
    return np.log(variance[:, 0]) / 2, np.log(variance[:, 1] + variance[:, 2]) / 2


def _energy(tensor: Array) -> Array:
    energy: Array = np.log(tensor[:, 0] + tensor[:, 1] + LEAST_TEXTURE)
    return energy


def _texture(tensor: Array) -> tuple[Array, Array, Array]:
    """Strength (logarithm) of the texture, and its direction as a vector (twice the angle) of length 0..1."""
    across, down, mixed = tensor.T
    trace = across + down + LEAST_TEXTURE
    return _energy(tensor), (across - down) / trace, 2 * mixed / trace


# Of each number of a description: its weight in the comparison, and the least spread that counts as a difference. A
# pasted foreground's lightness and colour are what is wrong with it: they count for little. What counts is texture
# (how strong, how fine, which direction), then place (neighbours stand in the same light), then size and shape.
KINDS: dict[str, tuple[float, float]] = {
    "lightness": (0.25, 0.25),
    "red against green": (0.25, 0.12),
    "yellow against blue": (0.25, 0.2),
    "contrast of lightness": (1.0, 0.4),
    "contrast of colour": (0.8, 0.4),
    "fine texture": (1.5, 1.0),
    "fine direction, level": (1.0, 0.25),
    "fine direction, diagonal": (0.6, 0.25),
    "coarse texture": (1.5, 1.0),
    "coarse direction, level": (0.8, 0.25),
    "coarse direction, diagonal": (0.5, 0.25),
    "fineness": (1.0, 0.5),
    "height in the picture": (0.7, 0.20),
    "side of the picture": (0.5, 0.20),
    "size": (0.5, 0.8),
    "elongation": (0.3, 0.4),
    "fullness": (0.3, 0.15),
}


def embed(descriptions: Array, reference: Array, area: Array) -> Array:
    """Make descriptions comparable by their cosine.

    Each number becomes a point on a half circle: the middle of the reference lies in the middle, what is far off
    lies near the ends. So the cosine of two embeddings is a weighted mean, over the numbers, of the cosine of the angle
    between their points: 1 where all agree, -1 where all are opposite, and no single number can outweigh the others.

    Args:
        descriptions: N x 17, see ``pool``.
        reference: R x 17, the picture's pieces.
        area: R, the weight of each piece.

    Returns: N x 34, each of length 1.
    """
    weights, least = np.array(list(KINDS.values()), np.float32).T
    share = (area / area.sum())[:, None]
    middle = (share * reference).sum(0)
    spread = np.sqrt((share * (reference - middle) ** 2).sum(0))
    distance = np.clip(1.5 * (descriptions - middle) / np.maximum(spread, least), -9, 9)
    angle = np.pi / (1 + np.exp(-distance))
    points = np.concatenate([np.cos(angle), np.sin(angle)], axis=1) * np.sqrt(np.tile(weights / weights.sum(), 2))
    embeddings: Array = points.astype(np.float32)
    return embeddings
