"""python divergence_test.py"""

import unittest

import numpy as np

from divergence import compare, ratio_interval


class Divergence(unittest.TestCase):
    def test_known_values(self):
        # KL((1/2, 1/2) || (1/4, 3/4)) = ln(4/3) / 2; any constant may be added to logits.
        reference = np.log(np.array([[0.5, 0.5], [0.9, 0.1]]))
        logits = np.log(np.array([[0.25, 0.75], [0.9, 0.1]])).astype(np.float32) + np.float32(7)
        divergence, agrees = compare(reference, logits, rows=1)
        self.assertAlmostEqual(divergence[0], np.log(4 / 3) / 2, places=6)
        self.assertAlmostEqual(divergence[1], 0, places=6)
        self.assertEqual(agrees.tolist(), [False, True])

    def test_resolves_far_below_float32(self):
        generator = np.random.default_rng(2)
        reference = generator.standard_normal((50, 2000))
        noise = generator.standard_normal(reference.shape)
        for size in (1e-3, 1e-5):  # the divergence of such noise is size^2 / 2, nearly
            divergence, _ = compare(reference.astype(np.float32), reference + size * noise)
            self.assertAlmostEqual(divergence.mean() / (size * size / 2), 1, delta=0.05)

    def test_interval_is_of_pairs(self):
        generator = np.random.default_rng(3)
        theirs = generator.exponential(size=500)
        ratio, (low, high) = ratio_interval(theirs * 0.5, theirs, resamples=500)
        self.assertAlmostEqual(ratio, 0.5)
        self.assertAlmostEqual(high - low, 0)  # unpaired resampling would spread it
        _, (low, high) = ratio_interval(generator.exponential(size=500), theirs, resamples=500)
        self.assertTrue(low < 1 < high, (low, high))


if __name__ == "__main__":
    unittest.main()
