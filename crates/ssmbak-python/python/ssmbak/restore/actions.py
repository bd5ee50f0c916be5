"""Previews and restores parameters at a point in time.

    from datetime import datetime, timezone
    from ssmbak.restore.actions import ParamPath

    at = datetime(2023, 8, 3, 21, 9, 31, tzinfo=timezone.utc)
    path = ParamPath("/some/ssm/path/", at, "us-west-2", "my-bucket", recurse=True)
    path.preview()
    path.restore()
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, cast

from ssmbak._session import raise_for_outcomes, spelled, time
from ssmbak.restore.aws import Resource, Row, second
from ssmbak.typing import Preview, Version

logger = logging.getLogger(__name__)


class ParamPath(Resource):
    """A parameter, the direct children of a path (``/a/b/``), or with `recurse` a tree, at a point in time.

    `versions` and `tracked_keys` are empty until something is asked.
    """

    def __init__(
        self, name: str, checktime: datetime, region: str | None, bucketname: str, recurse: bool = False
    ) -> None:
        super().__init__(region, bucketname)
        self._at = spelled(checktime, "checktime")
        self.name = name
        self.checktime = checktime
        self.recurse = recurse
        self._versions: dict[str, Version] = {}
        self._tracked_keys: set[str] = set()
        self._is_asked = False
        self._is_read = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}, {second(self.checktime)}, {self.region}, {self.bucketname})"

    @property
    def versions(self) -> dict[str, Version]:
        """The versions in effect, by name; empty until something is asked."""
        if self._is_asked:
            self._read()
        return self._versions

    @property
    def tracked_keys(self) -> set[str]:
        """The names that the bucket has any history of; empty until something is asked."""
        if self._is_asked:
            self._read()
        return self._tracked_keys

    def get_names(self) -> list[str]:
        """The names that were there, or are known to have been deleted."""
        return list(self.get_versions())

    def get_versions(self) -> dict[str, Version]:
        """The version or delete marker that was in effect, by name, as S3 lists it, with its tags."""
        self._read()
        return self._versions

    def get_latest_version(self, name: str) -> Version | None:
        """The version in effect of one name, with its value as ``Body``; None if there is none."""
        version = self._versions.get(name)
        if version is None:
            found = self._call("versions", paths=[name], recursive=False)["versions"].get(name)
            if found is None:
                return None
            version = self._versions[name] = _version(found)
        if "Deleted" not in version and "Body" not in version:
            body = self._session.body(self.bucketname, version["Key"], version["VersionId"])
            version["Body"] = body.decode()
        return version

    def preview(self) -> list[Preview]:
        """What a restore would change, one row for each parameter, by name."""
        self._is_asked = True
        return _previews(self._call("preview", paths=[self.name], recursive=self.recurse))

    def preview_key(self, name: str) -> Preview:
        """What one parameter was, whether or not it differs now."""
        version = self.get_latest_version(name)
        if version is None:
            logger.warning("%s has no version at or before %s", name, self.checktime)
            return cast(Preview, Row(Name=name, Modified=datetime.now(UTC)))
        if "Deleted" in version:
            return cast(Preview, Row(Name=name, Deleted=True, Modified=version["LastModified"]))
        tags = version["tagset"]
        row = Row(
            Name=name,
            Value=version["Body"],
            Type=tags["ssmbakType"],
            Modified=datetime.fromtimestamp(int(tags["ssmbakTime"]), UTC),
        )
        if "ssmbakDescription" in tags:
            row["Description"] = tags["ssmbakDescription"]
        return cast(Preview, row)

    def restore(self) -> list[Preview]:
        """Restores, and returns what `preview` would have returned.

        Raises `ssmbak.RestoreError` if a change could not be made. ``ssmbak undo`` takes the restore back.
        """
        self._is_asked = True
        result = self._call("restore", paths=[self.name], recursive=self.recurse)
        raise_for_outcomes(result)
        return _previews(result)

    def _call(self, operation: str, **arguments: Any) -> Any:
        return self._session.call(operation, bucket=self.bucketname, at=self._at, **arguments)

    def _read(self) -> None:
        self._is_asked = True
        if self._is_read:
            return
        result = self._call("versions", paths=[self.name], recursive=self.recurse)
        # What was looked up one by one has its body already.
        self._versions = {name: self._versions.get(name) or _version(row) for name, row in result["versions"].items()}
        self._tracked_keys = set(result["tracked"])
        self._is_read = True


def _version(row: dict[str, Any]) -> Version:
    row.pop("DeletedAt", None)
    return cast(Version, Row(row, LastModified=time(row["LastModified"])))


def _previews(plan: dict[str, Any]) -> list[Preview]:
    now = datetime.now(UTC)
    return [cast(Preview, _preview(change, now)) for change in plan["changes"]]


def _preview(change: dict[str, Any], now: datetime) -> Row:
    modified = now if change["modified"] is None else time(change["modified"]).replace(microsecond=0)
    if change["action"] == "delete":
        return Row(Name=change["name"], Deleted=True, Modified=modified)
    row = Row(Name=change["name"], Value=change["value"], Type=change["type"], Modified=modified)
    if change["description"]:
        row["Description"] = change["description"]
    return row
