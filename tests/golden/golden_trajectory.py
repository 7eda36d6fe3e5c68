"""Trajectory matching from given nets, chunks and augmentations: two outer steps of MTT, the same of TESLA, and an expert's epoch."""
import numpy as np
import torch

import reference_dsa as dsa
import reference_net as net

CLASSES, IPC, WIDTH, SHAPE, REAL = 2, 2, 4, (3, 8, 8), 5
# Three images a chunk of four: the second chunk is taken after the short one, and the third step shuffles anew.
CHUNKS = (((3,), (0, 2, 1), (1,)), ((2,), (1, 3, 0), (2,)))
OPS = (("crop", "color", "rotate"), ("scale", "cutout", "flip"))
EXPERT_OPS = ("color", "scale", "crop")
IMAGE_RATE, RATE, RATE_RATE, MOMENTUM, EXPERT_RATE = 20.0, 0.2, 1e-2, 0.5, 0.1
# Of the methods: a step with a larger loss is left out, and no step size of the student is smaller.
MAX_LOSS, LEAST_RATE = 1.1, 1e-6
WHOLE_STEPS, WHOLE_RATE_RATE = 3, 2e-2


def draw_each(rng, op, count, side, dtype=torch.float64):
    """A draw of its own for each image."""
    return dsa.draw(rng, op, count, side, dtype)


augment_each = dsa.apply


def unroll(theta, batch, rate, steps, norm=net.instance_norm):
    """theta_{k+1} = theta_k - rate grad CE(batch(k); theta_k), as one graph."""
    theta = {name: value.detach().requires_grad_() for name, value in theta.items()}
    for step in range(steps):
        x, labels = batch(step)
        loss = net.cross_entropy(net.logits(theta, x, norm), labels)
        gradients = torch.autograd.grad(loss, list(theta.values()), create_graph=True)
        theta = {name: value - rate * g for (name, value), g in zip(theta.items(), gradients)}
    return theta


def distance(a, b):
    return sum(((a[name] - b[name]) ** 2).sum() for name in a)


def trajectory_loss(end, start, target):
    return distance(end, target) / distance(start, target)


def detached(theta):
    return {name: value.detach().requires_grad_() for name, value in theta.items()}


def tesla_gradients(start, target, batch, pixels, rate, steps, norm=net.instance_norm):
    """The paper's decomposition: v = rate (theta* - theta_0) + rate^2 G, and 2/d d<v, g_k>/dS with every theta_k held still."""
    theta, passed, total = start, [], {name: torch.zeros_like(value) for name, value in start.items()}
    for step in range(steps):
        passed.append(theta)
        x, labels = batch(step)
        leaves = detached(theta)
        loss = net.cross_entropy(net.logits(leaves, x.detach(), norm), labels)
        gradients = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values()))))
        theta = {name: (theta[name] - rate * gradients[name]).detach() for name in theta}
        total = {name: total[name] + gradients[name] for name in total}
    d = distance(start, target)
    v = {name: rate * (target[name] - start[name]) + rate**2 * total[name] for name in start}
    to_pixels = torch.zeros_like(pixels)
    for step, theta in enumerate(passed):
        x, labels = batch(step)
        leaves = detached(theta)
        loss = net.cross_entropy(net.logits(leaves, x, norm), labels)
        gradients = torch.autograd.grad(loss, list(leaves.values()), create_graph=True)
        pull = sum((v[name] * g).sum() for name, g in zip(v, gradients))
        to_pixels = to_pixels + 2 / d * torch.autograd.grad(pull, pixels)[0]
    to_rate = -2 / d * sum(((start[name] - rate * total[name] - target[name]) * total[name]).sum() for name in start)
    loss = distance({name: start[name] - rate * total[name] for name in start}, target) / d
    return loss, to_pixels, to_rate


class Unclear(Exception):
    """A pre-activation too near to zero: draw again."""


def require_clear(theta, x):
    if float(net.relu_margin(theta, x).min()) < net.RELU_MARGIN:
        raise Unclear


