"""Six steps of the evaluation's momentum SGD on a small ConvNet-3, with the drop of the rate after the third."""
import numpy as np
import torch

import golden_convnet
import reference_net as net

STEPS, BATCH, WIDTH, CLASSES, SHAPE = 6, 6, 8, 10, (1, 28, 28)
RATE, MOMENTUM, WEIGHT_DECAY, DROP_AFTER = 0.01, 0.9, 5e-4, 3


def tensors():
    rng = np.random.default_rng(50)
    shapes = net.parameter_shapes(SHAPE[0], SHAPE[1], WIDTH, CLASSES)
    parameters = {name: value.double() for name, value in net.draw_parameters(rng, shapes, random_norm=True).items()}
    velocities = {name: torch.zeros_like(value) for name, value in parameters.items()}
    order = torch.as_tensor(rng.permutation(STEPS * BATCH)).reshape(STEPS, BATCH)
    classes = torch.as_tensor(rng.integers(0, CLASSES, STEPS * BATCH))
    labels = torch.eye(CLASSES).double()[classes]
    images = torch.zeros(STEPS * BATCH, *SHAPE).double()

    out = {f"initial.{name}": value for name, value in parameters.items()}
    losses, rates, rate = [], [], RATE
    theirs = [value.clone().requires_grad_() for value in parameters.values()]
    optimiser = torch.optim.SGD(theirs, lr=RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    for step, rows in enumerate(order):
        # A batch's images are drawn when their turn comes, so that they suit the parameters of that moment.
        images[rows] = net.draw_clear_images(rng, parameters, BATCH, SHAPE)
        net.require_margin(parameters, images[rows], f"step {step}")
        leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
        _, loss, gradients = golden_convnet.parameter_gradients(leaves, images[rows], labels[rows])
        parameters, velocities = net.sgd_step(parameters, velocities, gradients, rate, MOMENTUM, WEIGHT_DECAY)
        losses.append(loss.detach())
        rates.append(rate)
        out.update({f"step{step}.{name}": value for name, value in parameters.items()})

        optimiser.zero_grad()
        net.cross_entropy(net.logits(dict(zip(parameters, theirs)), images[rows]), labels[rows]).backward()
        optimiser.step()
        for name, value in zip(parameters, theirs):
            if not torch.allclose(parameters[name], value, rtol=0, atol=1e-12):
                raise SystemExit(f"step {step}, {name}: not what torch.optim.SGD gives")
        if step + 1 == DROP_AFTER:
            rate = RATE * 0.1
            velocities = {name: torch.zeros_like(value) for name, value in velocities.items()}
            optimiser = torch.optim.SGD(theirs, lr=rate, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    out.update({"images": images, "labels": labels, "order": order, "losses": torch.stack(losses)})
    out["rates"] = torch.tensor(rates, dtype=torch.float64)
    return out
