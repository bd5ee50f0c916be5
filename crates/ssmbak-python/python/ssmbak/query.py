"""Parameters at a point in time, with reasons for what is unknown."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ssmbak._session import Session, raise_for_outcomes, spelled, time

Action = Literal["create", "update", "delete"]


@dataclass(frozen=True)
class Change:
    """What a restore does to one parameter. The value does not show in its repr."""

    action: Action
    name: str
    type: str | None = None
    value: str | None = field(default=None, repr=False)
    description: str | None = field(default=None, repr=False)
    modified: datetime | None = None
    fields: tuple[str, ...] = ()
    version_id: str | None = None


@dataclass(frozen=True)
class Unknown:
    """A parameter whose state at the time is unknown. It is not changed."""

    name: str
    code: str
    reason: str
    recorded_from: datetime | None = None


@dataclass(frozen=True)
class Plan:
    """What a restore changes, what is unknown, and how many parameters already match."""

    changes: tuple[Change, ...]
    unknown: tuple[Unknown, ...]
    unchanged: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Restored:
    """A restore that made all of its changes; `restore_id` is what ``ssmbak undo`` takes."""

    plan: Plan
    restore_id: str | None


class Query:
    """Parameters under one or more paths at a point in time.

    `at` is a datetime (a naive one is UTC) or text such as ``"2 hours ago"``. Without `bucket` it is the one of
    SSMBAK_BUCKET, else the one that the stack left in Parameter Store.
    """

    def __init__(
        self,
        paths: str | Iterable[str],
        at: datetime | str,
        *,
        recursive: bool = False,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        assume_absent: bool = False,
        no_delete: bool = False,
        bucket: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        self.paths = (paths,) if isinstance(paths, str) else tuple(paths)
        self.at = at
        self._arguments = {
            "paths": self.paths,
            "at": at if isinstance(at, str) else spelled(at, "at"),
            "recursive": recursive,
            "include": list(include),
            "exclude": list(exclude),
            "assume_absent": assume_absent,
            "no_delete": no_delete,
            "bucket": bucket or os.environ.get("SSMBAK_BUCKET"),
        }
        self._session = Session(region, profile, endpoint_url)

    def __repr__(self) -> str:
        return f"Query({', '.join(self.paths)}, {self.at})"

    def preview(self) -> Plan:
        """What a restore would change."""
        return _plan(self._session.call("preview", **self._arguments))

    def restore(self) -> Restored:
        """Restores, and leaves a record by which ``ssmbak undo`` can take it back.

        Raises `RestoreError` if a change could not be made.
        """
        result = self._session.call("restore", **self._arguments)
        raise_for_outcomes(result)
        return Restored(_plan(result), result.get("restore_id"))


def _plan(result: dict[str, Any]) -> Plan:
    def moment(microseconds: int | None) -> datetime | None:
        return None if microseconds is None else time(microseconds)

    changes = (
        Change(**{**row, "modified": moment(row["modified"]), "fields": tuple(row["fields"])})
        for row in result["changes"]
    )
    unknown = (Unknown(**{**row, "recorded_from": moment(row["recorded_from"])}) for row in result["unknown"])
    return Plan(tuple(changes), tuple(unknown), result["unchanged"], tuple(result["warnings"]))
