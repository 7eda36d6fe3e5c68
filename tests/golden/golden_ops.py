"""Single ops with first and second derivatives, for those whose gradients are easily got wrong."""
import math

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
    if not torch.allclose(output, direct(*leaves.values()), rtol=0, atol=1e-12):
        raise SystemExit(f"{function}: the equations and torch's own op disagree")
    cotangent = normal(rng, output.shape).requires_grad_()
    gradients = torch.autograd.grad((cotangent * output).sum(), list(leaves.values()), create_graph=True)
    tangents = [normal(rng, value.shape) for value in leaves.values()]
    slope = sum((tangent * gradient).sum() for tangent, gradient in zip(tangents, gradients))
    *second, along = torch.autograd.grad(slope, [*leaves.values(), cotangent], allow_unused=True)
    out = {**inputs, "output": output, "cotangent": cotangent, "second.cotangent": along}
    for name, gradient, tangent, curvature in zip(leaves, gradients, tangents, second):
        out[f"grad.{name}"], out[f"tangent.{name}"] = gradient, tangent
        # Added, since torch's own zeros may be a tensor without memory behind it.
        out[f"second.{name}"] = torch.zeros_like(gradient) + (0 if curvature is None else curvature)
    return out


def normal(rng, shape):
    return torch.as_tensor(rng.standard_normal(tuple(shape)), dtype=torch.float32).double()


def grouped_conv2d(x, weight, stride, padding, groups):
    """Each group of output channels from its own group of input channels."""
    of, to = x.shape[1] // groups, weight.shape[0] // groups
    return torch.cat(
        [
            conv2d_by_equation(x[:, g * of : (g + 1) * of], weight[g * to : (g + 1) * to], stride, padding)
            for g in range(groups)
        ],
        1,
    )


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


def max_pool(x, size, stride, padding):
    """The largest of each window, the first of equals in the order of rows."""
    padded = F.pad(x, (padding,) * 4, value=-math.inf)
    windows = padded.unfold(2, size, stride).unfold(3, size, stride).flatten(4)
    first = (windows == windows.amax(4, keepdim=True)).to(torch.uint8).argmax(4, keepdim=True)
    return windows.gather(4, first)[..., 0]


def padded_average_pool(x, size, stride, padding):
    """Zeros around count as pixels."""
    return F.pad(x, (padding,) * 4).unfold(2, size, stride).unfold(3, size, stride).mean((4, 5))


def normalise(x, gamma, beta, axes):
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + net.EPSILON) * gamma + beta


def group_norm(x, gamma, beta, groups):
    grouped = x.reshape(x.shape[0], groups, -1)
    normal_groups = normalise(grouped, 1, 0, (2,)).reshape(x.shape)
    return normal_groups * gamma[:, None, None] + beta[:, None, None]


def interpolation(source, target):
    """[target, source] weights of bilinear resizing along one side, align_corners false."""
    weights = torch.zeros(target, source, dtype=torch.float64)
    for place in range(target):
        centre = max((place + 0.5) * source / target - 0.5, 0)
        low = math.floor(centre)
        weights[place, low] += 1 - (centre - low)
        weights[place, min(low + 1, source - 1)] += centre - low
    return weights


def resize_bilinear(x, sides):
    rows, columns = (interpolation(source, target) for source, target in zip(x.shape[2:], sides))
    return torch.einsum("nchw,yh,xw->ncyx", x, rows, columns)


def resize_nearest(x, sides):
    rows, columns = (
        torch.div(torch.arange(target) * source, target, rounding_mode="floor")
        for source, target in zip(x.shape[2:], sides)
    )
    return x[:, :, rows][:, :, :, columns]


