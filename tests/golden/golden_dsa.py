"""The augmentation family: values of its definition, both parameter modes, and the pixel gradient of a weighted sum."""
import math

import numpy as np
import torch
import torch.nn.functional as F

import reference_dsa as dsa

SHARED = {
    12: {"crop": {"shift": [[-2, 1]]}, "cutout": {"centre": [[12, 3]]}, "flip": {"flag": [1]}},
    9: {"crop": {"shift": [[-1, 1]]}, "cutout": {"centre": [[8, 3]]}, "flip": {"flag": [1]}},
}
# For the 12-pixel (k = 6, centres 0..12, shifts -2..2) and the 9-pixel images (k = 5, centres 0..8, shifts -1..1).
EACH = {
    12: {
        "crop": {"shift": [[2, -2], [0, 0], [-1, 1]]},
        "cutout": {"centre": [[0, 12], [6, 5], [12, 0]]},
        "flip": {"flag": [1, 0, 1]},
    },
    9: {
        "crop": {"shift": [[-1, 1], [1, 0]]},
        "cutout": {"centre": [[8, 0], [3, 4]]},
        "flip": {"flag": [0, 1]},
    },
}


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


# The definition gives its figures as float32 printed them.
def require_close(actual, expected, what, tolerance=5e-6):
    difference = float((torch.as_tensor(actual) - torch.as_tensor(expected)).abs().max())
    if not difference <= tolerance:
        raise SystemExit(f"{what}: off by {difference:.2e}")


def definition_values():
    """The worked examples of the definition; each is asserted here against the numbers as written there."""
    out = {}

    def example(op, x, parameters, name=None):
        result = dsa.apply(x, op, parameters)
        name = name or op
        out[f"values.{name}.input"], out[f"values.{name}.output"] = x, result
        out.update({f"values.{name}.{key}": value for key, value in parameters.items()})
        return result

    ramp = torch.arange(16, dtype=torch.float64).reshape(1, 1, 4, 4)
    scaled = example("scale", ramp, {"factor": tensor([[0.9, 1.1]])})[0, 0]
    require_close(scaled[0], tensor([0.1275, 0.8925, 1.6575, 2.4225]), "scale, first row")
    require_close(scaled[3], tensor([10.3275, 11.0925, 11.8575, 12.6225]), "scale, last row")
    turned = example("rotate", ramp, {"angle": tensor([math.radians(15)])})[0, 0]
    require_close(turned[0], tensor([0.291231, 1.295236, 3.093275, 3.153572]), "rotate, first row")
    require_close(turned[3], tensor([6.789671, 11.906724, 12.53029, 9.652012]), "rotate, last row")

    longer = torch.arange(64, dtype=torch.float64).reshape(1, 1, 8, 8)
    moved = example("crop", longer, {"shift": tensor([[1, -1]])})[0, 0]
    require_close(moved[0], tensor([0, 8, 9, 10, 11, 12, 13, 14]), "crop, first row")
    require_close(moved[7], torch.zeros(8).double(), "crop, last row")
    require_close(moved.sum(), tensor(1715), "crop, sum")

    for side, cuts in {
        32: {0: (0, 7), 16: (8, 23), 32: (24, 31)},
        28: {0: (0, 6), 14: (7, 20), 28: (21, 27)},
        9: {8: (6, 8)},
    }.items():
        centres = tensor([[row, side // 2] for row in cuts])
        result = example("cutout", torch.ones(len(cuts), 1, side, side).double(), {"centre": centres}, f"cutout{side}")
        for image, (first, last) in zip(result[:, 0], cuts.values()):
            zeroed = (image[:, side // 2] == 0).nonzero().flatten().tolist()
            if zeroed != list(range(first, last + 1)):
                raise SystemExit(f"cutout of {side}: zeroed rows {zeroed}, not {first}..{last}")

    pixels = tensor([[1, 2, 3, 4], [0, -1, 2, 5], [-2, 0, 1, 3]]).reshape(1, 3, 2, 2)
    draws = {"brightness": tensor([0.75]), "saturation": tensor([0.25]), "contrast": tensor([0.9])}
    colored = example("color", pixels, draws).reshape(3, 4)
    red, green = [0.116667, 1.283333, 3.15, 5.25], [-0.583333, -0.816667, 2.45, 5.95]
    require_close(colored, tensor([red, green, [-1.983333, -0.116667, 1.75, 4.55]]), "color")
    return out


def check_against_grid_sample(rng):
    """torch's own sampler, with either convention of the corners, moves square images in the same way."""
    x = torch.as_tensor(rng.standard_normal((3, 2, 9, 9)))
    factor, angle = dsa.draw(rng, "scale", 3, 9)["factor"], dsa.draw(rng, "rotate", 3, 9)["angle"]
    zero = torch.zeros(3, dtype=torch.float64)
    maps = {
        "scale": ([factor[:, 0], zero, zero, zero, factor[:, 1], zero], {"factor": factor}),
        "rotate": ([angle.cos(), -angle.sin(), zero, angle.sin(), angle.cos(), zero], {"angle": angle}),
    }
    for op, (entries, parameters) in maps.items():
        theta = torch.stack(entries, 1).reshape(3, 2, 3)
        for corners in (True, False):
            grid = F.affine_grid(theta, list(x.shape), align_corners=corners)
            theirs = F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=corners)
            require_close(dsa.apply(x, op, parameters), theirs, f"{op} against grid_sample", 1e-12)


def tensors():
    rng = np.random.default_rng(20)
    check_against_grid_sample(rng)
    out = definition_values()
    for group, shape in {"rgb": (3, 3, 12, 12), "grey": (2, 1, 9, 9)}.items():
        images = torch.as_tensor(rng.standard_normal(shape), dtype=torch.float32).double()
        weights = torch.as_tensor(rng.standard_normal(shape), dtype=torch.float32).double()
        out[f"{group}.images"], out[f"{group}.weights"] = images, weights
        for mode, rows, fixed in (("shared", 1, SHARED[shape[2]]), ("each", shape[0], EACH[shape[2]])):
            for op in dsa.OPS:
                drawn = dsa.draw(rng, op, rows, shape[2])
                parameters = {name: tensor(values) for name, values in fixed[op].items()} if op in fixed else drawn
                x = images.clone().requires_grad_()
                result = dsa.apply(x, op, parameters)
                (gradient,) = torch.autograd.grad((weights * result).sum(), x)
                name = f"{group}.{mode}.{op}"
                out[f"{name}.output"], out[f"{name}.gradient"] = result, gradient
                out.update({f"{name}.{key}": value for key, value in parameters.items()})
    return out
