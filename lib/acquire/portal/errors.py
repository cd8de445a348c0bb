"""What an answer of the portal can mean beside what was asked for."""


class AgainError(Exception):
    """It did not work this time. `after` is what Retry-After says, as text."""

    def __init__(self, reason: str, after: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


class HaltError(Exception):
    """The portal wants a person, or does not want us."""


class LaterError(Exception):
    """The portal asks for a longer wait than the run may take."""
