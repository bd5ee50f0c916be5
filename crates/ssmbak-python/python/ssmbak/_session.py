"""Calls of the native module: arguments and results as JSON, failures as exceptions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from ssmbak import _native
from ssmbak.errors import Error, RestoreError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Session:
    """A way to AWS: region, profile and endpoint. Connections are made with the first call."""

    def __init__(
        self, region: str | None = None, profile: str | None = None, endpoint_url: str | None = None
    ) -> None:
        self._native = _native.Session(region, profile, endpoint_url)

    def call(self, operation: str, **arguments: Any) -> Any:
        """Carries out an operation."""
        return _result(json.loads(self._native.call(operation, json.dumps(arguments))))

    def body(self, bucket: str, key: str, version_id: str) -> bytes:
        """The bytes of a stored version."""
        body = self._native.body(bucket, key, version_id)
        if isinstance(body, bytes):
            return body
        raise _failure(json.loads(body)["Error"])


def _result(result: Any) -> Any:
    if isinstance(result, dict) and "Error" in result:
        raise _failure(result["Error"])
    return result


def _failure(error: dict[str, Any]) -> Error:
    return Error(error["Message"], error["Code"], error.get("Hint"))


def raise_for_outcomes(result: dict[str, Any]) -> None:
    """Raises if a change of a restore was not made."""
    rows = zip(result["changes"], result.get("outcomes", []), strict=False)
    missed = [(change["name"], outcome) for change, outcome in rows if outcome["outcome"] != "done"]
    if not missed:
        return
    name, first = next(((name, row) for name, row in missed if row["outcome"] == "failed"), missed[0])
    others = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
    raise RestoreError(
        f"failed to restore {name}{others}: {first['message']}",
        first.get("code", "Other"),
        first.get("hint") or "run it again to finish: what is done stays done",
        {name: row["message"] for name, row in missed},
        result.get("restore_id"),
    )


def time(microseconds: int) -> datetime:
    """A time of the native module."""
    return _EPOCH + timedelta(microseconds=microseconds)


def spelled(at: object, what: str) -> str:
    """A time for the native module. A naive one is UTC; one without microseconds includes its whole second."""
    if not isinstance(at, datetime):
        raise TypeError(f"{what} must be a datetime, not {type(at).__name__}")
    moment = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    precision = "microseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"
