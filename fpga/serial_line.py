"""The host's serial port: bytes out, bytes in with a time limit."""

import errno
import os
import select
import termios
import time
import tty


class LineError(OSError):
    """A serial port that cannot be opened, or that is gone."""


class SerialLine:
    """A serial port, 8 data bits, no parity, one stop bit, without flow control.

    Parameters
    ----------
    port : a device such as ``/dev/ttyUSB0``
    bits_per_second : a pseudo-terminal ignores it

    Raises
    ------
    LineError : there is no such port, it belongs to somebody else, or it cannot do this speed
    """

    def __init__(self, port: str, bits_per_second: int) -> None:
        self.port = port
        speed = getattr(termios, f"B{bits_per_second}", None)
        if speed is None:
            raise LineError(f"this system knows no serial ports of {bits_per_second} bits a second")
        try:
            self._file = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise LineError(f"port {port} cannot be opened: {error.strerror}") from None
        try:
            tty.setraw(self._file, termios.TCSANOW)
            settings = termios.tcgetattr(self._file)
            settings[4] = settings[5] = speed
            termios.tcsetattr(self._file, termios.TCSANOW, settings)
        except termios.error as error:
            os.close(self._file)
            raise LineError(f"port {port} is not a serial port: {error.args[-1]}") from None

    def close(self) -> None:
        """Give the port back; a second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def write(self, data: bytes, seconds: float = 10.0) -> None:
        """Send all of ``data``; :class:`LineError` where the port takes nothing for that long."""
        left = data
        while left:
            if not select.select([], [self._open_file()], [], seconds)[1]:
                raise LineError(f"port {self.port} takes no bytes")
            try:
                left = left[os.write(self._file, left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._gone(error) from None

    def read(self, seconds: float) -> bytes:
        """What has arrived, at least a byte, or nothing when the time is over."""
        limit = time.monotonic() + seconds
        while True:
            if not select.select([self._open_file()], [], [], max(0.0, limit - time.monotonic()))[0]:
                return b""
            try:
                data = os.read(self._file, 4096)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._gone(error) from None
            if not data:
                raise self._gone(OSError(errno.EIO, "end of file"))
            return data

    def forget(self) -> None:
        """Drop what has arrived."""
        while self.read(0):
            pass

    def _open_file(self) -> int:
        if self._file < 0:
            raise LineError(f"port {self.port} is closed; reconnect")
        return self._file

    def _gone(self, error: OSError) -> LineError:
        return LineError(f"port {self.port} is gone ({error.strerror}); reconnect when the board is back")
