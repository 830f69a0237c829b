"""P11: the first import in a process that has loaded nothing else: `python cold_import.py MODULE NAME`.

`NAME` is what a user takes from the module, so that what is only loaded on use counts as well. The clock is wall time:
a start is something one waits for. Prints the figures as JSON.
"""

import sys
from time import perf_counter, process_time


def main() -> None:
    """Imports, and tells how long it took."""
    module, name = sys.argv[1:]
    wall, cpu = perf_counter(), process_time()
    getattr(__import__(module), name)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    sys.stdout.write(f'{{"cpu": {cpu}, "wall": {wall}}}\n')


main()
