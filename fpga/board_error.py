"""What goes wrong between host and board."""


class BoardError(RuntimeError):
    """What the board, its line or its program is at fault for, in one sentence with what helps."""
