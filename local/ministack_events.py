"""Emits "Parameter Store Change" events on ministack's default bus, which it does not do itself.

The functions behind the API are wrapped rather than its HTTP handler: parameters that a CloudFormation
stack creates or deletes do not pass through the latter, and AWS emits events for them too.
"""

import json

from ministack.services import eventbridge, ssm


def install():
    """Wraps the four calls that change a parameter."""
    _after("_put_parameter", _put)
    _after("_delete_parameter", _delete)
    _after("_delete_parameters", _delete_many)
    _after("_label_parameter_version", _label)


def _after(call, emit):
    original = getattr(ssm, call)

    def wrapped(data):
        # A delete forgets the type and the description that its event carries: look first.
        names = data.get("Names") or [data.get("Name")]
        before = {name: found for name in names if (found := ssm._lookup_parameter(name)[1])}
        status, headers, body = original(data)
        if status < 300:
            emit(data, before, json.loads(body))
        return status, headers, body

    setattr(ssm, call, wrapped)


def _put(data, _before, reply):
    # By the version, not by what was there before: a re-created parameter starts at 1 again.
    _event("Create" if reply["Version"] == 1 else "Update", ssm._lookup_parameter(data["Name"])[1])


def _delete(data, before, _reply):
    _event("Delete", before[data["Name"]])


def _delete_many(_data, before, reply):
    # Only what was really deleted, and once: a name may be given twice.
    for name in dict.fromkeys(reply["DeletedParameters"]):
        _event("Delete", before[name])


def _label(data, _before, reply):
    # Labels that were all refused change nothing.
    if len(reply["InvalidLabels"]) < len(data["Labels"]):
        _event("LabelParameterVersion", ssm._lookup_parameter(data["Name"])[1])


def _event(operation, parameter):
    name = parameter["Name"]
    if name.count("/") == 1:
        # Root-level names arrive without their slash.
        name = name.lstrip("/")
    detail = {"operation": operation, "name": name, "type": parameter["Type"]}
    if parameter.get("Description"):
        detail["description"] = parameter["Description"]
    entry = {
        "Source": "aws.ssm",
        "DetailType": "Parameter Store Change",
        "Detail": json.dumps(detail),
        "Resources": [ssm._param_arn(name)],
    }
    send(entry)


def send(entry):
    """Puts an event on the bus. The envelope (id, account, region, the time in whole seconds) is EventBridge's own."""
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
