"""ConvNet-3: forward pass, parameter gradients, and the pixel gradient of distances between parameter gradients."""
import numpy as np
import torch

import reference_net as net

WIDTH, CLASSES = 8, 10
LABELS = {"images": (0, 3, 9), "real": (1, 3, 7)}


def parameter_gradients(parameters, x, labels, create_graph=False):
    scores = net.logits(parameters, x)
    loss = net.cross_entropy(scores, labels)
    gradients = torch.autograd.grad(loss, list(parameters.values()), create_graph=create_graph)
    return scores, loss, dict(zip(parameters, gradients))


def norm(x):
    """|x| whose derivative at 0 is 0."""
    square = (x * x).sum(-1)
    return torch.where(square > 0, torch.sqrt(torch.where(square > 0, square, torch.ones_like(square))), 0 * square)


def cosine_rows(a, b):
    """Sum over rows of 1 - <a, b> / (|a| |b| + 1e-6)."""
    return (1 - (a * b).sum(-1) / (norm(a) * norm(b) + 1e-6)).sum()


def squared(real, ours):
    return sum(((real[name] - ours[name]) ** 2).sum() for name in real)


def cosine(real, ours):
    """One cosine per parameter tensor."""
    return sum(cosine_rows(real[name].reshape(1, -1), ours[name].reshape(1, -1)) for name in real)


def rowwise(real, ours):
    """One cosine per output channel or unit; one-dimensional parameters do not count."""
    return sum(cosine_rows(real[name].flatten(1), ours[name].flatten(1)) for name in real if real[name].ndim > 1)


DISTANCES = {"squared": squared, "cosine": cosine, "rowwise": rowwise}


def check_by_differences(value, x, gradient, rng, what):
    """A central difference along one random direction."""
    direction = torch.as_tensor(rng.standard_normal(tuple(x.shape)))
    step = 1e-6
    slope = float(value(x + step * direction) - value(x - step * direction)) / (2 * step)
    expected = float((gradient * direction).sum())
    if not abs(slope - expected) <= 1e-5 * max(abs(expected), 1e-3):
        raise SystemExit(f"{what}: gradient {expected:.9g}, difference quotient {slope:.9g}")


def check_instance_norm(rng):
    x, gamma, beta = (torch.as_tensor(rng.standard_normal(shape)) for shape in ((2, 4, 5, 5), (4,), (4,)))
    difference = net.instance_norm(x, gamma, beta) - net.native_instance_norm(x, gamma, beta)
    if not float(difference.abs().max()) < 1e-12:
        raise SystemExit("the two instance norms disagree")


def tensors(channels, side, seed):
    rng = np.random.default_rng(seed)
    check_instance_norm(rng)
    shapes = net.parameter_shapes(channels, side, WIDTH, CLASSES)
    parameters = {name: value.double() for name, value in net.draw_parameters(rng, shapes, random_norm=True).items()}
    shape = (channels, side, side)
    x, real = (net.draw_clear_images(rng, parameters, len(labels), shape) for labels in LABELS.values())
    for images in (x, real):
        net.require_margin(parameters, images, f"convnet {channels}x{side}x{side}")
    labels, real_labels = (torch.eye(CLASSES).double()[list(rows)] for rows in LABELS.values())

    out = {**parameters, "images": x, "labels": labels, "real.images": real, "real.labels": real_labels}
    for value in parameters.values():
        value.requires_grad_(True)
    scores, loss, gradients = parameter_gradients(parameters, x, labels)
    out.update({"features": net.features(parameters, x), "logits": scores, "loss": loss})
    out.update({f"grad.{name}": gradient for name, gradient in gradients.items()})
    for name, gradient in gradients.items():
        check_by_differences(
            lambda value, name=name: net.cross_entropy(net.logits({**parameters, name: value}, x), labels),
            parameters[name].detach(),
            gradient,
            rng,
            f"grad.{name}",
        )
    real_scores, real_loss, target = parameter_gradients(parameters, real, real_labels)
    out.update({"real.logits": real_scores, "real.loss": real_loss})
    out.update({f"real.grad.{name}": gradient for name, gradient in target.items()})

    for name, distance in DISTANCES.items():

        def value(images):
            return distance(target, parameter_gradients(parameters, images, labels, create_graph=True)[2])

        pixels = x.clone().requires_grad_()
        result = value(pixels)
        (gradient,) = torch.autograd.grad(result, pixels)
        check_by_differences(value, x, gradient, rng, f"distance.{name}.pixels")
        out[f"distance.{name}"], out[f"distance.{name}.pixels"] = result, gradient
    return out
