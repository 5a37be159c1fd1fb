"""What a browser without JavaScript sends of a page's form: each field as it stands."""

from html.parser import HTMLParser
from typing import Any


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[list[tuple[str, str]]] = []
        self._select = ""
        self._first: str | None = None
        self._chosen: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        name, value = said.get("name") or "", said.get("value") or ""
        if tag == "form":
            self.forms.append([])
        elif tag == "input" and name and self.forms:
            ticks = said.get("type") in ("checkbox", "radio")
            if not ticks or "checked" in said:
                self.forms[-1].append((name, value or "on" if ticks else value))
        elif tag == "select":
            self._select, self._first, self._chosen = name, None, None
        elif tag == "option" and self._select:
            self._first = value if self._first is None else self._first
            self._chosen = value if "selected" in said else self._chosen

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select and self.forms:
            chosen = self._first if self._chosen is None else self._chosen
            self.forms[-1].append((self._select, chosen or ""))
            self._select = ""


def sent_by(page: Any, *, having: str = "shown") -> dict[str, Any]:
    """Return the fields of the first form that has that one, those of one name as a list."""
    reader = _Forms()
    reader.feed(page.content.decode())
    form = next(form for form in reader.forms if having in dict(form))
    names = dict.fromkeys(name for name, _value in form)
    values = {name: [value for key, value in form if key == name] for name in names}
    return {name: found if len(found) > 1 else found[0] for name, found in values.items()}
