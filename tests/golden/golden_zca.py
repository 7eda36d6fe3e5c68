"""ZCA whitening by the eigendecomposition of the covariance, in float64."""
import numpy as np
import torch

IMAGES, SIZE, EPSILON = 1100, 12, 0.1


def whiten(x, epsilon):
    """x [n][D] in [0, 1] -> mean, transform, inverse; the covariance is divided by n - 1."""
    mean = x.mean(0)
    covariance = (x - mean).T @ (x - mean) / (len(x) - 1)
    values, vectors = np.linalg.eigh(covariance)
    scale = np.sqrt(values + epsilon)
    return mean, (vectors / scale) @ vectors.T, (vectors * scale) @ vectors.T


def pixels():
    """Levels of a formula, so that the file need not hold them: a brightness for each image, and less of each pixel's own."""
    i, p = np.meshgrid(np.arange(IMAGES), np.arange(SIZE), indexing="ij")
    return (i * i * 13 + i * 7) % 200 + (i * (p + 3) * 5 + p * p) % 56


def tensors():
    _, transform, _ = whiten(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), EPSILON)
    if not np.allclose(transform, [[1.613743, 0.322749], [0.322749, 1.613743]], atol=1e-6):
        raise SystemExit("zca: not the worked value of the definition")
    x = pixels() / 255
    mean, transform, inverse = whiten(x, EPSILON)
    if not np.allclose(transform @ inverse, np.eye(SIZE), atol=1e-12):
        raise SystemExit("zca: the inverse is none")
    arrays = {"mean": mean, "transform": transform, "inverse": inverse, "whitened": (x[:20] - mean) @ transform}
    return {name: torch.tensor(array) for name, array in arrays.items()}
