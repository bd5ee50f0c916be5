"""Reads that lag behind writes, and events that take their time: what AWS does and ministack does not.

On AWS a read may show the state before a write for seconds after it was answered, while its event arrives within one. Two
variables set both, in seconds: STALE_SECONDS and EVENT_DELAY_SECONDS.
"""

import contextvars
import copy
import os
import threading
import time

import ministack_events
from ministack.services import eventbridge, ssm, tagging

WRITES = (
    "_put_parameter",
    "_delete_parameter",
    "_delete_parameters",
    "_label_parameter_version",
    "_add_tags_to_resource",
    "_remove_tags_from_resource",
)
READS = (
    "_get_parameter",
    "_get_parameters",
    "_get_parameters_by_path",
    "_get_parameter_history",
    "_describe_parameters",
    "_list_tags_for_resource",
)

_lock = threading.RLock()
# What was there before each write, oldest first: {(store, key): [(when, before), ...]}.
_before = {}
_change_time = contextvars.ContextVar("change_time", default=None)


def install():
    """Wraps reads, writes and the sending of events. After all other changes: a read then is stale as a whole."""
    stale = float(os.environ.get("STALE_SECONDS") or 0)
    delay = float(os.environ.get("EVENT_DELAY_SECONDS") or 0)
    if stale > 0:
        for call in WRITES:
            _wrap(call, _remembering)
        for call in READS:
            _wrap(call, lambda original, data: _stale(original, data, stale))
        _delay_index(stale)
    if delay > 0:
        _delay_events(delay)


def _delay_index(seconds):
    """The index of tags follows as late."""
    original = tagging._HANDLERS["GetResources"]

    def wrapped(data):
        with _lock:
            return _stale(original, data, seconds)

    tagging._HANDLERS["GetResources"] = wrapped


def _wrap(call, wrapper):
    original = getattr(ssm, call)

    def wrapped(data):
        with _lock:
            return wrapper(original, data)

    setattr(ssm, call, wrapped)


def _remembering(original, data):
    now = time.monotonic()
    for store, key in _touched(data):
        _before.setdefault((store, *store._scoped(key)), []).append((now, copy.deepcopy(store.get(key))))
    return original(data)


def _touched(data):
    """What a write may change: the entries of its names, under either spelling."""
    names = [data.get("Name"), data.get("ResourceId"), *data.get("Names", [])]
    for name in filter(None, names):
        for spelling in {name, name.lstrip("/"), "/" + name.lstrip("/")}:
            yield ssm._parameters, spelling
            yield ssm._parameter_history, spelling
            yield ssm._tags, ssm._param_arn(spelling)


def _stale(original, data, seconds):
    """Answers from the state of so many seconds ago."""
    horizon = time.monotonic() - seconds
    present = []
    for place, writes in list(_before.items()):
        # What was written before that is seen by now.
        writes[:] = [write for write in writes if write[0] > horizon]
        if not writes:
            del _before[place]
            continue
        store, *key = place
        present.append((store, tuple(key), store._data.get(tuple(key))))
        _set(store, tuple(key), writes[0][1])
    try:
        return original(data)
    finally:
        for store, key, value in present:
            _set(store, key, value)


def _set(store, key, value):
    if value is None:
        store._data.pop(key, None)
    else:
        store._data[key] = value


def _delay_events(seconds):
    """Sends each event later, in the name of the same account and region, with the time of its change."""
    now, send = eventbridge._now_ts, ministack_events.send
    eventbridge._now_ts = lambda: now() if _change_time.get() is None else _change_time.get()

    def send_later(entry):
        context = contextvars.copy_context()
        context.run(_change_time.set, now())
        timer = threading.Timer(seconds, context.run, (send, entry))
        timer.daemon = True
        timer.start()

    ministack_events.send = send_later
