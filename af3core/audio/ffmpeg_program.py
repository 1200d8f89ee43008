"""The FFmpeg program that decodes: which it is, whether it runs, and of which version."""

from __future__ import annotations

import errno
import re
import subprocess

from af3core.errors import ConfigurationError, DecoderSilent
from af3core.installation import install_command

OLDEST = 6
"""The first version that is tested; older ones place samples otherwise in time."""
PATIENCE_S = 20.0
_VERSION = re.compile(rb"ffmpeg version (?:n?(\d+)((?:\.\d+)*)|(\S+))")
_REMEDY = "set IMAGEIO_FFMPEG_EXE to one that runs, or unset it: imageio-ffmpeg brings one"
_NO_PROGRAM = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ENOEXEC)


def ffmpeg_binary() -> str:
    """The FFmpeg program: the one that `imageio-ffmpeg` brings, or IMAGEIO_FFMPEG_EXE.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise ConfigurationError(
            "no FFmpeg program: the package imageio-ffmpeg is missing, which brings one:"
            f" {install_command('jobs')}"
        ) from error
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise ConfigurationError(
            "no FFmpeg program: install the package imageio-ffmpeg, or set IMAGEIO_FFMPEG_EXE"
        ) from error


def check_ffmpeg() -> str:
    """Run the program for its version; gives it, such as `7.0.2`. Takes some 50 ms.

    Raises:
        ConfigurationError: there is none, it does not run, or it is older than OLDEST.
        DecoderSilent: the machine is in trouble.
    """
    program = ffmpeg_binary()
    try:
        done = subprocess.run(
            [program, "-hide_banner", "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DecoderSilent(
            f"FFmpeg {program}: gives no answer for {PATIENCE_S:g} s; {_REMEDY}"
        ) from error
    except OSError as error:
        raise (ConfigurationError if error.errno in _NO_PROGRAM else DecoderSilent)(
            f"FFmpeg {program}: does not run ({error.strerror}); {_REMEDY}"
        ) from error
    if done.returncode < 0:
        raise DecoderSilent(
            f"FFmpeg {program}: was ended by signal {-done.returncode}; run it again"
        )
    found = _VERSION.search(done.stdout)
    if done.returncode or found is None:
        raise ConfigurationError(
            f"FFmpeg {program}: does not run (it ended with {done.returncode} and named no"
            f" version); {_REMEDY}"
        )
    if found[3]:  # of a day's state, such as N-109542-g6f7b4d3
        return found[3].decode(errors="replace")
    version = (found[1] + found[2]).decode()
    if int(found[1]) < OLDEST:
        raise ConfigurationError(
            f"FFmpeg {program}: version {version} is older than {OLDEST}; {_REMEDY}"
        )
    return version
