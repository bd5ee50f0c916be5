"""The original's `s3bak`, several command lines in one process: starting it anew for each takes seconds.

Reads one JSON array of arguments a line, answers one JSON object a line: Code, Out, Err.
"""

import contextlib
import io
import json
import sys

from ssmbak.cli import s3

for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["s3bak", *json.loads(line)]
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            s3.main()
        except SystemExit as exit_:
            code = exit_.code or 0
        except Exception as error:  # a traceback, when run as a person does
            code, _ = 1, print(error, file=err)
    print(json.dumps({"Code": code, "Out": out.getvalue(), "Err": err.getvalue()}), flush=True)
