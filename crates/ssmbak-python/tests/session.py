"""The session of the documents of ssmbak 0.5.2, on whichever of the two packages Python finds.

It records with tags as 0.5.2 does, so that both packages read the same evidence, and prints what is to be equal.
"""

import json
import sys
import time
from datetime import UTC, datetime, timezone

import boto3

from ssmbak.restore.actions import ParamPath
from ssmbak.restore.aws import Resource
from ssmbak.restore.s3 import S3Path

REGION = "us-east-1"
MYS3BUCKET = f"session-{sys.argv[1]}"
ENDPOINT = __import__("os").environ["AWS_ENDPOINT"]

s3 = boto3.client("s3", region_name=REGION, endpoint_url=ENDPOINT)
ssm = boto3.client("ssm", region_name=REGION, endpoint_url=ENDPOINT)
TOP = f"/testyssmbak-{sys.argv[1]}"


def show(what, value):
    """Prints a value with what differs from run to run left out."""

    def plain(value):
        if isinstance(value, datetime):
            assert value.tzinfo is not None and value.utcoffset().total_seconds() == 0
            return "aware"
        if isinstance(value, dict):
            skipped = ("Owner", "ChecksumAlgorithm", "ChecksumType")
            # Without an incident, S3's own times and ids are those of the run.
            ids = ("VersionId", "ssmbakTime")
            return {
                key: "id" if key in ids else plain(item) for key, item in sorted(value.items()) if key not in skipped
            }
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return value

    text = json.dumps(plain(value), sort_keys=True)
    print(what, text.replace(sys.argv[1], "RUN"))


def put(name, value, kind="String", description=None, record=True):
    kwargs = {"Description": description} if description else {}
    ssm.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True, **kwargs)
    if record:
        tags = f"ssmbakTime={int(time.time())}&ssmbakType={kind}"
        tags += f"&ssmbakDescription={description.replace(' ', '%20')}" if description else ""
        s3.put_object(Bucket=MYS3BUCKET, Key=name, Body=value.encode(), Tagging=tags)


def delete(name):
    ssm.delete_parameter(Name=name)
    s3.delete_object(Bucket=MYS3BUCKET, Key=name)


s3.create_bucket(Bucket=MYS3BUCKET)
s3.put_bucket_versioning(Bucket=MYS3BUCKET, VersioningConfiguration={"Status": "Enabled"})
put(f"{TOP}/a", "first", description="fancy description")
put(f"{TOP}/b", "secret", "SecureString")
put(f"{TOP}/gone", "old")
put(f"{TOP}/deep/c", "1,2", "StringList")
time.sleep(1.1)
delete(f"{TOP}/gone")
s3.put_object(Bucket=MYS3BUCKET, Key="my/key", Body=b"then", ContentType="text/plain")
time.sleep(1.1)
point_in_time = datetime.now(timezone.utc).replace(microsecond=0)
time.sleep(2)
put(f"{TOP}/a", "second", description="fancy description")
put(f"{TOP}/b", "other", "SecureString")
put(f"{TOP}/gone", "back")
put(f"{TOP}/new", "later")
delete(f"{TOP}/deep/c")
s3.put_object(Bucket=MYS3BUCKET, Key="my/key", Body=b"now")
time.sleep(1.1)

Resource.clear_call_cache()
path = ParamPath(f"{TOP}/", point_in_time, REGION, MYS3BUCKET, recurse=True)
print(repr(path).replace(sys.argv[1], "RUN").split(", ")[0])
show("versions", path.versions)
show("names", sorted(path.get_names()))
show("get_versions", path.get_versions())
show("tracked", sorted(path.tracked_keys))
show("latest", path.get_latest_version(f"{TOP}/a"))
show("deleted", path.get_latest_version(f"{TOP}/gone"))
show("nothing", path.get_latest_version(f"{TOP}/nothing"))
show("key", path.preview_key(f"{TOP}/b"))
show("key deleted", path.preview_key(f"{TOP}/gone"))
show("key unknown", path.preview_key(f"{TOP}/nothing"))
show("children", ParamPath(f"{TOP}/", point_in_time, REGION, MYS3BUCKET).get_names().__len__())
# What was created later is planned for deletion by 0.5.2 without evidence; here the evidence is that it is new.
previews = path.preview()
show("previews", [row for row in previews if not row["Name"].endswith("/new")])
restored = path.restore()
show("restored", [row for row in restored if not row["Name"].endswith("/new")])
for name in ("a", "b", "deep/c"):
    show(name, ssm.get_parameter(Name=f"{TOP}/{name}", WithDecryption=True)["Parameter"]["Value"])
show("gone", ssm.get_parameters(Names=[f"{TOP}/gone"])["InvalidParameters"])
counts = Resource.get_calls()
show("counts", sorted(counts))
show("counted", all(count > 0 for count in counts.values()))

s3path = S3Path("my/key", point_in_time, REGION, MYS3BUCKET)
show("object", s3path.preview())
show("body", s3path.body())
with open("/dev/null", "wb") as sink:
    s3path.download_to(sink)
show("object restored", s3path.restore())
show("object now", s3.get_object(Bucket=MYS3BUCKET, Key="my/key")["Body"].read().decode())
early = S3Path("my/key", datetime(2001, 1, 1, tzinfo=UTC), REGION, MYS3BUCKET)
show("no object", [early.preview(), early.body(), early.restore()])
try:
    early.download_to(sys.stdout.buffer)
except ValueError:
    print("ValueError")
