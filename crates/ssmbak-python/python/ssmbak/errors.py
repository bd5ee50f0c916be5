"""What can go wrong."""

from __future__ import annotations


class Error(Exception):
    """A failure, in one sentence, with the code and the hint that the command line prints.

    The hint is a note of the exception, so that a traceback shows it below the sentence.
    """

    def __init__(self, message: str, code: str = "Other", hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")


class RestoreError(Error):
    """A restore that could not make all of its changes. What is done stays done; another run makes the rest."""

    def __init__(
        self, message: str, code: str, hint: str | None, failed: dict[str, str], restore_id: str | None
    ) -> None:
        super().__init__(message, code, hint)
        self.failed = failed
        self.restore_id = restore_id
