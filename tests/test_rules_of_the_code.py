"""Rules of safety that a look at the files shows, whatever page they end in."""

import ast
import graphlib
import hashlib
import re
import tomllib
from pathlib import Path

import pytest
from celery import current_app
from django import forms
from django.conf import settings

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
LISTS = sorted(ROOT.glob("requirements*.txt"))
NGINX = (ROOT / "deploy" / "nginx" / "integrationhub.conf").read_text(encoding="utf-8")
HTMX = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
"""SHA-256 of static/vendor/htmx.min.js 2.0.11, as npm has it."""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
class TestAScript:
    def test_writes_text_and_never_markup(self, script: Path) -> None:
        said = script.read_text(encoding="utf-8")

        for door in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "srcdoc"):
            assert door not in said
        assert not re.search(r"\beval\(|new Function|set(Timeout|Interval)\(\s*[\"'`]", said)

    def test_listens_to_no_other_window(self, script: Path) -> None:
        assert not re.search(r"postMessage|[\"']message[\"']", script.read_text(encoding="utf-8"))

    def test_keeps_nothing_in_the_browser_but_the_theme(self, script: Path) -> None:
        said = script.read_text(encoding="utf-8")

        assert not re.search(r"localStorage|sessionStorage|indexedDB|caches\.", said)
        assert len(re.findall(r"document\.cookie", said)) == (script.name == "hub.js")

    def test_copies_no_foreign_names_into_an_object(self, script: Path) -> None:
        said = script.read_text(encoding="utf-8")

        assert not re.search(r"__proto__|Object\.assign|\bprototype\b|\bextend\(", said)
        assert not re.search(r"\w\[[^\]\"']+\]\s*=[^=]", said)
        assert not re.search(r"[^=!]==[^=]|!=[^=]", said)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: str(one.relative_to(ROOT)))
class TestATemplate:
    def test_escapes_whatever_it_prints(self, template: Path) -> None:
        said = template.read_text(encoding="utf-8")

        assert not re.search(
            r"\|\s*safe(seq)?\b|autoescape\s+off|\{%\s*(load\s+)?static\s+\w+\.", said
        )

    def test_has_no_script_or_style_within(self, template: Path) -> None:
        said = template.read_text(encoding="utf-8")

        assert not re.search(
            r"<script(?![^>]*\bsrc=)|<(style|object|embed|applet|iframe)\b|\sstyle=|\son[a-z]+=|javascript:",
            said,
        )

    def test_masks_no_password_by_other_means_and_lets_people_paste(self, template: Path) -> None:
        assert not re.search(r"onpaste|oncopy|oncontextmenu", template.read_text(encoding="utf-8"))


def test_no_template_and_no_program_is_made_of_what_somebody_typed() -> None:
    found = [
        str(path.relative_to(ROOT))
        for app in (*settings.HUB_APPS, "connectors", "integrationhub")
        for path in (ROOT / app).rglob("*.py")
        if re.search(
            r"\bTemplate\(|from_string\(|\b(eval|exec|compile)\(|mark_safe",
            re.sub(r"re\.compile\(", "", path.read_text(encoding="utf-8")),
        )
    ]

    assert found == []


def _modules() -> dict[str, Path]:
    """Return the product's modules by their dotted names."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in ROOT.glob("*/__init__.py")
        if package.parent.name not in ("tests", "benchmarks")
        for path in package.parent.rglob("*.py")
    }


def _imported(path: Path) -> set[str]:
    """Return what the file imports, also inside functions and for type checkers only."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    modules = _modules()
    # `from journals import models` imports the package too, which is loaded by then in any case.
    graph = {
        name: {
            one
            for one in _imported(path) & modules.keys()
            if one != name and not name.startswith(f"{one}.")
        }
        for name, path in modules.items()
    }

    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as circle:
        pytest.fail(" → ".join(circle.args[1]))


