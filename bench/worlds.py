"""Long runs of seeded worlds: `python bench/worlds.py SEED COUNT [--database URL]` holds the product to the reference.

Each world goes through the product's own functions into a database that is emptied before it; `--door N` sends every
N-th through the commands, each a process of its own, instead. The first differences are printed with the fewest messages that still differ.
"""

import argparse
import json
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.reference.worlds.world import World, world_of
from tests.world_runs import (
    VENDORS,
    FrontDoor,
    Product,
    batches_of,
    differences,
    environment,
    program,
    smallest,
    write_rows,
)

IN_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of its own is made inside)


def kind_of(difference: str) -> str:
    """Return which figure differs."""
    return re.sub(r"^campaigns\..*\.(\w+)$", r"campaigns.\1", re.split(r" is | has ", difference)[0])


class Run:
    """Worlds of one run, with what differed."""

    def __init__(self, product: Product, folder: Path, door: int) -> None:
        self.product, self.folder, self.door = product, folder, door
        self.kinds = Counter[str]()
        self.differing: list[int] = []

    def look(self, world: World) -> list[str]:
        """Return the differences of a world; trouble of the product is one."""
        try:
            if self.door and world.seed % self.door == 0:
                path = self.folder / f"door-{world.seed}-{time.monotonic_ns()}.db"
                return differences(world, FrontDoor(f"sqlite:///{path}", self.folder, program))
            return differences(world, self.product)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is a difference)
            last = traceback.extract_tb(error.__traceback__)[-1]
            return [f"{type(error).__name__} is {error} at {last.name}"]

    def add(self, world: World, found: list[str]) -> None:
        """Count the differences of a world."""
        self.kinds.update({kind_of(one) for one in found})
        if found:
            self.differing.append(world.seed)

    def minimal(self, world: World, found: list[str]) -> World:
        """Return the fewest messages that still differ in the first figure."""
        kind = kind_of(found[0])

        def differs(less: World) -> bool:
            less.answer()
            return kind in {kind_of(one) for one in self.look(less)}

        return smallest(world, differs)


def say(world: World, found: list[str], tell: Callable[[str], None] = print) -> None:
    """Print a world that differs."""
    tell(f"\nseed {world.seed}, {len(world.messages)} messages, now {world.now:%Y-%m-%d}, {world.settings.zone}")
    if world.shown_at:
        tell(f"  shown at {world.shown_at}")
    if world.first_settings:
        tell("  other settings at first")
    for message in world.messages:
        tell(f"  {message.label}")
    for one in found:
        tell(f"  → {one}")


def save(world: World, found: list[str], folder: Path) -> None:
    """Write a world into a folder: its messages and files as they arrive, and case.json with steps and figures."""
    folder.mkdir(parents=True, exist_ok=True)
    steps: list[dict[str, object]] = []
    for part in batches_of(world):
        for kind in dict.fromkeys(one.channel for one in part if one.channel not in (*VENDORS, "insert")):
            path = write_rows(folder, kind, world)
            steps.append({"import": [path.name], "args": ["--kind", kind]})
        for message in part:
            if message.channel in VENDORS or message.channel == "insert":
                name = f"{len(steps) + 1:02}-{message.channel}.json"
                text = json.dumps(json.loads(message.body), indent=1)
                (folder / name).write_text(text, encoding="utf-8")
                steps.append({"webhook": message.channel, "body": name})
        steps.append({"run": ["inbox", "list"]})
    now = world.shown_at or world.now
    wanted = world.answer()
    shown = {name: str(value) for name, value in wanted.figures.items() if name not in wanted.open and value}
    case = {
        "title": f"World {world.seed}",
        "settings": environment(world.settings, replace(world, now=now), ""),
        "settings at first": environment(world.first_settings, world, "") if world.first_settings else None,
        "steps": steps,
        "expect": {"show": shown},
        "differs": found,
        "messages": [message.label for message in world.messages],
    }
    (folder / "case.json").write_text(json.dumps(case, indent=1), encoding="utf-8")


def main() -> int:
    """Run the worlds; return 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--database", help="a database that may be emptied; SQLite in memory without it")
    parser.add_argument("--door", type=int, default=0, metavar="N", help="every N-th world through the commands")
    parser.add_argument("--show", type=int, default=1, help="how many differences are made small and printed")
    parser.add_argument("--save", type=Path, help="where the messages of those are written")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as name:
        folder = Path(name)
        run = Run(Product(chosen.database or f"sqlite:///{folder / 'worlds.db'}", folder), folder, chosen.door)
        return _run(run, chosen)


def _run(run: Run, chosen: argparse.Namespace) -> int:
    began = time.perf_counter()
    for seed in range(chosen.seed, chosen.seed + chosen.count):
        world = world_of(seed)
        found = run.look(world)
        run.add(world, found)
        if found and len(run.differing) <= chosen.show:
            least = run.minimal(world, found)
            found = run.look(least)
            say(least, found)
            if chosen.save:
                save(least, found, chosen.save / str(seed))
    seconds = time.perf_counter() - began
    print(f"\n{chosen.count:,} worlds in {seconds:.1f} s, {len(run.differing):,} differ: {run.differing[:20]}")
    for kind, count in run.kinds.most_common():
        print(f"  {count:5,} {kind}")
    return 1 if run.differing else 0


if __name__ == "__main__":
    sys.exit(main())
