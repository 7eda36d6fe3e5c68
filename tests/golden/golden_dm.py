"""Two outer steps of distribution matching from given nets, batches and augmentation parameters."""
import numpy as np
import torch

import reference_dsa as dsa
import reference_net as net

CLASSES, IPC, REAL_BATCH, WIDTH, SHAPE = 2, 2, 5, 8, (3, 32, 32)
OPS = (("color", "crop"), ("cutout", "rotate"))
RATE, MOMENTUM = 1.0, 0.5


def of_class(images, label, count):
    return images[label * count : (label + 1) * count]


def draw_net(rng):
    shapes = net.parameter_shapes(SHAPE[0], SHAPE[1], WIDTH, CLASSES)
    return {name: value.double() for name, value in net.draw_parameters(rng, shapes, random_norm=True).items()}


def draw_clear_net(rng, seen):
    """A net whose ReLU arguments on the augmented images keep their distance: later images cannot be redrawn."""
    for _ in range(20000):
        parameters = draw_net(rng)
        if all(float(net.relu_margin(parameters, x[None])) >= net.RELU_MARGIN for x in seen):
            return parameters
    raise SystemExit("20,000 nets and none keeps the ReLU arguments of the synthetic images away from zero")


def tensors():
    rng = np.random.default_rng(40)
    out, synthetic, velocity = {}, None, None
    for step, ops in enumerate(OPS):
        drawn = [dsa.draw(rng, op, 1, SHAPE[1]) for op in ops]
        for label, op in enumerate(ops):
            out.update({f"step{step}.class{label}.{op}.{name}": value for name, value in drawn[label].items()})

        def augment(x, label):
            return dsa.apply(x, ops[label], drawn[label])

        def draw_images(count):
            return torch.cat(
                [
                    net.draw_clear_images(rng, parameters, count, SHAPE, lambda x, label=label: augment(x, label))
                    for label in range(CLASSES)
                ]
            )

        if synthetic is None:
            parameters = draw_net(rng)
            synthetic = draw_images(IPC)
            velocity = torch.zeros_like(synthetic)
            out["images"] = synthetic
        else:
            seen = torch.cat([augment(of_class(synthetic, label, IPC), label) for label in range(CLASSES)])
            parameters = draw_clear_net(rng, seen)
        real = draw_images(REAL_BATCH)
        out.update({f"step{step}.{name}": value for name, value in parameters.items()})
        out[f"step{step}.real"] = real.reshape(CLASSES, REAL_BATCH, *SHAPE)

        pixels = synthetic.clone().requires_grad_()
        losses = []
        for label in range(CLASSES):
            x, s = augment(of_class(real, label, REAL_BATCH), label), augment(of_class(pixels, label, IPC), label)
            net.require_margin(parameters, x, f"step {step}, real, class {label}")
            net.require_margin(parameters, s, f"step {step}, synthetic, class {label}")
            difference = net.features(parameters, x).mean(0) - net.features(parameters, s).mean(0)
            losses.append((difference**2).sum())
        loss = torch.stack(losses).sum()
        (gradient,) = torch.autograd.grad(loss, pixels)
        moved, velocities = net.sgd_step({"x": synthetic}, {"x": velocity}, {"x": gradient}, RATE, MOMENTUM)
        synthetic, velocity = moved["x"], velocities["x"]
        out[f"step{step}.losses"], out[f"step{step}.loss"] = torch.stack(losses), loss
        out[f"step{step}.gradient"], out[f"step{step}.images"] = gradient, synthetic
    return out
