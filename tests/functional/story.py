"""
The whole story over HTTP, against a hub that runs (`make run`), as a browser would do it.

    python -m tests.functional.story [--hub http://localhost:8000] [--sandbox http://127.0.0.1:8001]

Signs in, authorises an account at the sandbox, maps the company, uploads a payroll file of March
with corrections for January and February, sends it, and prints the sandbox's ledger. Exit code 0
only if the ledger holds what the file says.
"""

import argparse
import re
import sys
import time
from decimal import Decimal
from html import unescape
from urllib.parse import urljoin

import requests

PATIENCE_SECONDS = 180
EXPECTED = {"202601": "4205.44", "202602": "2080.31", "202603": "257438.90"}
BALANCE_SHEET = "[1-2][0-9][0-9][0-9]"

# The rows of a fictional run: voucher date and text, then account, dimensions and amount.
VOUCHERS = (
    (
        "20260325",
        "Lönekörning 3, mars 2026",
        (
            ("7010", '1 "0100" 2 "K10"', "82000.00"),
            ("7010", '1 "0200" 2 "K20"', "41500.00"),
            ("7210", '1 "0300"', "56000.00"),
            ("7510", '1 "0100" 2 "K10"', "25764.40"),
            ("7510", '1 "0200" 2 "K20"', "13039.30"),
            ("7510", '1 "0300"', "17595.20"),
            ("7090", '1 "0100" 2 "K10"', "9840.00"),
            ("7090", '1 "0200" 2 "K20"', "4980.00"),
            ("7090", '1 "0300"', "6720.00"),
            ("2710", "", "-53850.00"),
            ("2731", "", "-56398.90"),
            ("2821", "", "-125650.00"),
            ("2920", "", "-21540.00"),
        ),
    ),
    (
        "20260131",
        "Lönekörning 3, korrigering januari 2026",
        (
            ("7010", '1 "0200" 2 "K20"', "-3200.00"),
            ("7510", '1 "0200" 2 "K20"', "-1005.44"),
            ("7010", '1 "0100" 2 "K10"', "3200.00"),
            ("7510", '1 "0100" 2 "K10"', "1005.44"),
        ),
    ),
    (
        "20260228",
        "Lönekörning 3, korrigering februari 2026",
        (
            ("7010", '1 "0100" 2 "K20"', "1450.50"),
            ("7510", '1 "0100" 2 "K20"', "455.75"),
            ("7090", '1 "0100" 2 "K20"', "174.06"),
            ("2710", "", "-435.00"),
            ("2731", "", "-455.75"),
            ("2821", "", "-1015.50"),
            ("2920", "", "-174.06"),
        ),
    ),
)


def payroll_file() -> bytes:
    """Return the run as SIE 4I in the encoding that the format asks for."""
    lines = ["#FLAGGA 0", "#FORMAT PC8", "#SIETYP 4", '#ORGNR "555555-5555"', "#VALUTA SEK"]
    for day, text, rows in VOUCHERS:
        lines += [f'#VER "" "" {day} "{text}"', "{"]
        lines += [
            f"   #TRANS {account} {{{objects}}} {amount}" for account, objects, amount in rows
        ]
        lines.append("}")
    return "\r\n".join([*lines, ""]).encode("cp437")


