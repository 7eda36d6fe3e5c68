"""MTT and TESLA on MNIST in PyTorch, from their definitions alone: experts, distillation and evaluation beside random draws.

Experts train by plain SGD on augmented real images; a student that starts where an expert was takes K steps on the synthetic
images, and the squared distance of where it ends to where the expert came to moves the images and the student's step size
(Cazenavette et al., CVPR 2022). MTT's gradient is torch's own, through the whole unroll; TESLA's is that of its paper's
decomposition (Cui et al., ICML 2023), which holds the parameters of every student step still.
"""
import argparse
import json
import pathlib
import shlex
import sys
import time

sys.dont_write_bytecode = True

import numpy as np
import torch

import dm_fashion_mnist as judge
import reference_dsa as dsa
import reference_net as net
from golden_trajectory import augment_each, draw_each, tesla_gradients, trajectory_loss, unroll

MEAN, STD = 0.1307, 0.3081
STRATEGY = ("color", "crop", "cutout", "scale", "rotate")
CLASSES, SIDE = 10, 28


def augment(rng, x):
    op = STRATEGY[rng.integers(len(STRATEGY))]
    return augment_each(x, op, draw_each(rng, op, len(x), SIDE, torch.float32))


def train_expert(images, labels, options, rng):
    """Parameters before the first epoch and after each."""
    parameters = judge.fresh_net(rng, options.width)
    targets = torch.nn.functional.one_hot(labels, CLASSES).float()
    snapshots = [parameters]
    for epoch in range(options.max_start - 1 + options.expert_epochs):
        order, losses = rng.permutation(len(images)), []
        for first in range(0, len(images), options.expert_batch):
            rows = torch.from_numpy(order[first : first + options.expert_batch])
            leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
            loss = net.cross_entropy(net.logits(leaves, augment(rng, images[rows]), net.native_instance_norm), targets[rows])
            gradients = torch.autograd.grad(loss, list(leaves.values()))
            parameters = {name: leaves[name].detach() - 0.01 * g for name, g in zip(leaves, gradients)}
            losses.append(float(loss.detach()))
        snapshots.append(parameters)
        print(f"  epoch {epoch + 1}: loss {np.mean(losses):.4f}", file=sys.stderr, flush=True)
    return snapshots


