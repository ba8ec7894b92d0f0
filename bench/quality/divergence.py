"""Kullback-Leibler divergence of logits from a reference, and how sure one can be of a ratio."""

import numpy as np


def log_softmax(logits):
    """Rows of logits or log-probabilities of any precision -> normalised float64 log-probabilities.

    Both sides are normalised here, in float64: rounding of single entries then enters the divergence
    squared only, and values far below float32's precision can be told apart.
    """
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def compare(reference, logits, rows=100):
    """Per position: KL(reference || logits) in nats, and whether the most probable token agrees."""
    divergence, agrees = [], []
    for begin in range(0, len(reference), rows):
        p = log_softmax(reference[begin : begin + rows])
        q = log_softmax(logits[begin : begin + rows])
        divergence.append((np.exp(p) * (p - q)).sum(axis=-1))
        agrees.append(p.argmax(axis=-1) == q.argmax(axis=-1))
    return np.concatenate(divergence), np.concatenate(agrees)


def ratio_interval(ours, theirs, resamples=10000, seed=1):
    """Ratio of the means, and its 95% interval by the paired bootstrap over positions."""
    generator = np.random.default_rng(seed)
    ratios = np.empty(resamples)
    for i in range(resamples):
        picked = generator.integers(0, len(ours), len(ours))
        ratios[i] = ours[picked].mean() / theirs[picked].mean()
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(ours.mean() / theirs.mean()), (float(low), float(high))
