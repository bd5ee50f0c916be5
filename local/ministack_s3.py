"""Where ministack's S3 differs from AWS in ways that matter to us, made to agree with it."""

import re

from ministack.services import s3

METADATA_LIMIT = 2048


def repair():
    """Wraps the calls concerned."""
    s3._get_object_tagging = _tagging(s3._get_object_tagging)
    s3._list_object_versions = _whole_seconds(s3._list_object_versions)
    s3._put_object = _limited_metadata(s3._put_object)


def _tagging(original):
    """Tags of a version, whatever the key's latest one is; on a delete marker AWS answers 405."""

    def get(bucket_name, key, query_params=None):
        wanted = s3._qp(query_params or {}, "versionId", "")
        version = next((v for v in s3._object_versions.get((bucket_name, key), []) if v["version_id"] == wanted), None)
        if version is None:
            return original(bucket_name, key, query_params)
        if version.get("is_delete_marker"):
            return s3._delete_marker_read_refused(version)
        # Tags are stored per version, but are not looked up while the key itself is hidden by a marker.
        tags = s3._object_tags.get((bucket_name, key, None if wanted == "null" else wanted), {})
        root = s3.Element("Tagging", xmlns=s3.S3_NS)
        tag_set = s3.SubElement(root, "TagSet")
        for name, value in tags.items():
            tag = s3.SubElement(tag_set, "Tag")
            s3.SubElement(tag, "Key").text = name
            s3.SubElement(tag, "Value").text = value
        return 200, {"Content-Type": "application/xml", "x-amz-version-id": wanted}, s3._xml_body(root)

    return get


def _whole_seconds(original):
    """Listings have a resolution of one second: two versions of one second look equally old, as on AWS."""

    def list_versions(bucket_name, query_params):
        status, headers, body = original(bucket_name, query_params)
        return status, headers, re.sub(rb"(<LastModified>[^<.]*)\.\d+Z<", rb"\1.000Z<", body)

    return list_versions


def _limited_metadata(original):
    """User metadata is limited to 2 KB, names and values together."""

    def put(bucket_name, key, body, headers):
        prefix = "x-amz-meta-"
        size = sum(len(name) - len(prefix) + len(value.encode()) for name, value in headers.items() if name.lower().startswith(prefix))
        if size > METADATA_LIMIT:
            message = "Your metadata headers exceed the maximum allowed metadata size."
            return s3._error("MetadataTooLarge", message, 400, f"/{bucket_name}/{key}")
        return original(bucket_name, key, body, headers)

    return put
