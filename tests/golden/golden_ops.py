"""Single ops with first and second derivatives, for those whose gradients are easily got wrong."""
import numpy as np
import torch
import torch.nn.functional as F

import reference_dsa as dsa
import reference_net as net


def derivatives(rng, function, inputs, direct):
    """Output, cotangent w, gradients g of sum(w * output), tangents t, and the second derivatives: gradients of
    sum over inputs of sum(t * g), with respect to every input and to w (the output's directional derivative)."""
    leaves = {name: value.clone().requires_grad_() for name, value in inputs.items()}
    output = function(**leaves)
    if not torch.allclose(output, direct(**leaves), rtol=0, atol=1e-12):
        raise SystemExit(f"{function}: the equations and torch's own op disagree")
    cotangent = normal(rng, output.shape).requires_grad_()
    gradients = torch.autograd.grad((cotangent * output).sum(), list(leaves.values()), create_graph=True)
    tangents = [normal(rng, value.shape) for value in leaves.values()]
    slope = sum((tangent * gradient).sum() for tangent, gradient in zip(tangents, gradients))
    *second, along = torch.autograd.grad(slope, [*leaves.values(), cotangent], allow_unused=True)
    out = {**inputs, "output": output, "cotangent": cotangent, "second.cotangent": along}
    for name, gradient, tangent, curvature in zip(leaves, gradients, tangents, second):
        out[f"grad.{name}"], out[f"tangent.{name}"] = gradient, tangent
        out[f"second.{name}"] = torch.zeros_like(gradient) if curvature is None else curvature
    return out


def normal(rng, shape):
    return torch.as_tensor(rng.standard_normal(tuple(shape)), dtype=torch.float32).double()


def conv2d_by_equation(x, weight, stride, padding):
    """out[n, o, i, j] = sum over c, a, b of weight[o, c, a, b] * padded[n, c, stride i + a, stride j + b]."""
    padded = F.pad(x, (padding,) * 4)
    size = weight.shape[2]
    side = (padded.shape[2] - size) // stride + 1
    reach = stride * (side - 1) + 1
    return sum(
        torch.einsum("nchw,oc->nohw", padded[:, :, a : a + reach : stride, b : b + reach : stride], weight[:, :, a, b])
        for a in range(size)
        for b in range(size)
    )


def average_pool(x):
    """2 x 2 means; an odd last row or column is left out."""
    side = x.shape[2] // 2
    return x[:, :, : 2 * side, : 2 * side].reshape(*x.shape[:2], side, 2, side, 2).mean((3, 5))


def tensors():
    rng = np.random.default_rng(60)
    out = {}

    def add(name, function, inputs, direct):
        out.update({f"{name}.{key}": value for key, value in derivatives(rng, function, inputs, direct).items()})

    for stride in (1, 2):
        for padding in (0, 1, 3):
            add(
                f"conv2d.stride{stride}.padding{padding}",
                lambda x, weight: conv2d_by_equation(x, weight, stride, padding),
                {"x": normal(rng, (2, 3, 8, 8)), "weight": normal(rng, (4, 3, 3, 3))},
                lambda x, weight: F.conv2d(x, weight, stride=stride, padding=padding),
            )
    add("avgPool2d", average_pool, {"x": normal(rng, (2, 3, 9, 9))}, lambda x: F.avg_pool2d(x, 2, 2))
    add(
        "instanceNorm",
        net.instance_norm,
        {"x": normal(rng, (2, 4, 5, 5)), "gamma": 1 + normal(rng, (4,)) / 4, "beta": normal(rng, (4,))},
        net.native_instance_norm,
    )
    add(
        "softmaxCrossEntropy",
        lambda scores, labels: net.cross_entropy(scores, labels).reshape(1),
        {"scores": 2 * normal(rng, (4, 5)), "labels": torch.softmax(normal(rng, (4, 5)), 1).float().double()},
        lambda scores, labels: F.cross_entropy(scores, labels).reshape(1),
    )

    # Positions reach up to 1.5 pixels outside, so that every kind of border is there; each image has its own.
    x = normal(rng, (2, 3, 6, 6))
    rows, columns = (torch.as_tensor(rng.uniform(-1.5, 6.5, (2, 6, 6)), dtype=torch.float32).double() for _ in range(2))
    grid = torch.stack([2 * columns / 5 - 1, 2 * rows / 5 - 1], 3)
    add(
        "bilinear",
        lambda x: dsa.sample(x, rows, columns),
        {"x": x},
        lambda x: F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=True),
    )
    out["bilinear.rows"], out["bilinear.columns"] = rows, columns
    return out
