"""What `ParamPath` and `S3Path` share: region, bucket, and counts of requests."""

from __future__ import annotations

import os
from datetime import datetime
from importlib import import_module
from typing import Any

from ssmbak import _native
from ssmbak._session import Session, spelled


class Resource:
    """A bucket with a history, and the region of bucket and parameters."""

    def __init__(self, region: str | None, bucketname: str) -> None:
        self.region = region
        self.bucketname = bucketname
        self._session_: Session | None = None

    @property
    def _session(self) -> Session:
        if self._session_ is None:
            self._session_ = Session(self.region)
        return self._session_

    @classmethod
    def clear_call_cache(cls) -> None:
        """Counts requests from zero again."""
        _native.clear_calls()

    @classmethod
    def get_calls(cls) -> dict[str, int]:
        """How often tags were read (``tags``), versions listed (``versions``) and bodies read (``version_objects``)."""
        return _native.calls()

    @property
    def s3(self) -> Any:
        """An S3 client of boto3, which has to be installed."""
        return _boto3().client("s3", endpoint_url=_endpoint(), region_name=self.region)

    @property
    def s3res(self) -> Any:
        """An S3 resource of boto3, which has to be installed."""
        return _boto3().resource("s3", endpoint_url=_endpoint(), region_name=self.region)

    @property
    def ssm(self) -> Any:
        """A Parameter Store client of boto3, which has to be installed."""
        return _boto3().client("ssm", endpoint_url=_endpoint(), region_name=self.region)


class Row(dict[str, Any]):
    """A row of a result: a dict whose repr has no values of parameters."""

    def __repr__(self) -> str:
        hidden = {"Value", "Body", "Description"}
        shown = (f"{key!r}: {'(hidden)' if key in hidden else repr(value)}" for key, value in self.items())
        return "{" + ", ".join(shown) + "}"


def second(at: datetime) -> str:
    """A time as the repr of the classes shows it."""
    return spelled(at, "checktime")[:19] + "Z"


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT")


def _boto3() -> Any:
    try:
        return import_module("boto3")
    except ImportError as error:
        raise ImportError("boto3 is not installed; ssmbak does not need it, this attribute does") from error
