"""Every family of networks in a small width: scores, loss, gradients and running statistics.

Parameters and images are not stored: a linear congruential generator gives them, in the flat order of the parameters.
"""
import copy
import math

import numpy as np
import torch
from torch import nn

import reference_net as net
import reference_nets as nets

CLASSES = 3
NORMS = (nn.GroupNorm, nn.BatchNorm2d, nn.LayerNorm)

# Name (as recipes have it) -> channels, side, images, model.
CASES = {
    "convnet-2-w4-bn": (3, 8, 3, lambda c, s: nets.convnet(c, s, CLASSES, 2, 4, norm="batch")),
    "convnet-2-w4-ln-sigmoid": (3, 8, 3, lambda c, s: nets.convnet(c, s, CLASSES, 2, 4, "layer", "sigmoid")),
    "convnet-2-w8-gn-leakyrelu": (3, 9, 3, lambda c, s: nets.convnet(c, s, CLASSES, 2, 8, "group", "leakyrelu")),
    "convnet-2-w4-swish-bn": (1, 8, 3, lambda c, s: nets.convnet(c, s, CLASSES, 2, 4, "batch", "swish")),
    "convnet-2-w4-nonorm-maxpool": (3, 8, 3, lambda c, s: nets.convnet(c, s, CLASSES, 2, 4, "none", pool="max")),
    "convnet-1-w4-nopool": (3, 8, 3, lambda c, s: nets.convnet(c, s, CLASSES, 1, 4, pool="none")),
    "mlp-w5": (3, 8, 3, lambda c, s: nets.mlp(c, s, CLASSES, 5)),
    "lenet-w2": (1, 13, 3, lambda c, s: nets.lenet(c, s, CLASSES, 2, 5, 40, 28)),
    "alexnet-w2": (3, 17, 3, lambda c, s: nets.alexnet(c, s, CLASSES, (2, 3, 4, 3, 3), "none")),
    "alexnet-w2-bn": (1, 12, 3, lambda c, s: nets.alexnet(c, s, CLASSES, (2, 3, 4, 3, 3), "batch")),
    "vgg11-w1": (3, 32, 2, lambda c, s: nets.vgg11(c, s, CLASSES, 1, "instance")),
    "vgg11-w1-bn": (1, 28, 3, lambda c, s: nets.vgg11(c, s, CLASSES, 1, "batch")),
    "resnet18-w1": (3, 26, 2, lambda c, s: nets.resnet18(c, s, CLASSES, 1, "instance", False)),
    "resnet18-w1-bn": (1, 28, 2, lambda c, s: nets.resnet18(c, s, CLASSES, 1, "batch", False)),
    "resnet18-ap-w1": (3, 17, 2, lambda c, s: nets.resnet18(c, s, CLASSES, 1, "instance", True)),
    "resnet18-ap-w1-bn": (1, 28, 2, lambda c, s: nets.resnet18(c, s, CLASSES, 1, "batch", True)),
}


class Draws:
    """Numbers in [-1, 1) of s <- 1664525 s + 1013904223 (mod 2^32), as 2 s / 2^32 - 1."""

    def __init__(self, seed):
        self.state = seed

    def take(self, shape, scale, centre=0.0):
        """centre + scale * draw, rounded to float32."""
        values = np.empty(math.prod(shape), np.float64)
        for at in range(len(values)):
            self.state = (1664525 * self.state + 1013904223) % 2**32
            values[at] = centre + scale * (2 * self.state / 2**32 - 1)
        return torch.from_numpy(values.astype(np.float32).astype(np.float64)).reshape(shape)


def fill(model, draws):
    for module in model.modules():
        own = dict(module.named_parameters(recurse=False))
        for name, value in own.items():
            if isinstance(module, NORMS):
                drawn = draws.take(value.shape, 0.4, 1.0 if name == "weight" else 0.0)
            else:
                drawn = draws.take(value.shape, 1 / math.sqrt(own["weight"][0].numel()))
            value.data = drawn


def flat(values):
    return torch.cat([value.detach().flatten() for value in values])


def measure(model, x, labels):
    """Scores, loss, and the flat gradient."""
    scores = model(x)
    loss = net.cross_entropy(scores, labels)
    return {"logits": scores, "loss": loss, "grad": flat(torch.autograd.grad(loss, list(model.parameters())))}


def run(model, x, labels):
    """A training pass; under batch norm its running statistics, and a pass in evaluation by these."""
    model = copy.deepcopy(model)
    result = measure(model.train(), x, labels)
    running = [value for name, value in model.named_buffers() if "running" in name]
    if running:
        result["running"] = flat(running)
        result.update({f"eval.{name}": value for name, value in measure(model.eval(), x, labels).items()})
    return result


def parts(model, gradient):
    return gradient.split([value.numel() for value in model.parameters()])


def is_close(model, name, wide, narrow):
    """Tensor by tensor; a gradient that is zero in truth, as of a bias before a norm, against the largest of all."""
    if not name.endswith("grad"):
        return float((wide - narrow).abs().max()) < 1e-5
    largest = float(wide.abs().max())
    for ours, theirs in zip(parts(model, wide), parts(model, narrow)):
        own = float(ours.abs().max())
        if not float((ours - theirs).abs().max()) < 1e-5 * (own if own > 1e-9 * largest else largest):
            return False
    return True


def is_steady(model, x, labels):
    """Whether no kink is near in either mode, and float32 stays close to float64."""
    trained = copy.deepcopy(model).train()
    if nets.margin(trained, x) < nets.MARGIN or nets.margin(trained.eval(), x) < nets.MARGIN:
        return False
    wide, narrow = run(model, x, labels), run(copy.deepcopy(model).float(), x.float(), labels.float())
    return all(is_close(model, name, wide[name], narrow[name]) for name in wide)


def tensors():
    out = {}
    for name, (channels, side, count, create) in CASES.items():
        labels = torch.eye(CLASSES).double()[torch.arange(count) % CLASSES]
        for seed in range(1, 10000):
            model, draws = create(channels, side).double(), Draws(seed)
            fill(model, draws)
            x = draws.take((count, channels, side, side), 1.7)
            if is_steady(model, x, labels):
                break
        else:
            raise SystemExit(f"{name}: no seed keeps its distance from every kink")
        out[f"{name}.seed"] = torch.tensor(float(seed))
        out[f"{name}.images"] = torch.tensor([count, channels, side, side]).double()
        out.update({f"{name}.{key}": value for key, value in run(model, x, labels).items()})
    return out
