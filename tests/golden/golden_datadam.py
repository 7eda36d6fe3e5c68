"""One step of attention matching under batch norm and one under instance norm, in the code's and the paper's constants."""
import numpy as np
import torch
import torch.nn.functional as F

import reference_dsa as dsa
import reference_net as net

CLASSES, IPC, REAL, WIDTH, SHAPE = 2, 2, (4, 3), 4, (3, 16, 16)
OPS = ("color", "crop")
MOMENTUM, RATE = 0.5, 1.0
MARGIN = 1e-5
# norm, power p of the maps, lambda, factor of the whole loss: the official code's, and the paper's.
CASES = {"batch": (1, 0.01, 100.0), "instance": (4, 0.02, 1.0)}


def normalise(x, gamma, beta, axes):
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + net.EPSILON) * gamma[:, None, None] + beta[:, None, None]


def forward(parameters, x, axes, seen=None):
    """The maps after each ReLU, and the flattened last block."""
    maps = []
    for block in range(3):
        weight, bias, gamma, beta = (
            parameters[f"blocks.{block}.{key}"] for key in ("conv.weight", "conv.bias", "norm.weight", "norm.bias")
        )
        z = normalise(F.conv2d(x, weight, bias, padding=1), gamma, beta, axes)
        if seen is not None:
            seen.append(z)
        maps.append(torch.clamp(z, min=0))
        x = F.avg_pool2d(maps[-1], 2)
    return maps, x.flatten(1)


def attention(f, power):
    a = (f.abs() ** power).sum(1).flatten(1)
    return a / torch.clamp(torch.linalg.vector_norm(a, dim=1, keepdim=True), min=1e-12)


def tensors():
    check = attention(torch.tensor([[[[3.0, 4.0]]]], dtype=torch.float64), 1)
    if not torch.allclose(check, torch.tensor([[0.6, 0.8]], dtype=torch.float64)):
        raise SystemExit("the map (3, 4) should have become (.6, .8)")
    rng = np.random.default_rng(70)
    out = {}
    for name, (power, weight, factor) in CASES.items():
        axes = (0, 2, 3) if name == "batch" else (2, 3)
        for _ in range(1000):
            made = attempt(rng, name, axes, power, weight, factor)
            if made is not None:
                break
        else:
            raise SystemExit("a thousand draws and none keeps the ReLU arguments away from zero")
        out.update({f"{name}.{key}": value for key, value in made.items()})
    return out


def attempt(rng, name, axes, power, weight, factor):
    out = {}
    shapes = net.parameter_shapes(SHAPE[0], SHAPE[1], WIDTH, CLASSES)
    parameters = {key: value.double() for key, value in net.draw_parameters(rng, shapes, random_norm=True).items()}
    out.update(parameters)

    def images(count):
        return torch.as_tensor(rng.standard_normal((count, *SHAPE)), dtype=torch.float32).double()

    real, synthetic = images(sum(REAL)), images(CLASSES * IPC)
    velocity = 0.1 * images(CLASSES * IPC)
    velocity = velocity.float().double()
    drawn = [dsa.draw(rng, op, 1, SHAPE[1]) for op in OPS]
    for label, op in enumerate(OPS):
        out.update({f"class{label}.{op}.{key}": value for key, value in drawn[label].items()})

    def augmented(x, counts):
        parts = torch.split(x, counts)
        return torch.cat([dsa.apply(part, OPS[label], drawn[label]) for label, part in enumerate(parts)])

    def means(x, counts, seen):
        maps, features = forward(parameters, augmented(x, counts), axes, seen)
        quantities = [attention(f, power) for f in maps[:-1]] + [features]
        return [torch.stack([part.mean(0) for part in torch.split(q, counts)]) for q in quantities]

    seen = []
    pixels = synthetic.clone().requires_grad_()
    target = [q.detach() for q in means(real, list(REAL), seen)]
    ours = means(pixels, [IPC] * CLASSES, seen)
    if min(float(z.detach().abs().min()) for z in seen) < MARGIN:
        return None
    factors = [factor] * (len(target) - 1) + [factor * weight]
    by_layer = [f * ((a - b) ** 2).sum(1) for f, a, b in zip(factors, target, ours)]
    loss = torch.stack(by_layer).sum()
    (gradient,) = torch.autograd.grad(loss, pixels)
    moved, velocities = net.sgd_step({"x": synthetic}, {"x": velocity}, {"x": gradient}, RATE, MOMENTUM)
    out.update(
        {
            "real": real,
            "synthetic": synthetic,
            "velocity": velocity,
            "by_layer": torch.stack(by_layer).sum(1),
            "by_class": torch.stack(by_layer).sum(0),
            "gradient": gradient,
            "images": moved["x"],
            "velocity_after": velocities["x"],
        }
    )
    return out
