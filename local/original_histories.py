"""ssmbak 0.5.2 lives through simulated histories, and each of its answers is held against the truth.

    python original_histories.py HISTORIES > ANSWERS

Both are JSON lines: a history (see ssmbak-sim's src/export.rs), and what became of one question. Parameter Store and S3
are moto's, in this process; the handler, the library and `ssmbak-all --do-it` are the original's own code, unchanged.
The clock stands still and is set to each step's time, so that whatever reads it (the original's, S3's LastModified,
Parameter Store's LastModifiedDate) reads the history's.
"""

import contextlib
import functools
import io
import json
import logging
import multiprocessing
import os
import sys
from datetime import UTC, datetime, timedelta
from unittest import mock

BUCKET = "backups"
REGION = "us-east-1"
os.environ |= {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "SSMBAK_BUCKET": BUCKET,
}
histories_file, sys.argv[1:] = sys.argv[1], ["--do-it"]  # The original's ssmbak-all reads its arguments when imported.

import boto3  # noqa: E402
import start_moto  # noqa: E402
from botocore.client import BaseClient  # noqa: E402
from freezegun import freeze_time  # noqa: E402
from moto import mock_aws  # noqa: E402
from ssmbak.backup.ssmbak import _sanitize_tag_value, handler  # noqa: E402
from ssmbak.cli import backup_all  # noqa: E402
from ssmbak.restore.actions import ParamPath  # noqa: E402

# The original makes clients anew for every event and question, which is what takes most of the time. They hold no state.
boto3.client, boto3.resource = functools.cache(boto3.client), functools.cache(boto3.resource)

# What the rule of its stack lets through: not the events of policies.
HEARD = "Parameter Store Change"
CALM_DELIVERY = timedelta(minutes=2)
SECOND = timedelta(seconds=1)


class World:
    """One history's Parameter Store, bucket and original."""

    def __init__(self, clock):
        self.clock = clock
        self.now = None
        self.deeds = []
        self.delivered = []
        self.unheard = set()
        # By name: what GetParameter answers from when on; None if there is no such parameter.
        self.shown = {}
        self.ssm = boto3.client("ssm")
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def step(self, step):
        """Does one step; the answer if it is a question."""
        self.now = datetime.fromisoformat(step["at"])
        self.clock.move_to(self.now)
        match step["do"]:
            case "put":
                self.ssm.put_parameter(**step["put"])
                self.deeds.append((step["put"]["Name"], step["id"], self.now))
                self.show(step["put"]["Name"])
            case "delete":
                self.ssm.delete_parameter(Name=step["name"])
                self.deeds.append((step["name"], step["id"], self.now))
                self.show(step["name"])
            case "deliver":
                self.deliver(step)
            case "sweep":
                with contextlib.redirect_stdout(io.StringIO()):
                    backup_all.backup(BUCKET)
            case "ask":
                return self.judge(step)
        return None

    def deliver(self, step):
        if json.loads(step["body"])["detail-type"] != HEARD:
            self.unheard.add(step["id"])
            return
        self.unheard.discard(step["id"])
        self.delivered.append((step["name"], step["id"], self.now))
        self.seen_from = self.now - timedelta(milliseconds=step["late"])
        # One record a call: its stack sets BatchSize to 1.
        with mock.patch.object(BaseClient, "_make_api_call", read_late(self)):
            handler({"Records": [{"body": step["body"]}]}, None)

    def show(self, name):
        """Keeps what can be read of a parameter from now on."""
        try:
            answer = self.ssm.get_parameter(Name=name, WithDecryption=True)
        except self.ssm.exceptions.ParameterNotFound as error:
            answer = error
        self.shown.setdefault(name, []).append((self.now, answer))

    def read(self, name):
        """What a read that is as late as the present one shows."""
        return next((answer for when, answer in reversed(self.shown.get(name, [])) if when <= self.seen_from), None)

    def judge(self, ask):
        name, truth = ask["name"], ask["truth"]
        at = datetime.fromisoformat(ask["of"])
        try:
            said, others = self.answer(name, at)
        except Exception as error:  # noqa: BLE001: whatever it is, a person would see a traceback
            said, others = {"crash": repr(error)}, []
        verdict = "crash" if "crash" in said else classify(said, truth, self.exists(name))
        damaged = verdict == "right" and truth is not None
        return {
            "at": ask["at"],
            "of": ask["of"],
            "name": name,
            "truth": truth,
            "evidence": ask["evidence"],
            "calm": self.calm(name),
            "unheard": self.last_by(name, at) in self.unheard,
            "ours": ask["ours"],
            "said": said,
            "original": verdict,
            "value_damaged": damaged and said["Value"] != truth["Value"],
            "description_damaged": damaged and said.get("Description", "") != truth["Description"],
            "others": others,
        }

    def answer(self, name, at):
        """What the original says of a name at a time, and which other names a restore of this one would change."""
        path = ParamPath(name, at, REGION, BUCKET)
        said = path.preview_key(name) if name in path.get_versions() else {}
        rows = path.preview()
        # Of a name without a version by then, it says nothing, unless the name exists now: then it deletes it.
        said = said or next((row for row in rows if row["Name"] == name), {})
        shown = {key: said[key] for key in ("Value", "Type", "Description", "Deleted") if key in said}
        return shown, sorted(row["Name"] for row in rows if row["Name"] != name)

    def exists(self, name):
        return bool(self.ssm.get_parameters(Names=[name])["Parameters"])

    def last_by(self, name, at):
        """The deed in effect at the end of a second."""
        return next((id for deed, id, when in reversed(self.deeds) if deed == name and when < at + SECOND), None)

    def calm(self, name):
        """Whether the event of each deed came once, in order, soon, and before the next deed of its parameter."""
        deeds = [(id, when) for deed, id, when in self.deeds if deed == name]
        told = [(id, when) for event, id, when in self.delivered if event == name and id in dict(deeds)]
        if [id for id, _ in deeds] != [id for id, _ in told]:
            return False
        after = [when for _, when in deeds[1:]] + [self.now]
        return all(
            came - when < CALM_DELIVERY and came < then
            for (_, when), (_, came), then in zip(deeds, told, after, strict=True)
        )