def distil(images, rows_of_class, experts, options, rng):
    synthetic = images[judge.pick(rng, rows_of_class, options.ipc)].clone()
    labels = torch.arange(CLASSES).repeat_interleave(options.ipc)
    targets = torch.nn.functional.one_hot(labels, CLASSES).float()
    velocity, rate, rate_velocity = torch.zeros_like(synthetic), options.rate, 0.0
    size = min(options.batch or len(synthetic), len(synthetic))
    losses, skipped, queue = [], 0, []
    for step in range(options.steps):
        if not queue:
            queue = list(rng.permutation(len(experts)))
        snapshots = experts[queue.pop()]
        start = rng.integers(options.max_start)
        theta, target = snapshots[start], snapshots[start + options.expert_epochs]
        pixels = synthetic.clone().requires_grad_()
        alpha = torch.tensor(rate, dtype=torch.float32, requires_grad=True)
        chunks = []

        def batch(_):
            if not chunks:
                order = torch.from_numpy(rng.permutation(len(synthetic)))
                chunks.extend(order.split(size))
            chunk = chunks.pop()
            return augment(rng, pixels[chunk]), targets[chunk]

        if options.method == "mtt":
            end = unroll(theta, batch, alpha, options.inner_steps, net.native_instance_norm)
            loss = trajectory_loss(end, theta, target)
            gradient, rate_gradient = torch.autograd.grad(loss, [pixels, alpha])
        else:
            # Each step's images are seen twice, and drawn once.
            batches = [batch(k) for k in range(options.inner_steps)]
            loss, gradient, rate_gradient = tesla_gradients(
                theta, target, batches.__getitem__, pixels, rate, options.inner_steps, net.native_instance_norm
            )
        if not (torch.isfinite(loss) and float(loss) <= 1.1 and torch.isfinite(gradient).all()):
            skipped += 1
            continue
        velocity = 0.5 * velocity + gradient
        synthetic = synthetic - options.image_rate * velocity
        rate_velocity = 0.5 * rate_velocity + float(rate_gradient)
        rate = max(rate - options.rate_rate * rate_velocity, 1e-6)
        losses.append(float(loss.detach()))
        if (step + 1) % 50 == 0:
            print(f"step {step + 1}: loss {np.mean(losses[-50:]):.4f}, alpha {rate:.5f}", file=sys.stderr, flush=True)
    return synthetic, rate, losses, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="folder of the four IDX files")
    parser.add_argument("--method", choices=("mtt", "tesla"), default="mtt")
    parser.add_argument("--experts", type=int, default=2)
    parser.add_argument("--keep-experts", metavar="FILE", help="train them once for several runs with the same settings")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--inner-steps", type=int, default=10)
    parser.add_argument("--expert-epochs", type=int, default=2)
    parser.add_argument("--expert-batch", type=int, default=256)
    parser.add_argument("--max-start", type=int, default=1)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--ipc", type=int, default=1)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--image-rate", type=float, default=1000.0)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--rate-rate", type=float, default=1e-5)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", help="file for the JSON, besides stdout")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    images, labels = judge.load(options.data, "train", MEAN, STD)
    test_images, test_labels = judge.load(options.data, "t10k", MEAN, STD)
    rows_of_class = [np.flatnonzero(labels.numpy() == label) for label in range(CLASSES)]
    set_labels = torch.arange(CLASSES).repeat_interleave(options.ipc)

    started = time.time()
    kept = pathlib.Path(options.keep_experts) if options.keep_experts else None
    if kept and kept.exists():
        experts = torch.load(kept)
    else:
        experts = []
        for expert in range(options.experts):
            print(f"expert {expert}", file=sys.stderr, flush=True)
            experts.append(train_expert(images, labels, options, np.random.default_rng([options.seed, 5, expert])))
        if kept:
            torch.save(experts, kept)
    expert_seconds, started = time.time() - started, time.time()
    synthetic, rate, losses, skipped = distil(
        images, rows_of_class, experts, options, np.random.default_rng([options.seed, 1])
    )
    distil_seconds, started = time.time() - started, time.time()

    scores = {"distilled": [], "random": []}
    for trial in range(options.trials):
        rows = judge.pick(np.random.default_rng([options.seed, 2, trial]), rows_of_class, options.ipc)
        for name, part, part_rate in (("distilled", synthetic, rate), ("random", images[rows], 0.01)):
            seeds = [options.seed, 3, trial], [options.seed, 4, trial]
            trained = judge.train(
                part, set_labels, options.epochs, options.width, *seeds, rate=part_rate, strategy=STRATEGY
            )
            scores[name].append(judge.accuracy(trained, test_images, test_labels))
            print(f"trial {trial} {name}: {scores[name][-1]:.4f}", file=sys.stderr, flush=True)

    report = {
        "command": shlex.join(["python3", *sys.argv]),
        "torch": torch.__version__,
        "options": vars(options),
        "distilled": judge.summary(scores["distilled"]),
        "random": judge.summary(scores["random"]),
        "alpha": rate,
        "skipped": skipped,
        "loss": {"first": float(np.mean(losses[:50])), "last": float(np.mean(losses[-50:]))},
        "seconds": {
            "experts": round(expert_seconds, 1),
            "distil": round(distil_seconds, 1),
            "evaluate": round(time.time() - started, 1),
        },
    }
    text = json.dumps(report, indent=2)
    print(text)
    if options.out:
        pathlib.Path(options.out).write_text(text + "\n")


if __name__ == "__main__":
    main()
