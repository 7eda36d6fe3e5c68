"""Writes the golden files beside it from equations, with numpy and torch alone. `--check` only compares."""
import argparse
import pathlib
import sys

sys.dont_write_bytecode = True

import numpy as np
import torch

import golden_convnet
import golden_datadam
import golden_dm
import golden_dsa
import golden_nets
import golden_matching
import golden_ops
import golden_training
import golden_trajectory
import golden_zca
import safetensors_io

HERE = pathlib.Path(__file__).parent
FILES = {
    "convnet-3": lambda: golden_convnet.tensors(3, 32, 10),
    "convnet-3-grey": lambda: golden_convnet.tensors(1, 28, 11),
    "convnet-3-grey-32": lambda: golden_convnet.tensors(1, 32, 12),
    "nets": golden_nets.tensors,
    "ops": golden_ops.tensors,
    "dsa": golden_dsa.tensors,
    "datadam-step": golden_datadam.tensors,
    "dm-step": golden_dm.tensors,
    "dc-steps": lambda: golden_matching.tensors(False, 60),
    "dsa-steps": lambda: golden_matching.tensors(True, 61),
    "training": golden_training.tensors,
    "trajectory": golden_trajectory.tensors,
    "zca": golden_zca.tensors,
}


def compare(path, arrays):
    """Other builds of torch may differ in the last bits: equal within 1e-10 is equal."""
    stored = safetensors_io.decode(path.read_bytes())
    if sorted(stored) != sorted(arrays):
        raise SystemExit(f"{path.name}: other tensors than the script makes; run make.py")
    for name, array in arrays.items():
        if stored[name].shape != array.shape or not np.allclose(stored[name], array, rtol=1e-10, atol=1e-10):
            raise SystemExit(f"{path.name}: {name} differs from what the script makes; run make.py")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which files, by default all: {', '.join(FILES)}")
    parser.add_argument("--check", action="store_true", help="compare with the files that lie here, write nothing")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(FILES))
    if unknown:
        parser.error(f"no such file: {', '.join(unknown)}; there are {', '.join(FILES)}")
    torch.set_num_threads(1)
    for name in options.names or FILES:
        arrays = {key: np.asarray(value.detach(), dtype=np.float64) for key, value in FILES[name]().items()}
        broken = [key for key, array in arrays.items() if not np.isfinite(array).all()]
        if broken:
            raise SystemExit(f"{name}: not finite: {', '.join(broken)}")
        path = HERE / f"{name}.safetensors"
        if options.check:
            compare(path, arrays)
        else:
            safetensors_io.write(path, arrays)
        print(f"{path.name}: {len(arrays)} tensors, {path.stat().st_size} bytes{', as made' if options.check else ''}")


if __name__ == "__main__":
    main()
