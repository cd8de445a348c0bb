"""What the portal's answer can mean, other than the thing that was asked for."""


class RetryError(Exception):
    """It did not work this time. `after` is what Retry-After says, as text."""

    def __init__(self, reason: str, after: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


class NeedsPersonError(Exception):
    """The portal wants a person, or refuses us."""


class RetryLaterError(Exception):
    """The portal asks for a longer wait than the run may take."""
