"""ministack on loopback, with Parameter Store's events and without its gaps: `python ministack_with_events.py PORT`.

ministack has no hook that runs inside its process (its init scripts are processes of their own), so
this starts it: settings first, then our changes to its modules, then its own `main`.
"""

import os
import sys

import parent_watch


def settings(port):
    """What ministack reads from the environment, partly while it is imported."""
    os.environ.update(
        # Every interface otherwise.
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=port,
        # Functions are handed this one.
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        # And this one, by which our function knows that the tagging API here has the tags of parameters.
        AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API=f"http://127.0.0.1:{port}",
        # Listeners of services that nobody here uses; IoT's binds 0.0.0.0:8883 whatever BIND_HOST says.
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        # In memory only.
        PERSIST_STATE="0",
        S3_PERSIST="0",
    )


if __name__ == "__main__":
    parent_watch.watch()
    settings(sys.argv.pop(1) if len(sys.argv) > 1 else "4566")

    import ministack_delays
    import ministack_events
    import ministack_replication
    import ministack_s3
    import ministack_ssm
    from ministack.app import main

    # First, and so innermost: what the repairs refuse is no event, and a name arrives in its stored spelling.
    ministack_events.install()
    ministack_ssm.repair()
    ministack_s3.repair()
    ministack_replication.repair()
    # Last, and so outermost: what is read late is the state as a whole.
    ministack_delays.install()
    main()
