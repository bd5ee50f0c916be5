"""What a type checker must see of the package: these lines are checked and never run."""

from datetime import datetime
from typing import assert_type

import ssmbak
from ssmbak.restore.actions import ParamPath
from ssmbak.restore.s3 import S3Path


def names(path: ParamPath) -> list[str]:
    return [str(name) for name in path.get_names()]


def wrong(when: datetime) -> None:
    ParamPath(1, when, "us-east-1", "bucket")  # type: ignore[arg-type]
    S3Path("key", when)  # type: ignore[call-arg]
    assert_type(ssmbak.__version__, str)
