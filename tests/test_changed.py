"""Which tests `make check-fast` runs."""

from pathlib import Path

import pytest

from tests import changed


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in {
        "tests/shop/test_selling.py": "from shop.operations import buying, selling\n",
        "tests/shop/test_models.py": "from shop.models import Ware\n",
        "tests/shop/test_pages.py": "import shop.views.pages\n",
        "tests/till/test_till.py": "from shop.models import Ware\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("change", "tests"),
    [
        ("shop/operations/selling.py", ["tests/shop/test_selling.py"]),
        ("shop/models.py", ["tests/shop/test_models.py"]),
        ("shop/models/__init__.py", ["tests/shop/test_models.py"]),
        ("shop/views/pages.py", ["tests/shop/test_pages.py"]),
        ("shop/operations/buy.py", []),
        ("tests/till/test_till.py", ["tests/till/test_till.py"]),
        ("templates/base.html", []),
    ],
)
def test_a_change_selects_what_imports_it_in_its_app(
    tree: Path, change: str, tests: list[str]
) -> None:
    assert changed.selection([change], tree) == tests
