"""The original, ssmbak 0.5.2, as a peer: its Lambda handler and its library, spoken to in JSON.

    python original.py handle < event.json
    python original.py preview|restore PATH TIME [-R]

The endpoint, the bucket, the region and the credentials come from the environment, as it expects them.
"""

import json
import os
import sys
from datetime import UTC, datetime

REGION = os.environ["AWS_DEFAULT_REGION"]


def handle():
    from ssmbak.backup.ssmbak import handler

    return handler(json.load(sys.stdin), None)


def act(action, path, time, *flags):
    from ssmbak.restore.actions import ParamPath

    at = datetime.strptime(time, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return getattr(ParamPath(path, at, REGION, os.environ["SSMBAK_BUCKET"], recurse="-R" in flags), action)()


def rfc3339(value):
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    result = handle() if sys.argv[1] == "handle" else act(*sys.argv[1:])
    json.dump(result, sys.stdout, default=rfc3339)
