"""The errors that AWS's service models name, as JSON: `{"services": {service: {operation: [code, ...]}}, "throttling": [...]}`.

    python aws_errors.py SERVICE ...

The models are those that ship with botocore. A code is what is on the wire: the model's own code, else the shape's name.
"""

import json
import sys

from botocore.loaders import Loader
from botocore.retries.standard import ThrottledRetryableChecker


def errors_of(service):
    model = Loader().load_service_model(service, "service-2")
    shapes = model["shapes"]

    def code(error):
        return shapes[error["shape"]].get("error", {}).get("code") or error["shape"]

    return {name: [code(error) for error in operation.get("errors", [])] for name, operation in model["operations"].items()}


if __name__ == "__main__":
    services = {service: errors_of(service) for service in sys.argv[1:]}
    json.dump({"services": services, "throttling": ThrottledRetryableChecker._THROTTLED_ERROR_CODES}, sys.stdout)
