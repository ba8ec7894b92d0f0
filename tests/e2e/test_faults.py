"""Processes are killed while requests run: what the user sees, and how soon it serves again."""
import os
import signal
import threading
import time
import unittest

from harness import Redline, alive, children_by_role, read_until_cut, wait_for


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redline = Redline().start()
        cls.redline.deploy()

    @classmethod
    def tearDownClass(cls):
        cls.redline.stop()

    def setUp(self):
        self.redline.wait_running()
        wait_for("answers", lambda: self.redline.chat().status == 200)

    def role(self, name):
        return wait_for(f"{name} runs", lambda: children_by_role(self.redline.process.pid).get(name))

    def kill_role(self, name):
        pid = self.role(name)
        os.kill(pid, signal.SIGKILL)
        wait_for(f"a new {name}", lambda: children_by_role(
            self.redline.process.pid).get(name) not in (None, pid))

    def test_killed_engine_ends_streams_cleanly_and_serves_again(self):
        before = self.redline.instance()
        pid = before["pid"]
        streams = [self.redline.open_stream() for _ in range(8)]
        for _, response in streams:
            self.assertEqual(response.status, 200)
            response.readline()
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        for connection, response in streams:
            rest = read_until_cut(response)
            self.assertIn(b"engine_unavailable", rest)
            self.assertNotIn(b"[DONE]", rest)
            connection.close()
        self.assertLess(time.monotonic() - killed, 10)
        statuses = []

        def serves():
            statuses.append(self.redline.chat().status)
            return statuses[-1] == 200
        wait_for("serving again", serves)
        self.assertTrue(set(statuses) <= {200, 503}, statuses)
        instance = wait_for("one restart is counted", lambda: (
            lambda found: found if found["restart_count"] == before["restart_count"] + 1
            and found["state"] == "RUNNING"
            else None)(self.redline.instance()))
        self.assertNotEqual(instance["pid"], pid)

    def test_chat_goes_on_without_the_server_and_the_engine_is_kept(self):
        pid = self.redline.instance()["pid"]
        stream = self.redline.open_stream(max_tokens=60)
        self.kill_role("server")
        self.assertIn(b"[DONE]", stream[1].read())
        stream[0].close()
        self.assertIn("Paris", self.redline.answer())
        self.redline.wait_ready()
        self.assertEqual(self.redline.wait_running()["instances"][0]["pid"], pid)

    def test_chat_goes_on_without_the_agent_and_the_engine_is_adopted(self):
        before = self.redline.instance()
        stream = self.redline.open_stream(max_tokens=60)
        self.kill_role("agent")
        self.assertIn(b"[DONE]", stream[1].read())
        stream[0].close()
        self.assertIn("Paris", self.redline.answer())
        time.sleep(2)
        after = self.redline.wait_running()["instances"][0]
        self.assertEqual((after["pid"], after["restart_count"]),
                         (before["pid"], before["restart_count"]))

    def test_killed_gateway_comes_back_on_the_same_port(self):
        pid = self.redline.instance()["pid"]
        self.kill_role("gateway")
        wait_for("answers", lambda: self.redline.chat().status == 200)
        self.assertEqual(self.redline.instance()["pid"], pid)

    def test_engine_crash_is_mended_while_the_server_is_away(self):
        before = self.redline.instance()
        pid = before["pid"]
        server = self.role("server")
        os.kill(server, signal.SIGSTOP)
        try:
            os.kill(pid, signal.SIGKILL)
            wait_for("serving again", lambda: self.redline.chat().status == 200)
        finally:
            os.kill(server, signal.SIGCONT)
        wait_for("the server hears of it", lambda: (
            lambda found: found["state"] == "RUNNING"
            and found["restart_count"] == before["restart_count"] + 1)(self.redline.instance()))

    def test_restart_keeps_engines_and_refuses_no_request(self):
        pid = self.redline.instance()["pid"]
        failures, stop = [], threading.Event()

        def hammer():
            while not stop.is_set():
                reply = self.redline.chat(max_tokens=2)
                if reply.status != 200:
                    failures.append((reply.status, reply.body))
        thread = threading.Thread(target=hammer)
        thread.start()
        try:
            roles = children_by_role(self.redline.process.pid)
            self.redline.cli("restart")
            wait_for("all replaced", lambda: not set(children_by_role(
                self.redline.process.pid).values()) & set(roles.values()), 120)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(failures, [])
        self.redline.wait_ready()
        self.assertEqual(self.redline.wait_running()["instances"][0]["pid"], pid)


class Shutdown(unittest.TestCase):
    def test_stopping_finishes_streams_and_leaves_nothing(self):
        with Redline() as redline:
            redline.deploy()
            pid = redline.instance()["pid"]
            connection, response = redline.open_stream(max_tokens=40)
            response.readline()
            redline.process.send_signal(signal.SIGTERM)
            self.assertIn(b"[DONE]", response.read())
            connection.close()
            self.assertEqual(redline.process.wait(60), 0)
            self.assertFalse(alive(pid))

    def test_engine_outlives_a_killed_supervisor_and_is_adopted(self):
        with Redline() as redline:
            redline.deploy()
            pid = redline.instance()["pid"]
            redline.process.kill()
            redline.process.wait()
            self.assertTrue(alive(pid))
            wait_for("the port is free", lambda: self.port_free(redline.port))
            redline.start()
            self.assertEqual(redline.wait_running()["instances"][0]["pid"], pid)
            # The new gateway may have to hear of the engine first.
            wait_for("answers", lambda: redline.chat().status == 200)
            self.assertIn("Paris", redline.answer())

    @staticmethod
    def port_free(port):
        import socket
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0


if __name__ == "__main__":
    unittest.main()