def read_late(world):
    """GetParameter as the history's road has it; every other call as it is."""
    call = BaseClient._make_api_call

    def late(client, operation, parameters):
        if operation != "GetParameter":
            return call(client, operation, parameters)
        answer = world.read(parameters["Name"])
        if answer is None:
            missing = {"Error": {"Code": "ParameterNotFound", "Message": ""}}
            raise client.exceptions.ParameterNotFound(missing, operation)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return late


def classify(said, truth, exists):
    """What an answer is worth. Where the original knowingly damages a text, the damaged text counts as right."""
    if said.get("Deleted"):
        return "right" if truth is None else "deleted"
    if "Value" not in said:
        # Of what was not, and is not, nothing need be said: a restore rightly does nothing.
        return "right" if truth is None and not exists else "nothing"
    if truth is None:
        return "alive"
    if said["Value"] != truth["Value"].strip():
        return "value"
    described = said.get("Description", "").strip() == _sanitize_tag_value(truth["Description"]).strip()
    return "right" if described and said["Type"] == truth["Type"] else "details"


def start():
    """In each worker: stops the clock, for good."""
    global clock
    logging.disable(logging.CRITICAL)
    start_moto.repair()
    clock = freeze_time("2026-01-01", tz_offset=0).start()


def live(line):
    """What became of each question of a history."""
    history = json.loads(line)
    origin = {key: history[key] for key in ("seed", "story") if key in history}
    with mock_aws():
        world = World(clock)
        answers = [world.step(step) for step in history["steps"]]
    return [json.dumps(origin | answer, ensure_ascii=False) + "\n" for answer in answers if answer]


if __name__ == "__main__":
    with open(histories_file, encoding="utf-8") as file, multiprocessing.Pool(initializer=start) as pool:
        for answers in pool.imap(live, file):
            sys.stdout.writelines(answers)
