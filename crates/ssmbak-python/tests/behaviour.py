"""What no document of 0.5.2 says: threads, signals, fork, errors, and the native API."""

import multiprocessing
import os
import signal
import socket
import threading
import time
import unittest
from datetime import UTC, datetime, timedelta
from unittest import mock

import boto3

import ssmbak
from ssmbak.restore.actions import ParamPath
from ssmbak.restore.s3 import S3Path

REGION = "us-east-1"
BUCKET = "behaviour"
ENDPOINT = os.environ["AWS_ENDPOINT"]


def setUpModule():
    s3 = boto3.client("s3", region_name=REGION, endpoint_url=ENDPOINT)
    ssm = boto3.client("ssm", region_name=REGION, endpoint_url=ENDPOINT)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    tags = f"ssmbakTime={int(time.time()) - 3600}&ssmbakType=SecureString"
    s3.put_object(Bucket=BUCKET, Key="/app/secret", Body=b"hunter2\n", Tagging=tags)
    ssm.put_parameter(Name="/app/secret", Value="changed", Type="SecureString")
    ssm.put_parameter(Name="/app/unrecorded", Value="x", Type="String")


def path(name="/app/", **more):
    return ParamPath(name, datetime.now(UTC) - timedelta(minutes=30), REGION, BUCKET, **more)


def preview_in_child(queue):
    queue.put(len(path().preview()))


class Silent:
    """A server that accepts connections and never answers."""

    def __enter__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(50)
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __exit__(self, *_):
        self.socket.close()


class Behaviour(unittest.TestCase):
    def test_a_value_is_exact_and_in_no_repr(self):
        row = path().preview()[0]
        self.assertEqual(row["Value"], "hunter2\n")
        self.assertEqual(row, {**row})
        version = path().get_latest_version("/app/secret")
        plan = ssmbak.Query("/app/", "10 minutes ago", region=REGION, bucket=BUCKET).preview()
        for shown in (repr(row), repr(path()), repr(version), repr(plan), f"{plan}", str([row])):
            self.assertNotIn("hunter2", shown)

    def test_the_native_api_says_what_is_unknown_and_why(self):
        plan = ssmbak.Query("/app/", "10 minutes ago", region=REGION, bucket=BUCKET, recursive=True).preview()
        self.assertEqual([(row.action, row.name, row.fields) for row in plan.changes], [("update", "/app/secret", ("Value",))])
        self.assertEqual([(row.name, row.code) for row in plan.unknown], [("/app/unrecorded", "NothingRecorded")])

    def test_a_text_as_time_is_a_clear_error(self):
        for make in (lambda at: ParamPath("/a", at, REGION, BUCKET), lambda at: S3Path("a", at, REGION, BUCKET)):
            with self.assertRaisesRegex(TypeError, "checktime must be a datetime, not str"):
                make("2024-06-15T17:56:58")
        with self.assertRaises(ssmbak.Error) as caught:
            ssmbak.Query("/a", "sometime", region=REGION, bucket=BUCKET).preview()
        self.assertEqual(caught.exception.code, "Usage")
        self.assertIn("accepted:", caught.exception.hint)

    def test_no_region_is_the_sentence_of_the_command_line(self):
        cleared = {name: "" for name in ("AWS_REGION", "AWS_DEFAULT_REGION")}
        with mock.patch.dict(os.environ, cleared), self.assertRaises(ssmbak.Error) as caught:
            ParamPath("/a", datetime.now(UTC), None, BUCKET).preview()
        self.assertEqual((caught.exception.code, str(caught.exception)), ("NoRegion", "no AWS region is set"))
        self.assertIn("AWS_REGION", caught.exception.__notes__[0])

    def test_a_missing_bucket_is_an_error_with_its_code(self):
        with self.assertRaises(ssmbak.Error) as caught:
            ParamPath("/a/", datetime.now(UTC), REGION, "no-such-bucket").preview()
        self.assertEqual(caught.exception.code, "BucketMissing")

    def test_eight_threads_at_once_are_right(self):
        results = []
        threads = [threading.Thread(target=lambda: results.append(len(path().preview()))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [1] * 8)

    def test_other_threads_run_while_a_call_waits(self):
        ticks = []

        def work():
            while len(ticks) < 20:
                ticks.append(time.monotonic())
                time.sleep(0.01)

        with Silent() as endpoint, mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL": endpoint}):
            thread = threading.Thread(target=work)
            threading.Timer(0.6, lambda: signal.raise_signal(signal.SIGINT)).start()
            thread.start()
            with self.assertRaises(KeyboardInterrupt):
                path().preview()
        self.assertEqual(len(ticks), 20)

    def test_ctrl_c_is_an_exception_within_a_second(self):
        with Silent() as endpoint, mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL": endpoint}):
            waiting = path()
            began = time.monotonic()
            threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
            with self.assertRaises(KeyboardInterrupt):
                waiting.preview()
        self.assertLess(time.monotonic() - began, 1.3)
        self.assertEqual(len(path().preview()), 1)

    def test_a_process_forked_after_a_call_works(self):
        self.assertEqual(len(path().preview()), 1)
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        child = context.Process(target=preview_in_child, args=(queue,))
        child.start()
        self.assertEqual(queue.get(timeout=20), 1)
        child.join(20)
        self.assertEqual(child.exitcode, 0)

    def test_a_session_kept_over_a_fork_works_in_the_child(self):
        kept = path()
        self.assertEqual(len(kept.preview()), 1)
        child = os.fork()
        if child == 0:
            os._exit(0 if len(kept.preview()) == 1 else 1)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                self.assertEqual(status, 0)
                return
            time.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        self.fail("the child hangs")

    def test_a_restore_leaves_a_record_to_undo_it(self):
        ssm = boto3.client("ssm", region_name=REGION, endpoint_url=ENDPOINT)
        ssm.put_parameter(Name="/undo/a", Value="now", Type="String")
        s3 = boto3.client("s3", region_name=REGION, endpoint_url=ENDPOINT)
        tags = f"ssmbakTime={int(time.time()) - 3600}&ssmbakType=String"
        s3.put_object(Bucket=BUCKET, Key="/undo/a", Body=b"then", Tagging=tags)
        restored = ssmbak.Query("/undo/a", "30m", region=REGION, bucket=BUCKET).restore()
        self.assertEqual(ssm.get_parameter(Name="/undo/a")["Parameter"]["Value"], "then")
        self.assertIsNotNone(restored.restore_id)


if __name__ == "__main__":
    # A shell that runs this in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unittest.main()
