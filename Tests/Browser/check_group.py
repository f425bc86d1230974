"""A group of checks of one subject."""


class CheckGroup:
    """Methods whose names begin with `check_` are the checks, in their order. A check raises where something is wrong, and may return what
    it found."""

    def __init__(self, options, processes, page, token):
        self.options, self.processes, self.page, self.token = options, processes, page, token

    def checks(self):
        """Returns the group's checks with their titles."""
        names = [name for name in vars(type(self)) if name.startswith("check_")]
        return [(name.removeprefix("check_").replace("_", " "), getattr(self, name)) for name in names]
