"""The budget, on a tree that is small enough to count by hand."""

from pathlib import Path

import pytest

from tests import budget

WORDS = """\
"banned words" = ["gadgets?", 'poked(?=\\()', "(?-i:Shelf)"]
allowed = [{file = "shop/reading.py", use = ".cursor(", why = "it asks whether the server answers"}]

["at most"]
"files over 400 lines" = 0
"functions over 60 lines" = 0
"uses of private API" = 0
"settings" = 1
"repeated blocks" = 0
"banned words" = 0
"banned words in tests" = 0
"""

SIX_LINES = "".join(f"value_{number} = {number}\n" for number in range(6))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in {
        "shop/__init__.py": "",
        "shop/reading.py": "def ask(connection):\n    return connection.cursor()\n",
        "tests/__init__.py": "",
        "tests/budget.toml": WORDS,
        ".env.example": "# The shop's address.\n# SHOP_URL=\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_holds_where_nothing_rose_and_says_what_is_allowed(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert budget.main([], root=tree) == 0

    assert "allowed: .cursor( in shop/reading.py: it asks" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("figure", "file", "text"),
    [
        ("files over 400 lines", "shop/long.py", "\n" * 401),
        (
            "functions over 60 lines",
            "shop/long.py",
            "def long():\n" + "".join(f"    print({number})\n" for number in range(60)),
        ),
        ("uses of private API", "shop/inner.py", "print(model._meta.local_fields)\n"),
        ("uses of private API", "shop/inner.py", "from django.db._inner import join\n"),
        ("uses of private API", "shop/inner.py", "print(query._chain())\n"),
        ("uses of private API", "shop/inner.py", "rows = connection.cursor()\n"),
        ("settings", ".env.example", "SHOP_URL=\n# SHOP_NAME=\n"),
        ("repeated blocks", "shop/twice.py", SIX_LINES + "value = 7\n" + SIX_LINES),
        ("banned words", "templates/page.html", "<p>This gadget is yours.</p>\n"),
        ("banned words", "shop/words.py", "class GadgetKind: ...\n"),
        ("banned words", "shop/words.py", "poked('here')\n"),
        ("banned words", "docs/words.md", "Shelf are open invoices.\n"),
        ("banned words in tests", "tests/notes.md", "gadget_id\n"),
    ],
)
def test_fails_when_a_figure_rises(
    tree: Path, capsys: pytest.CaptureFixture[str], figure: str, file: str, text: str
) -> None:
    (tree / file).parent.mkdir(exist_ok=True)
    (tree / file).write_text(text, encoding="utf-8")

    assert budget.main([], root=tree) == 1

    risen = [line for line in capsys.readouterr().out.splitlines() if "TOO MANY" in line]
    assert [line.startswith(figure) for line in risen] == [True]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("shop/inner.py", "from shop._words import x\nprint(x._meta.label, row._replace(a=1))\n"),
        ("shop/inner.py", "class A:\n    def _own(self): ...\n\n\nA()._own()\n"),
        ("shop/inner.py", "print(page.cursor)\n"),
        ("shop/words.py", "the_shelf = has_poked = 1\n"),
        ("docs/glossary.md", "gadget: background request\n"),
        ("shop/migrations/0001_first.py", "\n" * 500),
    ],
)
def test_lets_what_is_no_fault_be(tree: Path, file: str, text: str) -> None:
    (tree / file).parent.mkdir(exist_ok=True)
    (tree / file).write_text(text, encoding="utf-8")

    assert budget.main([], root=tree) == 0


def test_fails_when_more_is_allowed_than_five_lines(tree: Path) -> None:
    one = '{file = "a.py", use = "x", why = "y"}'
    kept = tree / "tests" / "budget.toml"
    kept.write_text(WORDS.replace("allowed = [", "allowed = [" + f"{one}, " * 5), encoding="utf-8")

    assert budget.main([], root=tree) == 1


def test_lowers_the_figure_that_has_fallen(tree: Path) -> None:
    (tree / ".env.example").write_text("", encoding="utf-8")

    budget.main(["--lower"], root=tree)

    assert '"settings" = 0\n' in (tree / "tests" / "budget.toml").read_text(encoding="utf-8")
