"""DataDAM on MNIST in PyTorch, from the method's definition alone: the figures that our own run is compared with.

A fresh random ConvNet looks at a real batch and at the synthetic images of every class, which share one augmentation; the
squared distances of the mean attention maps of all blocks but the last, and of the mean features, move the images (Sajedi et al.,
ICCV 2023). As in the official code: batch norm over the images of all classes, power 1, a factor of 100, lambda 0.01.
"""
import argparse
import itertools
import json
import pathlib
import shlex
import sys
import time

sys.dont_write_bytecode = True

import numpy as np
import torch
import torch.nn.functional as F

import dm_fashion_mnist as standard
import reference_dsa as dsa
import reference_net as net
from golden_datadam import attention

MEAN, STD = 0.1307, 0.3081
CLASSES, SIDE, BLOCKS = standard.CLASSES, standard.SIDE, 3
# DSA's operations for digits.
STRATEGY = tuple(op for op in dsa.STRATEGY if op != "flip")
POWER, LAMBDA, FACTOR, IMAGE_RATE, MOMENTUM = 1, 0.01, 100.0, 1.0, 0.5


def batch_norm(x, gamma, beta):
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=net.EPSILON)


class RunningNorm:
    """The batch norms of one network, in the order in which a pass calls them. `training` keeps running statistics up."""

    def __init__(self, width):
        self.training = True
        self.layers = itertools.cycle([(torch.zeros(width), torch.ones(width)) for _ in range(BLOCKS)])

    def __call__(self, x, gamma, beta):
        mean, variance = next(self.layers)
        return F.batch_norm(x, mean, variance, gamma, beta, self.training, 0.1, net.EPSILON)


def means_of(parameters, x, count):
    """Of each class, `count` images one after the other: the mean attention maps, and the mean features."""
    seen = []
    features = net.features(parameters, x, batch_norm, seen)
    maps = [attention(F.relu(z), POWER) for z in seen[:-1]]
    return [each.reshape(CLASSES, count, -1).mean(1) for each in (*maps, features)]


def distil(images, rows_of_class, options, seed):
    """The synthetic images (class-major), and of every step the loss divided by the number of classes."""
    rng = np.random.default_rng(seed)
    synthetic = images[standard.pick(rng, rows_of_class, options.ipc)].clone()
    velocity = torch.zeros_like(synthetic)
    losses, started = [], time.time()
    for step in range(options.steps):
        parameters = standard.fresh_net(rng, options.width)
        real = images[standard.pick(rng, rows_of_class, options.real_batch)]
        synthetic.requires_grad_(True)
        seen_real, seen_synthetic = [], []
        for label in range(CLASSES):
            op = STRATEGY[rng.integers(len(STRATEGY))]
            drawn = dsa.draw(rng, op, 1, SIDE, torch.float32)
            seen_real.append(dsa.apply(standard.of_class(real, label, options.real_batch), op, drawn))
            seen_synthetic.append(dsa.apply(standard.of_class(synthetic, label, options.ipc), op, drawn))
        with torch.no_grad():
            target = means_of(parameters, torch.cat(seen_real), options.real_batch)
        ours = means_of(parameters, torch.cat(seen_synthetic), options.ipc)
        *maps, features = [((a - b) ** 2).sum() for a, b in zip(target, ours)]
        loss = FACTOR * (sum(maps) + LAMBDA * features)
        (gradient,) = torch.autograd.grad(loss, synthetic)
        velocity = MOMENTUM * velocity + gradient
        synthetic = synthetic.detach() - IMAGE_RATE * velocity
        losses.append(float(loss.detach()) / CLASSES)
        if (step + 1) % 100 == 0:
            pace = f"{(time.time() - started) / (step + 1):.3f} s a step"
            print(f"step {step + 1}: loss {np.mean(losses[-100:]):.3f}, {pace}", file=sys.stderr, flush=True)
    return synthetic, losses


def judge(options, part, labels, test, seeds):
    """The accuracy of a fresh network with batch norm that is trained on a set."""
    norm = RunningNorm(options.width)
    trained = standard.train(
        part, labels, options.epochs, options.width, *seeds, batch=64, strategy=STRATEGY, norm=norm
    )
    norm.training = False
    return standard.accuracy(trained, *test, norm)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="folder of the four IDX files")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--real-batch", type=int, default=64)
    parser.add_argument("--ipc", type=int, default=1)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", help="file for the JSON, besides stdout")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    images, labels = standard.load(options.data, "train", MEAN, STD)
    test = standard.load(options.data, "t10k", MEAN, STD)
    rows_of_class = [np.flatnonzero(labels.numpy() == label) for label in range(CLASSES)]
    set_labels = torch.arange(CLASSES).repeat_interleave(options.ipc)

    started = time.time()
    synthetic, losses = distil(images, rows_of_class, options, [options.seed, 1])
    distil_seconds, started = time.time() - started, time.time()

    scores = {"distilled": [], "random": []}
    for trial in range(options.trials):
        rows = standard.pick(np.random.default_rng([options.seed, 2, trial]), rows_of_class, options.ipc)
        for name, part in (("distilled", synthetic), ("random", images[rows])):
            seeds = [options.seed, 3, trial], [options.seed, 4, trial]
            scores[name].append(judge(options, part, set_labels, test, seeds))
            print(f"trial {trial} {name}: {scores[name][-1]:.4f}", file=sys.stderr, flush=True)

    report = {
        "command": shlex.join(["python3", *sys.argv]),
        "torch": torch.__version__,
        "options": vars(options),
        "test": len(test[0]),
        "distilled": standard.summary(scores["distilled"]),
        "random": standard.summary(scores["random"]),
        "loss": {"first": float(np.mean(losses[:50])), "last": float(np.mean(losses[-50:]))} if losses else None,
        "seconds": {"distil": round(distil_seconds, 1), "evaluate": round(time.time() - started, 1)},
    }
    text = json.dumps(report, indent=2)
    print(text)
    if options.out:
        pathlib.Path(options.out).write_text(text + "\n")


if __name__ == "__main__":
    main()
