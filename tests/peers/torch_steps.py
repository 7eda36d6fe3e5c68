"""PyTorch on the CPU: reads arrays from a folder, times one workload, and writes its results there. Started by torch.ts."""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F

folder, name, threads = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)
manifest = json.loads((folder / "manifest.json").read_text())
EPSILON, NET_RATE, IMAGE_RATE, STUDENT_RATE, STUDENT_STEPS = 1e-5, 0.01, 1.0, 0.02, 5


def load(array):
    return torch.from_numpy(numpy.fromfile(folder / array["file"], dtype=numpy.float32).reshape(array["shape"]))


given = {key: [load(each) for each in value] if isinstance(value, list) else load(value) for key, value in manifest.items()}


def embed(p, x):
    for block in range(3):
        conv, scale, shift = p[3 * block : 3 * block + 3]
        x = F.conv2d(x, conv, padding=1)
        x = F.group_norm(x, x.shape[1], scale, shift, EPSILON)
        x = F.avg_pool2d(F.relu(x), 2)
    return x.flatten(1)


def logits_of(p, x):
    return F.linear(embed(p, x), p[9], p[10])


def cross_entropy(p, x, labels):
    return F.cross_entropy(logits_of(p, x), labels)


def trainable(p):
    return [each.clone().requires_grad_() for each in p]


def classes(key):
    return given[key].argmax(1)


def forward():
    with torch.no_grad():
        return {"logits": logits_of(given["params"], given["batch"])}


def train():
    p = trainable(given["params"])
    loss = cross_entropy(p, given["batch"], classes("batchLabels"))
    g = torch.autograd.grad(loss, p)
    _moved = [a.detach() - NET_RATE * b for a, b in zip(p, g)]
    return {"loss": loss, "conv1": g[0], "conv2": g[3], "conv3": g[6], "linear": g[9]}


def dm():
    s = given["synthetic"].clone().requires_grad_()
    with torch.no_grad():
        real = embed(given["params"], given["real"]).reshape(10, 64, -1).mean(1)
    own = embed(given["params"], s).reshape(10, 10, -1).mean(1)
    loss = ((real - own) ** 2).sum()
    (g,) = torch.autograd.grad(loss, s)
    _moved = s.detach() - IMAGE_RATE * g
    return {"loss": loss, "pixels": g}


def dc():
    p = trainable(given["params"])
    real = cross_entropy(p, given["real"][:64], classes("realLabels")[:64])
    wanted = [each.detach() for each in torch.autograd.grad(real, p)]
    s = given["synthetic"][:10].clone().requires_grad_()
    loss = cross_entropy(p, s, classes("syntheticLabels")[:10])
    own = torch.autograd.grad(loss, p, create_graph=True)
    total = sum(1 - (a * b).sum() / (a.pow(2).sum().sqrt() * b.pow(2).sum().sqrt() + 1e-6) for a, b in zip(wanted, own))
    (g,) = torch.autograd.grad(total, s)
    return {"loss": total, "pixels": g}


def mtt():
    s = given["synthetic"].clone().requires_grad_()
    rate = torch.tensor(STUDENT_RATE, requires_grad=True)
    labels = classes("syntheticLabels")
    p = trainable(given["params"])
    for _ in range(STUDENT_STEPS):
        g = torch.autograd.grad(cross_entropy(p, s, labels), p, create_graph=True)
        p = [a - rate * b for a, b in zip(p, g)]
    far = sum(((a - b) ** 2).sum() for a, b in zip(p, given["target"]))
    near = sum(((a - b) ** 2).sum() for a, b in zip(given["params"], given["target"]))
    loss = far / near
    pixels, slope = torch.autograd.grad(loss, [s, rate])
    return {"loss": loss, "pixels": pixels, "rate": slope}


def matmul():
    return {"product": given["a"] @ given["b"]}


def convolution(kind):
    def run():
        x, w, g = given["x"], given["w"], given["g"]
        if kind == "forward":
            return {"result": F.conv2d(x, w, padding=1)}
        if kind == "input-grad":
            return {"result": torch.nn.grad.conv2d_input(x.shape, w, g, padding=1)}
        return {"result": torch.nn.grad.conv2d_weight(x, w.shape, g, padding=1)}

    return run


if name.startswith("conv"):
    run = convolution(name.split("-", 1)[1])
elif name.startswith("matmul"):
    run = matmul
else:
    run = {"forward": forward, "train": train, "dm": dm, "dc": dc, "mtt": mtt}[name]


def timed():
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


first = timed()
timed()
times, start = [], time.perf_counter()
while len(times) < 3 or (time.perf_counter() - start < 2 and len(times) < 50):
    times.append(timed())
for key, value in run().items():
    value.detach().contiguous().numpy().astype(numpy.float32).tofile(folder / f"result.{key}.bin")
print(
    json.dumps(
        {"torch": torch.__version__, "firstMs": first, "medianMs": statistics.median(times), "runs": len(times)}
    )
)
