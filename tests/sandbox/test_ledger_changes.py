"""What a person can do with a batch in the sandbox's ledger, by the control and on its page."""

import pytest
import requests

from sandbox.store import Store
from tests.sandbox.conftest import Client


@pytest.fixture
def number(akeriet: Client) -> str:
    return akeriet.post_journal().headers["Location"].rpartition("/")[2]


def act(url: str, action: str, **values: object) -> requests.Response:
    body = {"action": action, "company": "akeriet"} | values
    return requests.post(f"{url}/control/actions", json=body, timeout=10)


class TestByTheControl:
    def test_deletes_voids_and_copies(self, url: str, store: Store, number: str) -> None:
        act(url, "copy_batch", number=number)
        act(url, "void_batch", number=number)
        copy = store.batches("akeriet")[-1].number
        act(url, "copy_batch", number=copy)
        act(url, "delete_batch", number=copy)

        assert [batch.status for batch in store.batches("akeriet")] == ["Voided", "Balanced"]

    def test_changes_a_line_and_adds_the_batch_up(
        self, url: str, store: Store, number: str
    ) -> None:
        act(url, "change_line", number=number, line=1, amount="900.25", account="7210")
        act(url, "change_line", number=number, line=2, amount="900.25", text="Less")

        batch = store.batch("akeriet", number)
        assert batch is not None
        assert (batch.debit, batch.credit) == ("900.25", "900.25")
        assert batch.lines[0]["accountNumber"] == "7210"
        assert batch.lines[1]["transactionDescription"] == "Less"

    def test_moves_describes_and_cuts(self, url: str, store: Store, number: str) -> None:
        act(url, "move_batch", number=number, period="202604")
        act(url, "describe_batch", number=number, description="Something else")
        act(url, "remove_line", number=number, line=2)

        batch = store.batch("akeriet", number)
        assert batch is not None
        assert (batch.period, batch.description, batch.line_count) == (
            "202604",
            "Something else",
            1,
        )

    def test_leaves_what_is_released_as_it_is(self, url: str, store: Store, number: str) -> None:
        act(url, "release_batch", number=number)

        refused = act(url, "delete_batch", number=number)

        assert refused.status_code == 400
        assert "is released" in refused.json()["error"]
        assert store.batches("akeriet")[0].status == "Posted"


class TestOnThePage:
    def press(self, url: str, origin: str, **form: str) -> requests.Response:
        return requests.post(
            f"{url}/ledger",
            data={"company": "akeriet", "chosen": "akeriet"} | form,
            headers={"Origin": origin},
            timeout=10,
            allow_redirects=False,
        )

    def test_has_a_button_that_deletes(self, url: str, store: Store, number: str) -> None:
        page = requests.get(f"{url}/ledger", timeout=10).text

        pressed = self.press(url, url, what="delete_batch", number=number)

        assert 'value="delete_batch"' in page
        assert pressed.status_code == 303
        assert store.batches("akeriet") == []

    def test_cannot_be_pressed_by_another_site(self, url: str, store: Store, number: str) -> None:
        pressed = self.press(url, "https://evil.example", what="delete_batch", number=number)

        assert pressed.status_code == 403
        assert len(store.batches("akeriet")) == 1