def draw_net(rng):
    shapes = net.parameter_shapes(SHAPE[0], SHAPE[1], WIDTH, CLASSES)
    return {name: value.double() for name, value in net.draw_parameters(rng, shapes, random_norm=True).items()}


def near(rng, parameters):
    """A target that a student may reach."""
    moved = {name: value + 0.1 * torch.as_tensor(rng.standard_normal(value.shape)) for name, value in parameters.items()}
    return {name: value.float().double() for name, value in moved.items()}


def draw_images(rng, count):
    return torch.as_tensor(rng.standard_normal((count, *SHAPE)), dtype=torch.float32).double()


def matching(rng, method, soft):
    out, rate, rate_velocity = {}, RATE, 0.0
    synthetic = draw_images(rng, CLASSES * IPC)
    velocity = torch.zeros_like(synthetic)
    hard = torch.eye(CLASSES).double().repeat_interleave(IPC, 0)
    out["images"] = synthetic
    for step, (chunks, ops) in enumerate(zip(CHUNKS, OPS)):
        start = draw_net(rng)
        target = near(rng, start)
        drawn = [draw_each(rng, op, len(chunk), SHAPE[1]) for op, chunk in zip(ops, chunks)]
        out.update({f"step{step}.start.{name}": value for name, value in start.items()})
        out.update({f"step{step}.target.{name}": value for name, value in target.items()})
        for k, op in enumerate(ops):
            out.update({f"step{step}.draw{k}.{op}.{name}": value for name, value in drawn[k].items()})
        pixels = synthetic.clone().requires_grad_()
        alpha = torch.tensor(rate, dtype=torch.float64, requires_grad=True)
        labels = hard
        if soft:
            require_clear(target, synthetic)
            labels = torch.softmax(net.logits(target, synthetic), 1)
            out[f"step{step}.labels"] = labels

        def batch(k):
            rows = torch.tensor(chunks[k])
            return augment_each(pixels[rows], ops[k], drawn[k]), labels[rows]

        theta = start
        for k in range(len(chunks)):
            require_clear(theta, batch(k)[0].detach())
            theta = {name: value.detach() for name, value in unroll(theta, lambda _, k=k: batch(k), rate, 1).items()}
        if method == "mtt":
            loss = trajectory_loss(unroll(start, batch, alpha, len(chunks)), start, target)
            gradient, rate_gradient = torch.autograd.grad(loss, [pixels, alpha])
        else:
            loss, gradient, rate_gradient = tesla_gradients(start, target, batch, pixels, rate, len(chunks))
        velocity = MOMENTUM * velocity + gradient
        synthetic = (synthetic - IMAGE_RATE * velocity).detach()
        rate_velocity = MOMENTUM * rate_velocity + float(rate_gradient)
        rate -= RATE_RATE * rate_velocity
        out.update(
            {
                f"step{step}.loss": loss,
                f"step{step}.gradient": gradient,
                f"step{step}.rateGradient": rate_gradient,
                f"step{step}.images": synthetic,
                f"step{step}.rate": torch.tensor(rate, dtype=torch.float64),
            }
        )
    return out


def overshot(start, end, share):
    """A target on the student's way, which it has passed by: the loss is about ((1 - share) / share)^2."""
    return {name: (start[name] + share * (end[name] - start[name])).float().double() for name in start}


