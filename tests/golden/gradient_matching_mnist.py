"""DC and DSA on MNIST in PyTorch, from their definitions alone: the figures that our own runs are compared with.

Gradient matching (Zhao, Mopuri & Bilen, ICLR 2021; with augmentation Zhao & Bilen, ICML 2021): class by class, the
gradients that a real batch and the synthetic images give a network are brought together, row by row, by moving the
images; between two moves the network trains on the images.
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

import dm_fashion_mnist as standard
import golden_convnet
import reference_dsa as dsa
import reference_net as net
import safetensors_io

MEAN, STD = 0.1307, 0.3081
CLASSES, SIDE = standard.CLASSES, standard.SIDE
# DSA's operations for digits.
STRATEGY = tuple(op for op in dsa.STRATEGY if op != "flip")
IMAGE_RATE, MOMENTUM, NETWORK_RATE, BATCH = 0.1, 0.5, 0.01, 256


def see(rng, augmented, rows):
    """One operation, with parameters shared by all images (rows 1) or one set for each of `rows`."""
    if not augmented:
        return lambda x: x
    op = STRATEGY[rng.integers(len(STRATEGY))]
    drawn = dsa.draw(rng, op, rows, SIDE, torch.float32)
    return lambda x: dsa.apply(x, op, drawn)


def loss_of(parameters, x, labels):
    scores = net.logits(parameters, x, net.native_instance_norm)
    return net.cross_entropy(scores, torch.nn.functional.one_hot(labels, CLASSES).float())


def gradients_of(parameters, x, label, create_graph=False):
    loss = loss_of(parameters, x, torch.full((len(x),), label))
    return torch.autograd.grad(loss, list(parameters.values()), create_graph=create_graph)


def distance(real, ours):
    pairs = [(g.flatten(1), h.flatten(1)) for g, h in zip(real, ours) if g.ndim > 1]
    return sum(golden_convnet.cosine_rows(g, h) for g, h in pairs)


def train_epoch(rng, augmented, parameters, images, labels):
    order = rng.permutation(len(images))
    for first in range(0, len(order), BATCH):
        rows = torch.from_numpy(order[first : first + BATCH])
        loss = loss_of(parameters, see(rng, augmented, len(rows))(images[rows]), labels[rows])
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        with torch.no_grad():
            for value, gradient in zip(parameters.values(), gradients):
                value -= NETWORK_RATE * gradient
    return parameters


def distil(images, rows_of_class, options, seed):
    """The synthetic images (class-major) and the loss of every step, divided by the number of classes."""
    augmented = options.method == "dsa"
    rng = np.random.default_rng(seed)
    labels = torch.arange(CLASSES).repeat_interleave(options.ipc)
    if options.init == "real":
        synthetic = images[standard.pick(rng, rows_of_class, options.ipc)].clone()
    else:
        synthetic = torch.as_tensor(rng.standard_normal((len(labels), 1, SIDE, SIDE)), dtype=torch.float32)
    velocity = torch.zeros_like(synthetic)
    losses, started = [], time.time()
    for step in range(options.steps):
        if step % options.outer == 0:
            parameters = standard.fresh_net(rng, options.width)
            for value in parameters.values():
                value.requires_grad_(True)
        gradient, total = torch.zeros_like(synthetic), 0.0
        for label, rows in enumerate(rows_of_class):
            augment = see(rng, augmented, 1)
            real = images[rng.choice(rows, options.real_batch, replace=False)]
            wanted = gradients_of(parameters, augment(real), label)
            pixels = standard.of_class(synthetic, label, options.ipc).clone().requires_grad_(True)
            loss = distance(wanted, gradients_of(parameters, augment(pixels), label, create_graph=True))
            (standard.of_class(gradient, label, options.ipc)[:],) = torch.autograd.grad(loss, pixels)
            total += float(loss.detach())
        velocity = MOMENTUM * velocity + gradient
        synthetic = synthetic - IMAGE_RATE * velocity
        losses.append(total / CLASSES)
        if (step + 1) % options.outer:
            for _ in range(options.inner):
                parameters = train_epoch(rng, augmented, parameters, synthetic, labels)
        if (step + 1) % 50 == 0:
            pace = f"{(time.time() - started) / (step + 1):.3f} s a step"
            print(f"step {step + 1}: loss {np.mean(losses[-50:]):.3f}, {pace}", file=sys.stderr, flush=True)
    return synthetic, labels, losses


def read_set(path):
    """Another run's images in this script's normalisation, and their labels; there are no losses."""
    found = safetensors_io.decode(pathlib.Path(path).read_bytes())
    images = torch.as_tensor(found["images"] * found["std"] + found["mean"], dtype=torch.float32)
    return (images - MEAN) / STD, torch.as_tensor(found["labels"]).long(), []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=("dc", "dsa"))
    parser.add_argument("data", help="folder of the four IDX files")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--outer", type=int, default=1)
    parser.add_argument("--inner", type=int, default=1)
    parser.add_argument("--init", choices=("real", "noise"), default="real")
    parser.add_argument("--real-batch", type=int, default=64)
    parser.add_argument("--ipc", type=int, default=1)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", help="file for the JSON, besides stdout")
    parser.add_argument("--images", help="file for the distilled images, .safetensors")
    parser.add_argument("--judge", metavar="FILE", help="evaluate this distilled.safetensors instead of distilling")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    images, labels = standard.load(options.data, "train", MEAN, STD)
    test_images, test_labels = standard.load(options.data, "t10k", MEAN, STD)
    rows_of_class = [np.flatnonzero(labels.numpy() == label) for label in range(CLASSES)]
    # The protocols of the papers: DC's set is trained on as it is, DSA's with augmentation.
    strategy = STRATEGY if options.method == "dsa" else ()

    started = time.time()
    if options.judge:
        synthetic, set_labels, losses = read_set(options.judge)
    else:
        synthetic, set_labels, losses = distil(images, rows_of_class, options, [options.seed, 1])
    distil_seconds = time.time() - started
    if options.images:
        # As the app's own sets: an evaluation finds the normaliser beside the images.
        tensors = {"images": synthetic, "labels": set_labels, "mean": [MEAN], "std": [STD]}
        safetensors_io.write(options.images, {name: np.asarray(value) for name, value in tensors.items()})

    scores, started = {"distilled": [], "random": []}, time.time()
    for trial in range(options.trials):
        rows = standard.pick(np.random.default_rng([options.seed, 2, trial]), rows_of_class, options.ipc)
        for name, part in (("distilled", synthetic), ("random", images[rows])):
            seeds = [options.seed, 3, trial], [options.seed, 4, trial]
            trained = standard.train(part, set_labels, options.epochs, options.width, *seeds, strategy=strategy)
            scores[name].append(standard.accuracy(trained, test_images, test_labels))
            print(f"trial {trial} {name}: {scores[name][-1]:.4f}", file=sys.stderr, flush=True)

    report = {
        "command": shlex.join(["python3", *sys.argv]),
        "torch": torch.__version__,
        "options": vars(options),
        "test": len(test_images),
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
