"""What a hub at rest takes: memory (PSS) and processor of every process of `make run`."""

import argparse
import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def _family(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").partition(" -m ")[2][:40]


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def main() -> None:
    """Print both for every process of the supervisor with that id, and their sums."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("pid", type=int, help="of the supervisor")
    arguments.add_argument("--seconds", type=int, default=300)
    asked = arguments.parse_args()
    pids = _family(asked.pid)
    before = {pid: _cpu_seconds(pid) for pid in pids}
    time.sleep(asked.seconds)
    rows = [
        (_command(pid), _pss_mb(pid), 100 * (_cpu_seconds(pid) - before[pid]) / asked.seconds)
        for pid in pids
    ]
    rows.append(("together", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    for name, memory, processor in rows:
        print(f"{name:42}{memory:8.1f} MB{processor:8.2f} % of a core")


if __name__ == "__main__":
    main()
