"""ConvNet-D from its equations: initial parameters, forward pass, cross-entropy, momentum SGD, the ReLU margin."""
import math

import torch
import torch.nn.functional as F

EPSILON = 1e-5
# Nearer to zero than this, float32 rounding may take the other side of a ReLU than float64 does.
RELU_MARGIN = 1e-4


def first_padding(channels):
    """1-channel nets pad their first convolution by 3, whatever the image size."""
    return 3 if channels == 1 else 1


def feature_side(channels, side, depth=3):
    side += 2 * first_padding(channels) - 2
    for _ in range(depth):
        side //= 2
    return side


def parameter_shapes(channels, side, width, classes, depth=3):
    """name -> (shape, fan_in) in the flat parameter order; fan_in None marks gamma and beta."""
    shapes = {}
    for block in range(depth):
        inputs = channels if block == 0 else width
        shapes[f"blocks.{block}.conv.weight"] = ((width, inputs, 3, 3), inputs * 9)
        shapes[f"blocks.{block}.conv.bias"] = ((width,), inputs * 9)
        shapes[f"blocks.{block}.norm.weight"] = ((width,), None)
        shapes[f"blocks.{block}.norm.bias"] = ((width,), None)
    features = width * feature_side(channels, side, depth) ** 2
    shapes["linear.weight"] = ((classes, features), features)
    shapes["linear.bias"] = ((classes,), features)
    return shapes


def draw_parameters(rng, shapes, random_norm=False):
    """U(-1/sqrt(fan_in), 1/sqrt(fan_in)); gamma 1 and beta 0, or near them. Every value is exact in float32."""
    parameters = {}
    for name, (shape, fan_in) in shapes.items():
        if fan_in is not None:
            bound = 1 / math.sqrt(fan_in)
            values = rng.uniform(-bound, bound, shape)
        else:
            values = torch.full(shape, 1.0 if name.endswith("weight") else 0.0).numpy()
            if random_norm:
                values = values + 0.2 * rng.standard_normal(shape)
        parameters[name] = torch.as_tensor(values, dtype=torch.float32)
    return parameters


def instance_norm(x, gamma, beta):
    """Per image and channel over the pixels, biased variance, no running statistics."""
    mean = x.mean((2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((2, 3), keepdim=True)
    return (x - mean) / torch.sqrt(variance + EPSILON) * gamma[:, None, None] + beta[:, None, None]


def native_instance_norm(x, gamma, beta):
    """The same by torch's own kernel, for long runs; make.py checks that the two agree."""
    return F.group_norm(x, x.shape[1], gamma, beta, EPSILON)


def features(parameters, x, norm=instance_norm, relu_inputs=None):
    """The flattened last block. `relu_inputs`, a list, collects every pre-activation."""
    depth = sum(name.endswith("conv.weight") for name in parameters)
    for block in range(depth):
        weight, bias, gamma, beta = (
            parameters[f"blocks.{block}.{key}"] for key in ("conv.weight", "conv.bias", "norm.weight", "norm.bias")
        )
        padding = first_padding(x.shape[1]) if block == 0 else 1
        x = norm(F.conv2d(x, weight, bias, stride=1, padding=padding), gamma, beta)
        if relu_inputs is not None:
            relu_inputs.append(x)
        x = F.avg_pool2d(F.relu(x), kernel_size=2, stride=2)
    return x.flatten(1)


def classify(parameters, flat):
    return flat @ parameters["linear.weight"].T + parameters["linear.bias"]


def logits(parameters, x, norm=instance_norm):
    return classify(parameters, features(parameters, x, norm))


def cross_entropy(scores, labels):
    """Mean over the batch; labels are one row of class weights per image."""
    return -(labels * (scores - torch.logsumexp(scores, 1, keepdim=True))).sum(1).mean()


def relu_margin(parameters, x):
    """The smallest |pre-activation| of every image."""
    collected = []
    with torch.no_grad():
        features(parameters, x, relu_inputs=collected)
    return torch.stack([values.abs().flatten(1).min(1).values for values in collected]).min(0).values


def require_margin(parameters, x, what):
    margin = float(relu_margin(parameters, x).min())
    if not margin >= RELU_MARGIN:
        raise SystemExit(f"{what}: a pre-activation is {margin:.2e} from zero, nearer than {RELU_MARGIN:.0e}")


def draw_clear_images(rng, parameters, count, shape, augment=lambda x: x):
    """`count` float64 images (float32-exact) whose ReLU arguments keep their distance. Each is redrawn alone:
    nothing in an instance-norm net couples the images of a batch."""
    images = []
    for index in range(count):
        for _ in range(1000):
            image = torch.as_tensor(rng.standard_normal((1, *shape)), dtype=torch.float32).double()
            if float(relu_margin(parameters, augment(image))) >= RELU_MARGIN:
                images.append(image)
                break
        else:
            raise SystemExit(f"image {index}: in 1,000 draws no ReLU margin of {RELU_MARGIN:.0e}")
    return torch.cat(images)


def sgd_step(values, velocities, gradients, rate, momentum, weight_decay=0.0):
    """v = momentum v + (g + weight_decay w); w = w - rate v. Returns new values and velocities."""
    moved = {name: momentum * velocities[name] + gradients[name] + weight_decay * values[name] for name in values}
    return {name: values[name] - rate * moved[name] for name in values}, moved
