"""The DSA augmentation family from its equations. Parameters have one row for the batch, or one per image."""
import math

import torch

STRATEGY = ("color", "crop", "cutout", "flip", "scale", "rotate")


def largest_shift(side):
    return math.floor(0.125 * side + 0.5)


def cutout_side(side):
    return math.floor(0.5 * side + 0.5)


def largest_centre(side):
    """Inclusive: an even cutout may be centred on the far edge."""
    return side - cutout_side(side) % 2


def per_image(values):
    return values.reshape(-1, 1, 1, 1)


def brightness(x, u):
    return x + (per_image(u) - 0.5)


def saturation(x, u):
    mean = x.mean(1, keepdim=True)
    return (x - mean) * (2 * per_image(u)) + mean


def contrast(x, u):
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * (per_image(u) + 0.5) + mean


def take(x, rows, columns):
    """x[n, c, rows, columns], 0 outside. `rows` and `columns` are whole numbers [1 or n][H][W]."""
    height, width = x.shape[2:]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    places = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    places = places.flatten(1)[:, None].expand(x.shape[0], x.shape[1], -1)
    return x.flatten(2).gather(2, places).reshape(x.shape) * inside[:, None].to(x.dtype)


def sample(x, rows, columns):
    """Bilinear at real positions [1 or n][H][W]; a neighbour outside the image counts as 0."""
    top, left = torch.floor(rows), torch.floor(columns)
    down, right = (rows - top)[:, None].to(x.dtype), (columns - left)[:, None].to(x.dtype)
    top, left = top.long(), left.long()
    return (
        take(x, top, left) * (1 - down) * (1 - right)
        + take(x, top, left + 1) * (1 - down) * right
        + take(x, top + 1, left) * down * (1 - right)
        + take(x, top + 1, left + 1) * down * right
    )


def pixel_grid(x):
    """Row and column numbers [1][H][W]."""
    rows, columns = torch.meshgrid(torch.arange(x.shape[2]), torch.arange(x.shape[3]), indexing="ij")
    return rows[None], columns[None]


def crop(x, shift):
    """shift [.][2] = (t_h, t_w): out[i, j] = x[i + t_h, j + t_w]."""
    rows, columns = pixel_grid(x)
    shift = shift.long()
    return take(x, rows + shift[:, 0, None, None], columns + shift[:, 1, None, None])


def cutout_mask(side, centre):
    """1 where a row (or column) is cut: k in a row from centre - k // 2, indices clamped to the image."""
    k = cutout_side(side)
    first = centre.long()[:, None] - k // 2
    cut = (first + torch.arange(k)).clamp(0, side - 1)
    return torch.zeros(centre.shape[0], side, dtype=torch.bool).scatter_(1, cut, True)


def cutout(x, centre):
    """centre [.][2] = (row, column)."""
    rows = cutout_mask(x.shape[2], centre[:, 0])
    columns = cutout_mask(x.shape[3], centre[:, 1])
    return x * (~(rows[:, :, None] & columns[:, None, :]))[:, None].to(x.dtype)


def flip(x, flag):
    """flag [.]: 1 mirrors the columns."""
    return torch.where(per_image(flag) > 0.5, x.flip(3), x)


def offsets(x, dtype):
    """(d_x, d_y): column and row distance of every pixel from the centre."""
    rows, columns = pixel_grid(x)
    return columns.to(dtype) - (x.shape[3] - 1) / 2, rows.to(dtype) - (x.shape[2] - 1) / 2


def sample_offsets(x, dx, dy):
    return sample(x, dy + (x.shape[2] - 1) / 2, dx + (x.shape[3] - 1) / 2)


def scale(x, factor):
    """factor [.][2] = (s_x, s_y)."""
    dx, dy = offsets(x, factor.dtype)
    return sample_offsets(x, factor[:, 0, None, None] * dx, factor[:, 1, None, None] * dy)


def rotate(x, angle):
    """angle [.] in radians."""
    dx, dy = offsets(x, angle.dtype)
    cosine, sine = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    return sample_offsets(x, cosine * dx - sine * dy, sine * dx + cosine * dy)


def color(x, brightness_u, saturation_u, contrast_u):
    return contrast(saturation(brightness(x, brightness_u), saturation_u), contrast_u)


# op -> (function, names of its parameters)
OPS = {
    "brightness": (brightness, ("u",)),
    "saturation": (saturation, ("u",)),
    "contrast": (contrast, ("u",)),
    "color": (color, ("brightness", "saturation", "contrast")),
    "crop": (crop, ("shift",)),
    "cutout": (cutout, ("centre",)),
    "flip": (flip, ("flag",)),
    "scale": (scale, ("factor",)),
    "rotate": (rotate, ("angle",)),
}


def apply(x, op, parameters):
    function, names = OPS[op]
    return function(x, *(parameters[name] for name in names))


def draw(rng, op, rows, side, dtype=torch.float64):
    """Parameters of `op` for `rows` images (1: shared), each exact in float32. `rng` is a numpy Generator."""
    if op == "color":
        drawn = {name: rng.random(rows) for name in ("brightness", "saturation", "contrast")}
    elif op == "crop":
        drawn = {"shift": rng.integers(-largest_shift(side), largest_shift(side), (rows, 2), endpoint=True)}
    elif op == "cutout":
        drawn = {"centre": rng.integers(0, largest_centre(side), (rows, 2), endpoint=True)}
    elif op == "flip":
        drawn = {"flag": rng.random(rows) < 0.5}
    elif op == "scale":
        drawn = {"factor": rng.uniform(1 / 1.2, 1.2, (rows, 2))}
    elif op == "rotate":
        drawn = {"angle": rng.uniform(-math.pi / 12, math.pi / 12, rows)}
    else:
        drawn = {"u": rng.random(rows)}
    return {name: torch.as_tensor(values, dtype=torch.float32).to(dtype) for name, values in drawn.items()}
