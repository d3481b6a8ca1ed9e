"""Why an update isn't begun."""


class Refused(Exception):
    """The update isn't begun. The text says what failed, on what, and what to do."""
