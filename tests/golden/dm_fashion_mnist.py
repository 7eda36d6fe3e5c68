"""DM on Fashion-MNIST in PyTorch, from the method's definition alone: the figures that our own run is compared with.

Distribution matching (Zhao & Bilen, WACV 2023): at each step a fresh random ConvNet embeds, class by class, a real
batch and the synthetic images under one shared augmentation; the squared distance of the mean embeddings moves the
images.
"""
import argparse
import gzip
import json
import pathlib
import shlex
import sys
import time

sys.dont_write_bytecode = True

import numpy as np
import torch

import reference_dsa as dsa
import reference_net as net
import safetensors_io

MEAN, STD = 0.2861, 0.3530
SIDE, CLASSES = 28, 10


def read_idx(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        data = file.read()
    if data[:3] != b"\0\0\x08":
        raise SystemExit(f"{path}: not an IDX file of bytes")
    shape = [int.from_bytes(data[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def load(folder, part, mean=MEAN, std=STD):
    def found(kind):
        paths = sorted(pathlib.Path(folder).glob(f"{part}-{kind}*"))
        if not paths:
            raise SystemExit(f"{folder}: no file {part}-{kind}*; give the folder of the four IDX files (.gz or not)")
        return read_idx(paths[0])

    images = (torch.from_numpy(found("images").astype(np.float32)) / 255 - mean) / std
    return images[:, None].contiguous(), torch.from_numpy(found("labels").astype(np.int64))


def fresh_net(rng, width):
    return net.draw_parameters(rng, net.parameter_shapes(1, SIDE, width, CLASSES))


def embed(parameters, x):
    return net.features(parameters, x, net.native_instance_norm)


def pick(rng, rows_of_class, count):
    """`count` rows of every class, without replacement, class-major."""
    return np.concatenate([rng.choice(rows, count, replace=False) for rows in rows_of_class])


def of_class(images, label, count):
    return images[label * count : (label + 1) * count]


def distil(images, rows_of_class, options, seed):
    """The synthetic images (class-major) and the loss of every step."""
    rng = np.random.default_rng(seed)
    synthetic = images[pick(rng, rows_of_class, options.ipc)].clone()
    velocity = torch.zeros_like(synthetic)
    losses, started = [], time.time()
    for step in range(options.steps):
        parameters = fresh_net(rng, options.width)
        real = images[pick(rng, rows_of_class, options.real_batch)]
        synthetic.requires_grad_(True)
        seen_real, seen_synthetic = [], []
        for label in range(CLASSES):
            op = dsa.STRATEGY[rng.integers(len(dsa.STRATEGY))]
            drawn = dsa.draw(rng, op, 1, SIDE, torch.float32)
            seen_real.append(dsa.apply(of_class(real, label, options.real_batch), op, drawn))
            seen_synthetic.append(dsa.apply(of_class(synthetic, label, options.ipc), op, drawn))
        with torch.no_grad():
            target = embed(parameters, torch.cat(seen_real)).reshape(CLASSES, options.real_batch, -1).mean(1)
        ours = embed(parameters, torch.cat(seen_synthetic)).reshape(CLASSES, options.ipc, -1).mean(1)
        loss = ((target - ours) ** 2).sum()
        (gradient,) = torch.autograd.grad(loss, synthetic)
        velocity = 0.5 * velocity + gradient
        synthetic = synthetic.detach() - options.image_rate * velocity
        losses.append(float(loss.detach()))
        if not np.isfinite(losses[-1]):
            raise SystemExit(f"step {step}: the loss is {losses[-1]}; lower --image-rate")
        if (step + 1) % 100 == 0:
            pace = f"{(time.time() - started) / (step + 1):.3f} s a step"
            print(f"step {step + 1}: loss {np.mean(losses[-100:]):.3f}, {pace}", file=sys.stderr, flush=True)
    return synthetic, losses


def train(
    images,
    labels,
    epochs,
    width,
    net_seed,
    seed,
    batch=256,
    rate=0.01,
    strategy=dsa.STRATEGY,
    norm=net.native_instance_norm,
):
    """A fresh net after the standard protocol: epochs + 1 epochs, one drop of the rate, momentum reset at the drop."""
    parameters = fresh_net(np.random.default_rng(net_seed), width)
    velocities = {name: torch.zeros_like(value) for name, value in parameters.items()}
    targets = torch.nn.functional.one_hot(labels, CLASSES).float()
    rng = np.random.default_rng(seed)
    for epoch in range(epochs + 1):
        order = rng.permutation(len(images))
        for first in range(0, len(images), batch):
            rows = torch.from_numpy(order[first : first + batch])
            x = images[rows]
            if strategy:
                op = strategy[rng.integers(len(strategy))]
                x = dsa.apply(x, op, dsa.draw(rng, op, len(rows), SIDE, torch.float32))
            for value in parameters.values():
                value.requires_grad_(True)
            loss = net.cross_entropy(net.logits(parameters, x, norm), targets[rows])
            gradients = dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values()))))
            with torch.no_grad():
                parameters, velocities = net.sgd_step(parameters, velocities, gradients, rate, 0.9, 5e-4)
        if epoch == epochs // 2 + 1:
            rate *= 0.1
            velocities = {name: torch.zeros_like(value) for name, value in parameters.items()}
    return {name: value.detach() for name, value in parameters.items()}


