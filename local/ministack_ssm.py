"""Where ministack's Parameter Store differs from AWS in ways that matter to us, made to agree with it."""

import json

from ministack.core.responses import error_response_json, json_response
from ministack.services import ssm

HISTORY_LIMIT = 100


def repair():
    """Wraps the calls concerned."""
    _wrap("_put_parameter", _keep_policies)
    _wrap("_put_parameter", _limit_history)
    _wrap("_get_parameters_by_path", _below_root)
    _wrap("_describe_parameters", _described)
    _wrap("_get_parameter_history", _history)
    # Last, and so outermost: whatever is wrapped above sees the spelling that is stored.
    for call in (
        "_put_parameter",
        "_get_parameter",
        "_get_parameters",
        "_delete_parameter",
        "_delete_parameters",
        "_get_parameter_history",
        "_label_parameter_version",
    ):
        _wrap(call, _one_spelling)
    ssm._apply_filter = _filter(ssm._apply_filter)


def _wrap(call, wrapper):
    original = getattr(ssm, call)
    setattr(ssm, call, lambda data: wrapper(original, data))


def _one_spelling(original, data):
    """`foo` and `/foo` are one parameter: any call finds it under the spelling it was created with."""
    data = dict(data)
    if "Name" in data:
        data["Name"] = _stored(data["Name"])
    if "Names" in data:
        data["Names"] = [_stored(name) for name in data["Names"]]
    return original(data)


def _stored(name):
    base, _, selector = name.partition(":")
    if base.lstrip("/").count("/") or name.startswith("arn:"):
        return name
    found = ssm._lookup_parameter(base, flexible_name=True)[0]
    return name if found is None else name.replace(base, found, 1)


def _below_root(original, data):
    """A name without a slash is below `/` like every other (as shown in getmoto/moto issue 1700)."""
    if data.get("Path") != "/":
        return original(data)
    slashed = json.loads(original({**data, "MaxResults": len(ssm._parameters) + 1, "NextToken": None})[2])["Parameters"]
    bare = [
        ssm._param_out(parameter, data.get("WithDecryption", False))
        for name, parameter in ssm._parameters.items()
        if not name.startswith("/")
    ]
    found = sorted(slashed + bare, key=lambda parameter: parameter["Name"].lstrip("/"))
    start = ssm._decode_next_token(data.get("NextToken") or "")
    end = start + data.get("MaxResults", ssm.DEFAULT_PAGE_SIZE)
    page = {"Parameters": found[start:end]}
    if end < len(found):
        page["NextToken"] = ssm._encode_next_token(end)
    return json_response(page)


def _keep_policies(original, data):
    """Policies stay until they are replaced; `[{}]` clears them."""
    existing = ssm._parameters.get(data.get("Name"))
    if existing and not data.get("Policies"):
        data = {**data, "Policies": existing.get("Policies")}
    return original(data)


def _limit_history(original, data):
    """100 versions are kept, and a labelled one is not dropped silently."""
    history = ssm._parameter_history.get(data.get("Name")) or []
    full = len(history) >= HISTORY_LIMIT
    if full and data.get("Overwrite") and history[0].get("Labels"):
        return error_response_json(
            "ParameterMaxVersionLimitExceeded",
            f"You attempted to create a new version of {data['Name']} by calling the PutParameter API with the overwrite "
            "flag. Version 1, the oldest version, can't be deleted because it has a label associated with it.",
        )
    reply = original(data)
    del history[:-HISTORY_LIMIT]
    return reply


def _described(original, data):
    return _each(original(data), lambda item: None)


def _history(original, data):
    """The allowed pattern is recorded but left out of the reply."""
    recorded = {entry["Version"]: entry for entry in ssm._parameter_history.get(data.get("Name")) or []}

    def add_pattern(item):
        item["AllowedPattern"] = recorded[item["Version"]].get("AllowedPattern", "")

    return _each(original(data), add_pattern)


def _each(reply, change):
    status, headers, body = reply
    if status >= 300:
        return reply
    document = json.loads(body)
    for item in document["Parameters"]:
        change(item)
        # What is not set is absent on AWS, not empty.
        for member in ("Description", "AllowedPattern"):
            if not item.get(member):
                item.pop(member, None)
        item["Policies"] = _policies(item.get("Policies"))
    return json_response(document)


def _policies(text):
    """The request's JSON text as the list that replies carry; SDKs cannot read the text itself."""
    if not isinstance(text, str):
        return []
    return [
        {"PolicyText": json.dumps(policy), "PolicyType": policy["Type"], "PolicyStatus": "Pending"}
        for policy in json.loads(text)
        if policy
    ]


def _filter(original):
    """DescribeParameters: root-level names, OneLevel, BeginsWith of a key and tags, which ministack ignores."""

    def apply(parameter, key, option, values):
        name = parameter["Name"]
        if not values and not key.startswith("tag:"):
            return original(parameter, key, option, values)
        if key == "Name" and option == "Equals":
            return name in map(_stored, values)
        if key == "Path":
            full = "/" + name.lstrip("/")
            below = [full[len(prefix) :] for path in values if full.startswith(prefix := path.rstrip("/") + "/")]
            # OneLevel is the default; original() is told "Equals" where no option was given.
            return any(option == "Recursive" or "/" not in rest for rest in below)
        if key == "KeyId" and option == "BeginsWith":
            return any(parameter.get("KeyId", "").startswith(value) for value in values)
        if key.startswith("tag:"):
            tags = ssm._tags.get(ssm._parameter_tag_arn("Parameter", name), {})
            tag = key.removeprefix("tag:")
            return tag in tags and (not values or tags[tag] in values)
        return original(parameter, key, option, values)

    return apply