class TestWhatIsInstalled:
    @pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
    def test_is_pinned_with_its_hash_and_comes_from_the_registry(self, path: Path) -> None:
        listed = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        packages = [line for line in listed if line.strip() and not line.strip().startswith("#")]

        assert packages
        for line in packages:
            assert re.match(r"[\w.\[\]-]+==[\w.!+]+", line), line
            assert "--hash=sha256:" in line, line

    def test_includes_the_script_of_others_as_they_published_it(self) -> None:
        content = (ROOT / "static" / "vendor" / "htmx.min.js").read_bytes()

        assert hashlib.sha256(content).hexdigest() == HTMX


class TestTheToolsThatRead:
    """What ruff and mypy refuse in every file of the product; both are part of `land` and CI."""

    CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    def test_look_for_injection_weak_randomness_and_unsafe_reading(self) -> None:
        rules = self.CONFIG["tool"]["ruff"]["lint"]

        assert {"S", "DJ", "B", "BLE"} <= set(rules["select"])
        assert [rule for rule in rules["ignore"] if rule.startswith("S")] == ["S603"]
        product = {
            files: left_out
            for files, left_out in rules["per-file-ignores"].items()
            if not files.startswith(("tests", "benchmarks", "sandbox")) and "S" in str(left_out)
        }
        classic = "connectors/visma_business_classic"
        assert product == {f"{classic}/client.py": ["S608"], f"{classic}/ledger.py": ["S608"]}

    def test_know_the_type_of_everything(self) -> None:
        assert self.CONFIG["tool"]["mypy"]["strict"] is True


class TestAForm:
    def test_of_rows_names_the_fields_that_it_takes(self) -> None:
        from accounts import forms as _accounts  # noqa: F401
        from mappings.forms import steps as _mappings  # noqa: F401
        from organisations import forms as _organisations  # noqa: F401
        from payments import forms as _payments  # noqa: F401

        found = [
            form for form in forms.ModelForm.__subclasses__() if form.__module__.endswith(".forms")
        ]
        ours = [form for form in found if not form.__module__.startswith("django")]

        assert len(ours) >= 4
        for form in ours:
            assert isinstance(form._meta.fields, list), form
            assert not {"organisation", "id", "is_superuser"} & set(form._meta.fields), form


class TestTheBroker:
    def test_brings_nothing_but_json(self) -> None:
        assert set(current_app.conf.accept_content) == {"json"}
        assert current_app.conf.task_serializer == "json"

    def test_nor_does_a_session(self) -> None:
        assert settings.SESSION_SERIALIZER.endswith("JSONSerializer")
        assert settings.SESSION_ENGINE == "django.contrib.sessions.backends.db"


class TestTheWebServer:
    def test_speaks_no_old_tls_and_only_suites_with_forward_secrecy(self) -> None:
        assert re.findall(r"ssl_protocols +(.+);", NGINX) == ["TLSv1.2 TLSv1.3"]
        (suites,) = re.findall(r"ssl_ciphers (\S+);", NGINX)
        for suite in suites.split(":"):
            assert re.fullmatch(
                r"ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA\d+|CHACHA20-POLY1305)", suite
            )
        assert "AES256" in suites.split(":")[0]

    def test_leads_people_to_https_and_programs_nowhere(self) -> None:
        plain = NGINX.split("listen 80;")[1]

        assert re.search(r"location /api/ \{\s+return 403;", plain)
        assert re.search(r"location / \{\s+return 301 https://", plain)
        assert "$host" not in plain

    def test_says_itself_who_asks_and_by_what(self) -> None:
        for header in ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-ID"):
            assert f"proxy_set_header {header} $" in NGINX

    def test_lists_no_folder_and_serves_no_file(self) -> None:
        assert not re.search(r"autoindex|\broot\b|\balias\b", NGINX)


@pytest.mark.parametrize(
    "unit", sorted((ROOT / "deploy/systemd").glob("*.service")), ids=lambda unit: unit.name
)
def test_a_unit_may_do_little(unit: Path) -> None:
    said = unit.read_text(encoding="utf-8")

    for line in ("User=integrationhub", "NoNewPrivileges=true", "ProtectSystem=strict"):
        assert f"{line}\n" in said
