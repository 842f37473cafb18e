"""The soak drill: a server under steady load answers alike all the time, and does not grow.

    python -m tests.drills.soak --seconds 600

Clients ask the same rows on new connections all the time. Every answer must be the first one, and
the memory of the server's processes at the end at most a tenth above that after a quarter.
"""

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path

from framework.testing import Client
from tests.algorithms.workshop import ALGORITHMS, Workshop

JSON = "application/json"
CLIENTS = 8
GROWTH = 1.1
BODY = b'{"instances": [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]]}'


def main() -> None:
    """Run the drill and print its figures; exit code 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as scratch:
        workshop = Workshop(ALGORITHMS / "linear_npz", Path(scratch))
        with workshop.serve(workshop.train()) as client:
            raise SystemExit(soak(client, seconds))


def soak(client: Client, seconds: float) -> int:
    """The number of wrong or missing answers, or 1 when the server grew."""
    expected = client.invoke(BODY, JSON)
    assert expected.status == 200, expected.text
    wrong: list[str] = []
    asked = [0] * CLIENTS
    until = time.monotonic() + seconds

    def ask(number: int) -> None:
        while time.monotonic() < until:
            try:
                reply = client.invoke(BODY, JSON)
                if reply.body != expected.body:
                    wrong.append(f"{reply.status}: {reply.text:.200}")
            except Exception as error:
                wrong.append(repr(error))
            asked[number] += 1

    threads = [threading.Thread(target=ask, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 4)
    early = megabytes()
    for thread in threads:
        thread.join()
    late = megabytes()
    print(
        f"{sum(asked)} requests in {seconds:g} s, {len(wrong)} wrong; "
        f"memory {early:.1f} MB after a quarter, {late:.1f} MB at the end."
    )
    for sentence in wrong[:10]:
        print(sentence)
    return min(len(wrong), 1) or int(late > GROWTH * early)


def megabytes() -> float:
    """Resident memory of all processes below this one, which are the server's."""
    kilobytes = 0
    for child in descendants(os.getpid()):
        lines = Path(f"/proc/{child}/status").read_text().splitlines()
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return kilobytes / 1024


def descendants(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [found for child in children for found in (child, *descendants(child))]


if __name__ == "__main__":
    main()
