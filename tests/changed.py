"""Print the tests that `make check-fast` runs: the pure rules, and what the change touches."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
RULES = ("tests/*/rules", "tests/*/test_rules*.py")


def changed_files(root: Path = ROOT) -> list[str]:
    """Return what differs from main, and what git does not know yet."""
    base = _git(root, "merge-base", "main", "HEAD") or ["HEAD"]
    return sorted(
        {
            *_git(root, "diff", "--name-only", "--diff-filter=d", base[0]),
            *_git(root, "ls-files", "--others", "--exclude-standard"),
        }
    )


def _git(root: Path, *words: str) -> list[str]:
    asked = ("git", *words)
    done = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.split()


def selection(changed: list[str], root: Path = ROOT) -> list[str]:
    """Return the tests that changed, and those of an app that import what changed in it."""
    found = {path for path in changed if re.fullmatch(r"tests/.*/?test_\w+\.py", path)}
    for path in changed:
        app, _slash, inside = path.partition("/")
        if not inside.endswith(".py") or app == "tests":
            continue
        module = ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")
        package, _dot, name = module.rpartition(".")
        imports = re.compile(
            rf"^\s*(from {re.escape(module)} import|import {re.escape(module)}\b"
            rf"|from {re.escape(package)} import [^\n]*\b{name}\b)",
            re.MULTILINE,
        )
        found |= {
            str(test.relative_to(root))
            for test in (root / "tests" / app).rglob("test_*.py")
            if imports.search(test.read_text(encoding="utf-8"))
        }
    return sorted(found)


if __name__ == "__main__":
    rules = [str(each.relative_to(ROOT)) for rule in RULES for each in ROOT.glob(rule)]
    print(" ".join(sorted({*rules, *selection(changed_files())})))