def divergence(student, teacher, temperature):
    """KL(softmax(teacher / T) || softmax(student / T)), mean over the batch, no factor of T^2."""
    p = torch.softmax(teacher / temperature, 1)
    return (p * (torch.log(p) - torch.log(torch.softmax(student / temperature, 1)))).sum(1).mean().reshape(1)


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

    for size, stride, padding in ((2, 2, 0), (3, 2, 1)):
        add(
            f"maxPool2d.size{size}",
            lambda x: max_pool(x, size, stride, padding),
            {"x": normal(rng, (2, 3, 8, 7))},
            lambda x: F.max_pool2d(x, size, stride, padding),
        )
    add(
        "maxPool2d.ties",
        lambda x: max_pool(x, 2, 2, 0),
        {"x": torch.as_tensor(rng.integers(0, 3, (2, 3, 8, 8))).double()},
        lambda x: F.max_pool2d(x, 2, 2),
    )
    add(
        "avgPool2d.padded",
        lambda x: padded_average_pool(x, 3, 2, 1),
        {"x": normal(rng, (2, 3, 8, 7))},
        lambda x: F.avg_pool2d(x, 3, 2, 1),
    )
    affine = lambda shape: {"gamma": 1 + normal(rng, shape) / 4, "beta": normal(rng, shape)}
    add(
        "batchNorm",
        lambda x, gamma, beta: normalise(x, gamma[:, None, None], beta[:, None, None], (0, 2, 3)),
        {"x": normal(rng, (3, 4, 5, 5)), **affine((4,))},
        lambda x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, True, 0.1, net.EPSILON),
    )
    add(
        "batchNorm.running",
        lambda x, mean, variance, gamma, beta: (x - mean[:, None, None])
        / torch.sqrt(variance[:, None, None] + net.EPSILON)
        * gamma[:, None, None]
        + beta[:, None, None],
        {"x": normal(rng, (3, 4, 5, 5)), "mean": normal(rng, (4,)), "variance": 0.5 + normal(rng, (4,)) ** 2, **affine((4,))},
        lambda x, mean, variance, gamma, beta: torch.stack(
            [
                (x[:, c] - mean[c]) * torch.rsqrt(variance[c] + net.EPSILON) * gamma[c] + beta[c]
                for c in range(4)
            ],
            1,
        ),
    )
    add(
        "groupNorm",
        lambda x, gamma, beta: group_norm(x, gamma, beta, 2),
        {"x": normal(rng, (3, 6, 4, 5)), **affine((6,))},
        lambda x, gamma, beta: F.group_norm(x, 2, gamma, beta, net.EPSILON),
    )
    add(
        "layerNorm",
        lambda x, gamma, beta: normalise(x, gamma, beta, (1, 2, 3)),
        {"x": normal(rng, (3, 2, 4, 5)), **affine((2, 4, 5))},
        lambda x, gamma, beta: F.layer_norm(x, (2, 4, 5), gamma, beta, net.EPSILON),
    )
    add("variance", lambda x: ((x - x.mean((0, 2, 3), keepdim=True)) ** 2).mean((0, 2, 3)), {"x": normal(rng, (3, 4, 5, 5))},
        lambda x: x.var((0, 2, 3), unbiased=False))
    for name, shape, sides in (("up", (2, 3, 5, 4), (8, 9)), ("down", (2, 3, 9, 8), (4, 5)), ("double", (1, 2, 2, 2), (4, 4))):
        add(
            f"resize.bilinear.{name}",
            lambda x: resize_bilinear(x, sides),
            {"x": normal(rng, shape)},
            lambda x: F.interpolate(x, sides, mode="bilinear", align_corners=False),
        )
        add(
            f"resize.nearest.{name}",
            lambda x: resize_nearest(x, sides),
            {"x": normal(rng, shape)},
            lambda x: F.interpolate(x, sides, mode="nearest"),
        )
    factor = normal(rng, (6, 9))
    symmetric = lambda a: (a + a.T) / 2
    add(
        "solveSpd",
        lambda a, b: torch.linalg.inv(symmetric(a)) @ b,
        {"a": (factor @ factor.T / 9 + torch.eye(6)).float().double(), "b": normal(rng, (6, 3))},
        lambda a, b: torch.cholesky_solve(b, torch.linalg.cholesky(symmetric(a))),
    )
    for name, function, direct in (
        ("sigmoid", lambda x: 1 / (1 + torch.exp(-x)), torch.sigmoid),
        ("swish", lambda x: x / (1 + torch.exp(-x)), F.silu),
        ("gelu", lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2, F.gelu),
        ("leakyRelu", lambda x: torch.where(x > 0, x, 0.01 * x), F.leaky_relu),
        ("tanh", lambda x: 1 - 2 / (torch.exp(2 * x) + 1), torch.tanh),
        ("erf", lambda x: torch.erf(x), lambda x: 1 - torch.erfc(x)),
        ("norm", lambda x: torch.sqrt((x**2).sum(1)), lambda x: torch.linalg.norm(x, dim=1)),
        ("logSoftmax", lambda x: x - torch.log(torch.exp(x).sum(1, keepdim=True)), lambda x: torch.log_softmax(x, 1)),
    ):
        add(name, function, {"x": 2 * normal(rng, (4, 5))}, direct)
    pair = lambda first, second: {first: 2 * normal(rng, (4, 5)), second: 2 * normal(rng, (4, 5))}
    add(
        "klDivergence",
        lambda student, teacher: divergence(student, teacher, 4),
        pair("student", "teacher"),
        lambda student, teacher: F.kl_div(
            torch.log_softmax(student / 4, 1), torch.softmax(teacher / 4, 1), reduction="batchmean"
        ).reshape(1),
    )
    add(
        "softLabelCrossEntropy",
        lambda scores, labels: net.cross_entropy(scores, torch.softmax(labels, 1)).reshape(1),
        pair("scores", "labels"),
        lambda scores, labels: F.cross_entropy(scores, torch.softmax(labels, 1)).reshape(1),
    )
    add(
        "meanSquaredError",
        lambda a, b: ((a - b) ** 2).mean().reshape(1),
        pair("a", "b"),
        lambda a, b: F.mse_loss(a, b).reshape(1),
    )
    add(
        "absoluteDistance",
        lambda a, b: (a - b).abs().sum().reshape(1),
        pair("a", "b"),
        lambda a, b: F.l1_loss(a, b, reduction="sum").reshape(1),
    )
    add(
        "rowCosineDistance",
        lambda a, b: (1 - (a * b).sum(1) / (torch.sqrt((a**2).sum(1)) * torch.sqrt((b**2).sum(1)) + 1e-6)).sum().reshape(1),
        pair("a", "b"),
        lambda a, b: (
            1 - (a * b).sum(1) / (torch.linalg.norm(a, dim=1) * torch.linalg.norm(b, dim=1) + 1e-6)
        ).sum().reshape(1),
    )
    for name, groups, channels, stride in (("depthwise", 6, (6, 6), 2), ("multiplied", 3, (3, 6), 1), ("groups2", 2, (6, 4), 2)):
        add(
            f"conv2d.{name}",
            lambda x, weight: grouped_conv2d(x, weight, stride, 1, groups),
            {"x": normal(rng, (2, channels[0], 7, 7)), "weight": normal(rng, (channels[1], channels[0] // groups, 3, 3))},
            lambda x, weight: F.conv2d(x, weight, stride=stride, padding=1, groups=groups),
        )
    return out
