"""
What the code may cost: `make budget` fails when a figure rises above the one in budget.toml.

`python -m tests.budget` prints the figures, `--list WORD` the places behind those whose name holds
the word, `--lower` writes today's figures where they are lower.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 60
LINES_OF_A_BLOCK = 6
ALLOWED_AT_MOST = 5

NOT_THE_PRODUCT = {"tests", "benchmarks"}
READ = {".py", ".html", ".txt", ".po", ".md", ".js", ".css", ".toml", ""}
NOT_READ = {"var", "vendor", "node_modules", "htmlcov"}
HOLD_THE_WORDS = {"docs/glossary.md", "tests/budget.toml", "tests/test_words.py"}

# Leading underscore or not, these are described in the manuals of Python and Django.
DESCRIBED = {"_replace", "_asdict", "_fields", "_make", "_exit", "_default_manager"}
NAMES_OF_META = {"app_label", "fields", "get_field", "get_fields", "label", "label_lower"}


class Product:
    """The Python files that people run, read once; a place is `path:line: what stands there`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = {
            str(path.relative_to(root)): path.read_text(encoding="utf-8")
            for package in sorted(root.glob("*/__init__.py"))
            if package.parent.name not in NOT_THE_PRODUCT
            for path in sorted(package.parent.rglob("*.py"))
            if "migrations" not in path.parts
        }
        self.packages = {path.split("/", 1)[0] for path in self.files}
        trees = {path: ast.parse(text) for path, text in self.files.items()}
        self.nodes = [(path, node) for path, tree in trees.items() for node in ast.walk(tree)]


def long_files(product: Product) -> Iterator[str]:
    for path, text in product.files.items():
        if (lines := text.count("\n")) > LINES_OF_A_FILE:
            yield f"{path}:1: {lines} lines"


def long_functions(product: Product) -> Iterator[str]:
    for path, node in product.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LINES_OF_A_FUNCTION:
                yield f"{path}:{node.lineno}: {node.name}: {lines} lines"


def private_api(product: Product) -> Iterator[str]:
    """Names with a leading underscore that the product does not define, and SQL by hand."""
    ours = set(DESCRIBED)
    for _path, node in product.nodes:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name):
                ours.add(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                ours.add(name)
    for path, node in product.nodes:
        for name in _names_of_others(node):
            if name not in ours and name.split(".")[0] not in product.packages:
                yield f"{path}:{getattr(node, 'lineno', 1)}: {name}"


def _names_of_others(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Attribute(value=ast.Attribute(attr="_meta"), attr=name):
            if name not in NAMES_OF_META:
                yield f"_meta.{name}"
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
            yield from _private_of([name])
        case ast.Call(func=ast.Attribute(attr="cursor" | "get_compiler" | "as_sql" as name)):
            yield f".{name}("
        case ast.FunctionDef(name="as_sql" | "as_sqlite" | "as_postgresql" as name):
            yield f"def {name}("
        case ast.Attribute(attr=name) if name != "_meta":
            yield from _private_of([name])
        case ast.ImportFrom(module=str(module), names=imported, level=0):
            yield from _private_of([f"{module}.{each.name}" for each in imported])
        case ast.Import(names=imported):
            yield from _private_of([each.name for each in imported])


def _private_of(names: list[str]) -> list[str]:
    return [name for name in names if re.search(r"(^|\.)_[^_]", name)]


def settings(product: Product) -> Iterator[str]:
    listed = product.root / ".env.example"
    for number, line in enumerate(listed.read_text(encoding="utf-8").splitlines(), 1):
        if found := re.match(r"#? ?([A-Z][A-Z0-9_]+)=", line):
            yield f".env.example:{number}: {found[1]}"


def repeated_blocks(product: Product) -> Iterator[str]:
    """Six or more same lines that stand earlier too; blanks, comments and imports do not count."""
    imports = {
        (path, number)
        for path, node in product.nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    seen: dict[tuple[str, ...], tuple[str, int]] = {}
    for path, text in product.files.items():
        lines = [
            (number, line.strip())
            for number, line in enumerate(text.splitlines(), 1)
            if (path, number) not in imports and re.match(r"\s*[^\s#].*\w", line)
        ]
        in_a_block = False
        for start in range(len(lines) - LINES_OF_A_BLOCK + 1):
            numbers, block = zip(*lines[start : start + LINES_OF_A_BLOCK], strict=True)
            first = seen.setdefault(block, (path, numbers[0]))
            repeated = first[0] != path or first[1] < lines[max(start - LINES_OF_A_BLOCK + 1, 0)][0]
            if repeated and not in_a_block:
                yield f"{path}:{numbers[0]}: stands at {first[0]}:{first[1]} too"
            in_a_block = repeated


def banned_words(product: Product, words: list[str], *, in_tests: bool) -> Iterator[str]:
    """Each word as people read it: alone, or as a part of a_name or of AName."""
    banned = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
    for path in _texts(product.root, in_tests=in_tests):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text).replace("_", " ")
        for found in banned.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{path.relative_to(product.root)}:{line}: {found[0]}"


def _texts(root: Path, *, in_tests: bool) -> Iterator[Path]:
    for top in sorted(root.iterdir()):
        hidden = top.name.startswith(".") and top.name not in (".ci", ".env.example")
        if hidden or (top.name == "tests") != in_tests:
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            inside = path.relative_to(root)
            passed_over = NOT_READ & set(inside.parts) or str(inside) in HOLD_THE_WORDS
            if path.suffix in READ and path.is_file() and not passed_over:
                yield path


def measure(root: Path, kept: dict[str, Any]) -> dict[str, list[str]]:
    """Return every figure's places, those of the allow-list left out."""
    product, words = Product(root), kept["banned words"]
    allowed = {(each["file"], each["use"]) for each in kept["allowed"]}
    return {
        f"files over {LINES_OF_A_FILE} lines": list(long_files(product)),
        f"functions over {LINES_OF_A_FUNCTION} lines": list(long_functions(product)),
        "uses of private API": [
            place
            for place in private_api(product)
            if (place.split(":", 1)[0], place.split(": ", 1)[1]) not in allowed
        ],
        "settings": list(settings(product)),
        "repeated blocks": list(repeated_blocks(product)),
        "banned words": list(banned_words(product, words, in_tests=False)),
        "banned words in tests": list(banned_words(product, words, in_tests=True)),
    }


def main(arguments: list[str], *, root: Path = ROOT) -> int:
    """Print the figures; return 1 if one of them is above the figure that is kept."""
    file = root / "tests" / "budget.toml"
    text = file.read_text(encoding="utf-8")
    kept = tomllib.loads(text)
    measured = measure(root, kept)
    failed = len(kept["allowed"]) > ALLOWED_AT_MOST
    for name, places in measured.items():
        today, most = len(places), kept["at most"][name]
        failed |= today > most
        verdict = "TOO MANY" if today > most else "lower the budget" if today < most else ""
        print(f"{name:<28}{today:>6} of {most:>6}  {verdict}".rstrip())
        listed = len(places) if "--list" in arguments and arguments[-1] in name else 0
        for place in places[: listed or 20 * (today > most)]:
            print(f"    {place}")
        if "--lower" in arguments and today < most:
            text = text.replace(f'"{name}" = {most}\n', f'"{name}" = {today}\n')
    for each in kept["allowed"]:
        print(f"allowed: {each['use']} in {each['file']}: {each['why']}")
    if "--lower" in arguments:
        file.write_text(text, encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
