"""The networks of the cross-architecture tables as torch modules, layer by layer from their definitions; the kinks of a pass."""
import torch
from torch import nn

# Nearer than this to a ReLU's zero, or to a maximum's rival, float32 may take another side than float64.
MARGIN = 1e-4


def norm_layer(kind, channels, side):
    return {
        "none": lambda: nn.Identity(),
        "instance": lambda: nn.GroupNorm(channels, channels),
        "batch": lambda: nn.BatchNorm2d(channels),
        "layer": lambda: nn.LayerNorm([channels, side, side]),
        "group": lambda: nn.GroupNorm(4, channels),
    }[kind]()


ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "leakyrelu": lambda: nn.LeakyReLU(0.01), "swish": nn.SiLU}
POOLS = {"avg": lambda: nn.AvgPool2d(2), "max": lambda: nn.MaxPool2d(2), "none": nn.Identity}


def convnet(channels, side, classes, depth, width, norm="instance", activation="relu", pool="avg"):
    layers = []
    for block in range(depth):
        padding = 3 if block == 0 and channels == 1 else 1
        side = side + 2 * padding - 2
        layers += [nn.Conv2d(channels if block == 0 else width, width, 3, padding=padding)]
        layers += [norm_layer(norm, width, side), ACTIVATIONS[activation](), POOLS[pool]()]
        side = side if pool == "none" else side // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * side * side, classes))


def mlp(channels, side, classes, width):
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(channels * side * side, width), nn.ReLU(),
        nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, classes),
    )  # fmt: skip


def lenet(channels, side, classes, first, second, third, fourth):
    padding = 2 if channels == 1 else 0
    last = ((side + 2 * padding - 4) // 2 - 4) // 2
    return nn.Sequential(
        nn.Conv2d(channels, first, 5, padding=padding), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(first, second, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(second * last * last, third), nn.ReLU(),
        nn.Linear(third, fourth), nn.ReLU(),
        nn.Linear(fourth, classes),
    )  # fmt: skip


def alexnet(channels, side, classes, widths, norm):
    first = 4 if channels == 1 else 2
    plan = [(5, first, True), (5, 2, True), (3, 1, False), (3, 1, False), (3, 1, True)]
    last = (side + 2 * first - 4) // 8
    layers, inputs = [], channels
    for width, (kernel, padding, pools) in zip(widths, plan):
        layers += [nn.Conv2d(inputs, width, kernel, padding=padding), norm_layer(norm, width, None), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if pools else []
        inputs = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * last * last, classes))


def vgg11(channels, side, classes, width, norm):
    layers, inputs = [], channels
    for step in [1, "M", 2, "M", 4, 4, "M", 8, 8, "M", 8, 8, "M"]:
        if step == "M":
            layers += [nn.MaxPool2d(2)]
            continue
        padding = 3 if not layers and channels == 1 else 1
        layers += [nn.Conv2d(inputs, step * width, 3, padding=padding), norm_layer(norm, step * width, None), nn.ReLU()]
        inputs = step * width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs, classes))


class BasicBlock(nn.Module):
    def __init__(self, inputs, width, stride, norm, averages):
        super().__init__()
        own = 1 if averages else stride
        halving = nn.AvgPool2d(2) if averages and stride == 2 else nn.Identity()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride=own, padding=1, bias=False)
        self.norm1 = norm_layer(norm, width, None)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = norm_layer(norm, width, None)
        self.halve = halving
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()
        self.shortcut = nn.Identity()
        if inputs != width or stride != 1:
            projection = nn.Conv2d(inputs, width, 1, stride=own, bias=False)
            self.shortcut = nn.Sequential(projection, halving, norm_layer(norm, width, None))

    def forward(self, x):
        y = self.halve(self.relu1(self.norm1(self.conv1(x))))
        return self.relu2(self.norm2(self.conv2(y)) + self.shortcut(x))


def resnet18(channels, side, classes, width, norm, averages):
    layers = [nn.Conv2d(channels, width, 3, padding=1, bias=False), norm_layer(norm, width, None), nn.ReLU()]
    inputs = width
    for factor, stride in ((1, 1), (2, 2), (4, 2), (8, 2)):
        for own in (stride, 1):
            layers += [BasicBlock(inputs, factor * width, own, norm, averages)]
            inputs = factor * width
            side = side if own == 1 else side // 2 if averages else (side + 1) // 2
    if not averages:
        layers, side = [*layers, nn.AvgPool2d(4)], side // 4
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * side * side, classes))


def margin(model, x):
    """How near a pass comes to a kink: the smallest |input| of a ReLU, the smallest lead of a maximum above zero."""
    seen = []

    def relu(module, inputs):
        seen.append(inputs[0].abs().min())

    def maximum(module, inputs):
        windows = inputs[0].unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
        best = windows.topk(2, -1).values
        leads = (best[..., 0] - best[..., 1])[best[..., 0] > 0]
        if len(leads) > 0:
            seen.append(leads.min())

    hooks = [
        module.register_forward_pre_hook(maximum if isinstance(module, nn.MaxPool2d) else relu)
        for module in model.modules()
        if isinstance(module, (nn.ReLU, nn.LeakyReLU, nn.MaxPool2d))
    ]
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return float(min(seen, default=torch.tensor(1.0)))
