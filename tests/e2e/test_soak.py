"""64 clients, a fifth of whose streams are cut: pages, descriptors, threads and memory come back."""
import unittest

from engine import LONG, Engine
from soak import CONTEXT, FLAGS, leaks, soak

SECONDS = 300 if LONG else 8


class Soak(unittest.TestCase):
    def test_nothing_leaks(self):
        with Engine(*FLAGS, context_length=CONTEXT) as engine:
            seen = soak(engine, SECONDS)
            self.assertEqual(leaks(seen), [], seen["counts"])
            for outcome in (200, 400, "left"):
                self.assertGreater(seen["counts"][outcome], 10)
            # Pages in use are 0: soak() waited for it. Requests that left are counted as aborted.
            aborted = engine.metrics()['redline_engine_requests_finished_total{reason="abort"}']
            self.assertGreater(aborted, 0)
            self.assertEqual(engine.chat().status, 200)


if __name__ == "__main__":
    unittest.main()