def whole(rng, method):
    """Three steps of the method as it is without augmentation, all images in every student step: one that nears its target, one
    with a loss above the largest, which changes nothing, and one after which the step size would be below zero."""
    out, rate, rate_velocity = {}, RATE, 0.0
    synthetic = draw_images(rng, CLASSES * IPC)
    velocity = torch.zeros_like(synthetic)
    labels = torch.eye(CLASSES).double().repeat_interleave(IPC, 0)
    out["images"] = synthetic
    for step, (share, least, most) in enumerate(((3.0, 0.0, 1.0), (0.48, MAX_LOSS, 1.2), (0.49, 1.05, MAX_LOSS))):
        start = draw_net(rng)
        pixels = synthetic.clone().requires_grad_()
        alpha = torch.tensor(rate, dtype=torch.float64, requires_grad=True)

        def batch(_):
            return pixels, labels

        theta = start
        for _ in range(WHOLE_STEPS):
            require_clear(theta, synthetic)
            theta = {name: value.detach() for name, value in unroll(theta, batch, rate, 1).items()}
        target = overshot(start, theta, share)
        if method == "mtt":
            loss = trajectory_loss(unroll(start, batch, alpha, WHOLE_STEPS), start, target)
            gradient, rate_gradient = torch.autograd.grad(loss, [pixels, alpha])
        else:
            loss, gradient, rate_gradient = tesla_gradients(start, target, batch, pixels, rate, WHOLE_STEPS)
        if not least < float(loss) < most:
            raise Unclear
        if float(loss) <= MAX_LOSS:
            velocity = MOMENTUM * velocity + gradient
            synthetic = (synthetic - IMAGE_RATE * velocity).detach()
            rate_velocity = MOMENTUM * rate_velocity + float(rate_gradient)
            rate -= WHOLE_RATE_RATE * rate_velocity
            if (rate < 0) != (step == 2):
                raise Unclear
            rate = max(rate, LEAST_RATE)
        out.update({f"step{step}.start.{name}": value for name, value in start.items()})
        out.update({f"step{step}.target.{name}": value for name, value in target.items()})
        out.update({f"step{step}.loss": loss, f"step{step}.norm": torch.sqrt((gradient**2).sum())})
        out.update({f"step{step}.images": synthetic, f"step{step}.rate": torch.tensor(rate, dtype=torch.float64)})
    return out


def expert(rng):
    theta, out, losses = draw_net(rng), {}, []
    out.update({f"initial.{name}": value for name, value in theta.items()})
    for step, op in enumerate(EXPERT_OPS):
        images = draw_images(rng, REAL)
        labels = torch.eye(CLASSES).double()[torch.as_tensor(rng.integers(0, CLASSES, REAL))]
        drawn = draw_each(rng, op, REAL, SHAPE[1])
        x = augment_each(images, op, drawn)
        require_clear(theta, x)
        leaves = detached(theta)
        loss = net.cross_entropy(net.logits(leaves, x), labels)
        gradients = torch.autograd.grad(loss, list(leaves.values()))
        theta = {name: (leaves[name] - EXPERT_RATE * g).detach() for name, g in zip(leaves, gradients)}
        losses.append(loss.detach())
        out.update({f"step{step}.images": images, f"step{step}.labels": labels})
        out.update({f"step{step}.draw.{op}.{name}": value for name, value in drawn.items()})
        out.update({f"step{step}.{name}": value for name, value in theta.items()})
    out["losses"] = torch.stack(losses)
    return out


def clear(seed, draw):
    for attempt in range(10000):
        try:
            return draw(np.random.default_rng([seed, attempt]))
        except Unclear:
            continue
    raise SystemExit("10,000 draws and none keeps the ReLU arguments away from zero")


def check_scalar():
    """Worked values of the definition: loss (theta - x)^2 / 2 at x = 2, from 0 towards 1, rate 0.1, three steps."""
    x, rate = torch.tensor(2.0, dtype=torch.float64, requires_grad=True), torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    theta = torch.zeros((), dtype=torch.float64)
    for _ in range(3):
        theta = theta - rate * (theta - x)
    found = torch.autograd.grad((theta - 1) ** 2, [x, rate])
    expected = -0.248236, -4.45176
    if any(abs(float(a) - b) > 1e-9 for a, b in zip(found, expected)):
        raise SystemExit(f"the scalar student gives {found}, not {expected}")


def tensors():
    check_scalar()
    out = {}
    parts = {
        "mtt": lambda rng: matching(rng, "mtt", False),
        "tesla": lambda rng: matching(rng, "tesla", False),
        "tesla-soft": lambda rng: matching(rng, "tesla", True),
        "expert": expert,
        "mtt-whole": lambda rng: whole(rng, "mtt"),
        "tesla-whole": lambda rng: whole(rng, "tesla"),
    }
    for seed, (name, draw) in enumerate(parts.items()):
        out.update({f"{name}.{key}": value for key, value in clear(60 + seed, draw).items()})
    return out