def accuracy(parameters, images, labels, norm=net.native_instance_norm):
    with torch.no_grad():
        scores = [net.logits(parameters, part, norm) for part in images.split(500)]
    return float((torch.cat(scores).argmax(1) == labels).double().mean())


def summary(trials):
    return {"trials": trials, "mean": float(np.mean(trials)), "std": float(np.std(trials))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="folder of the four IDX files")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--real-batch", type=int, default=64)
    parser.add_argument("--ipc", type=int, default=1)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--image-rate", type=float, default=1.0)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", help="file for the JSON, besides stdout")
    parser.add_argument("--images", help="file for the distilled images, .safetensors")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "t10k")
    rows_of_class = [np.flatnonzero(labels.numpy() == label) for label in range(CLASSES)]
    set_labels = torch.arange(CLASSES).repeat_interleave(options.ipc)

    started = time.time()
    synthetic, losses = distil(images, rows_of_class, options, [options.seed, 1])
    distil_seconds = time.time() - started
    if options.images:
        safetensors_io.write(options.images, {"images": synthetic.numpy(), "labels": set_labels.numpy()})

    # Trial t starts from the same net for both sets; each random trial is a new draw.
    scores, started = {"distilled": [], "random": []}, time.time()
    for trial in range(options.trials):
        rows = pick(np.random.default_rng([options.seed, 2, trial]), rows_of_class, options.ipc)
        for name, part in (("distilled", synthetic), ("random", images[rows])):
            trained = train(
                part, set_labels, options.epochs, options.width, [options.seed, 3, trial], [options.seed, 4, trial]
            )
            scores[name].append(accuracy(trained, test_images, test_labels))
            print(f"trial {trial} {name}: {scores[name][-1]:.4f}", file=sys.stderr, flush=True)
    evaluate_seconds = time.time() - started

    window = min(100, options.steps)
    report = {
        "command": shlex.join(["python3", *sys.argv]),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "dataset": "Fashion-MNIST",
        "normaliser": {"mean": MEAN, "std": STD},
        "net": {"id": "convnet-3", "width": options.width},
        "ipc": options.ipc,
        "steps": options.steps,
        "realBatch": options.real_batch,
        "imageLearningRate": options.image_rate,
        "epochs": options.epochs,
        "distilled": summary(scores["distilled"]),
        "random": summary(scores["random"]),
        "loss": {
            "window": window,
            "first": float(np.mean(losses[:window])) if losses else None,
            "last": float(np.mean(losses[-window:])) if losses else None,
        },
        "seconds": {"distil": round(distil_seconds, 1), "evaluate": round(evaluate_seconds, 1)},
        "threads": options.threads,
    }
    text = json.dumps(report, indent=2)
    print(text)
    if options.out:
        pathlib.Path(options.out).write_text(text + "\n")


if __name__ == "__main__":
    main()