class Browser:
    """A person's browser without the screen: cookies, forms, redirects."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.url = ""
        self.text = ""

    def open(self, url: str) -> "Browser":
        """Open a page."""
        return self._took(self.session.get(urljoin(self.url, url), timeout=30))

    def press(self, action: str, **fields: str) -> "Browser":
        """Fill in the form whose action (or the page's address) ends so, and submit it."""
        for form in re.findall(r"<form\b.*?</form>", self.text, re.DOTALL):
            found = re.search(r'<form\b[^>]*\baction="([^"]*)"', form)
            target = urljoin(self.url, unescape(found.group(1)) if found else self.url)
            if 'method="post"' not in form.lower() or not target.rstrip("/").endswith(action):
                continue
            hidden = {
                name: unescape(value)
                for name, value in re.findall(
                    r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form
                )
            }
            return self._took(
                self.session.post(
                    target, data=hidden | fields, headers={"Referer": self.url}, timeout=30
                )
            )
        raise SystemExit(f"{self.url} has no form for {action!r}:\n{self.text[:2000]}")

    def upload(self, url: str, name: str, content: bytes) -> "Browser":
        """Upload a file by the form of that page."""
        self.open(url)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.text)
        return self._took(
            self.session.post(
                self.url,
                data={"csrfmiddlewaretoken": token.group(1) if token else ""},
                files={"upload": (name, content)},
                headers={"Referer": self.url},
                timeout=60,
            )
        )

    def wait_for(self, pattern: str, *, here: bool = True) -> re.Match[str]:
        """Reload the page until it shows the pattern (in its address, with `here` false)."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            found = re.search(pattern, self.text if here else self.url)
            if found:
                return found
            time.sleep(0.4)
            self.open(self.url)
        raise SystemExit(f"{self.url} never showed {pattern!r}:\n{self.text[:3000]}")

    def _took(self, answer: requests.Response) -> "Browser":
        if answer.status_code >= 400:
            raise SystemExit(f"{answer.status_code} at {answer.url}:\n{answer.text[:2000]}")
        self.url, self.text = answer.url, answer.text
        return self


def connect(person: Browser, hub: str) -> None:
    """Authorise an account at the sandbox: sign in, choose the company, allow."""
    person.open(f"{hub}/connections/new/").press(
        "/connections/new", name="anna", kind="interactive"
    )
    authorise = re.findall(r'action="(/connections/\d+/authorise/)"', person.text)
    person.press(authorise[-1].rstrip("/"))
    person.wait_for(r"/visma-connect/", here=False)
    if 'name="password"' in person.text:
        person.press("/signin", email="anna@fjordbyra.example", password="sandbox")
    if 'name="tenant_id"' in person.text:
        tenant = re.search(
            r'name="tenant_id" value="([^"]+)"[^>]*>(?:(?!</button>).)*?Åkeriet',
            person.text,
            re.DOTALL,
        )
        person.press("/company", tenant_id=tenant.group(1) if tenant else "")
    if 'value="allow"' in person.text:
        person.press("/allow", answer="allow")
    person.wait_for(r"Connected to Påhittade")


def map_company(person: Browser, hub: str) -> None:
    """Go through the wizard."""
    person.open(f"{hub}/mappings/new/")
    company = re.search(r'value="(\d+)"[^>]*>[^<]*Påhittade Åkeriet', person.text)
    person.press("/company", company=company.group(1) if company else "")
    account = re.search(r'<option value="(\d+)"', person.text)
    person.press("/administration", connection=account.group(1) if account else "")
    person.wait_for(r"/(place|dimensions)/", here=False)
    person.press(
        "/dimensions",
        use_cost_centre="on",
        cost_centre_description="kostnadsställe ",
        use_cost_unit="on",
        cost_unit_description="Kostnadsbärare",
    )
    person.press(
        "/patterns",
        balance_sheet_format=BALANCE_SHEET,
        profit_and_loss_format="[3-8][0-9][0-9][0-9]",
    )
    person.press("/policy", posting="balanced", closed_period_rule="refuse", first_period="2026-01")
    person.press("/review")
    person.wait_for("Nothing prevents sending")


def main() -> int:
    """Tell the story; return 0 only if the ledger holds what the file says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else "")
    parser.add_argument("--hub", default="http://localhost:8000")
    parser.add_argument("--sandbox", default="http://127.0.0.1:8001")
    options = parser.parse_args()
    person = Browser()
    person.open(f"{options.hub}/sign-in/").press(
        "/sign-in", login="admin@demo.example", password="integration-hub-demo"
    )
    print("Signed in.")
    connect(person, options.hub)
    print("Authorised an account at the sandbox.")
    map_company(person, options.hub)
    print("Mapped the company; the live check found nothing in the way.")
    person.upload(f"{options.hub}/journals/import/", "payroll-2026-03.si", payroll_file())
    journal = person.wait_for(r'href="(/journals/\d+/)"').group(1)
    print("Imported the run.")
    person.open(journal).press("/send")
    person.open(journal).wait_for(r"3 of 3 posted")
    print("Sent, read back, posted.\n")
    return show_ledger(options.sandbox)


def show_ledger(sandbox: str) -> int:
    """Print the sandbox's ledger and compare it with the file."""
    batches = requests.get(f"{sandbox}/control/ledger", timeout=10).json()["batches"]
    print(f"{'period':8}{'batch':10}{'lines':>6}{'total':>14}  reference")
    wrong = len(batches) != len(EXPECTED)
    for batch in sorted(batches, key=lambda item: str(item["period"])):
        references = {line["reference"] for line in batch["lines"]}
        print(
            f"{batch['period']:8}{batch['number']:10}{batch['line_count']:>6}"
            f"{Decimal(batch['debit']):>14,.2f}  {', '.join(sorted(references))}"
        )
        wrong |= EXPECTED.get(batch["period"]) != batch["debit"] or len(references) != 1
        for line in batch["lines"]:
            carries = bool(line.get("segments") or line.get("subaccount"))
            wrong |= carries and bool(re.fullmatch(BALANCE_SHEET, line["account"]))
    print("\nThe ledger is NOT what the file says." if wrong else "\nAs the file says.")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
