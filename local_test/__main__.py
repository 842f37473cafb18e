"""python -m local_test train | serve | invoke | batch | bench | check | replies | aws | demo"""

import gc
import signal
import sys
import traceback
from types import FrameType

from framework.testing import EXIT_INTERRUPTED, EXIT_KNOWN, EXIT_UNEXPECTED, FrameworkError
from local_test.console import Screen
from local_test.errors import BenchError
from local_test.options import parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1, 2, 3 or 130 as in the image."""
    options = parser().parse_args(arguments)
    screen = Screen(options.json)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)  # a shell's background job would ignore it
    try:
        return options.run(options, screen)
    except (BenchError, FrameworkError) as error:
        screen.error(str(error))
        return EXIT_KNOWN
    except KeyboardInterrupt:
        screen.say("Interrupted. Everything that ran is stopped.")
        return EXIT_INTERRUPTED
    except Exception:
        traceback.print_exc()
        return EXIT_UNEXPECTED


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """SIGTERM takes the same way out as Ctrl-C, so that nothing is left behind."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    gc.set_threshold(100_000)  # moto is large, and every look for garbage goes through it
    sys.exit(main())
