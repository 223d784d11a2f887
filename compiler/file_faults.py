"""Why a file cannot be read or written, in words that do not depend on the system or its language."""

import errno

WORDS = {
    errno.ENOENT: "there is no such file",
    errno.ENOTDIR: "a part of its path is no folder",
    errno.EISDIR: "it is a folder",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EROFS: "its disk is read-only",
    errno.ENOSPC: "its disk is full",
    errno.EDQUOT: "no more room is allowed there",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ELOOP: "its links lead in a circle",
    errno.EIO: "its disk failed",
    errno.EBADF: "it is closed",
}


def file_fault(error: OSError) -> str:
    """The fault in words; of rare ones the system's number.

    >>> file_fault(FileNotFoundError(2, "Datei nicht gefunden")), file_fault(OSError(99, "?"))
    ('there is no such file', 'system error 99')
    """
    if error.errno is None:
        return str(error) or type(error).__name__
    return WORDS.get(error.errno, f"system error {error.errno}")
