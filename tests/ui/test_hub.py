from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from ui.templatetags import hub

NOW = datetime(2026, 4, 1, 9, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_utc_and_english():
    with timezone.override("UTC"), translation.override("en"):
        yield


def printed(source: str, address: str = "/", **values: object) -> str:
    values.setdefault("request", RequestFactory().get(address))
    return Template("{% load hub %}" + source).render(Context({"now": NOW, **values})).strip()


class TestAmount:
    @pytest.mark.parametrize(
        ("language", "text"),
        [("en", "\u2212257,438.90"), ("sv", "\u2212257\xa0438,90"), ("nb", "\u2212257\xa0438,90")],
    )
    def test_is_written_in_the_readers_language_with_a_real_minus(self, language, text):
        with translation.override(language):
            assert hub.amount(Decimal("-257438.90")) == text

    def test_has_two_decimals_when_it_is_whole(self):
        assert hub.amount(7) == "7.00"

    def test_keeps_every_decimal_it_has(self):
        assert hub.amount(Decimal("0.125")) == "0.125"

    def test_of_zero_has_no_minus(self):
        assert hub.amount(Decimal("-0.00")) == "0.00"

    def test_that_is_absent_is_a_dash_and_not_zero(self):
        assert hub.amount(None) == "\u2013"

    @pytest.mark.parametrize("value", [1.5, "1.50", True, Decimal("NaN")])
    def test_refuses_what_is_not_an_exact_number(self, value):
        with pytest.raises(TypeError):
            hub.amount(value)


class TestMoney:
    def test_shows_the_currency_behind_the_amount(self):
        html = printed('{% money value "SEK" %}', value=Decimal(-5))

        assert "\u22125.00\xa0" in html
        assert "SEK" in html
        assert "money--negative" in html

    def test_without_a_currency_is_the_amount_alone(self):
        assert printed("{% money value %}", value=Decimal(5)) == '<span class="money">5.00</span>'

    def test_an_unknown_amount_has_no_currency(self):
        assert printed('{% money value "SEK" %}', value=None) == '<span class="money">–</span>'


class TestAge:
    @pytest.mark.parametrize(
        ("passed", "words"),
        [
            (timedelta(seconds=20), "just now"),
            (timedelta(minutes=3), "3 min ago"),
            (timedelta(minutes=59, seconds=59), "59 min ago"),
            (timedelta(hours=1), "08:17"),
            (timedelta(days=1), "31 Mar, 09:17"),
            (timedelta(days=365), "1 Apr 2025, 09:17"),
            (timedelta(minutes=-5), "09:22"),
        ],
    )
    def test_counts_minutes_then_gives_the_clock_then_the_date(self, passed, words):
        assert f">{words}</time>" in printed("{% age at %}", at=NOW - passed)

    @pytest.mark.parametrize("language", ["sv", "nb"])
    def test_names_no_month_with_a_capital_where_the_language_does_not(self, language):
        with translation.override(language):
            html = printed("{% age at %}", at=NOW - timedelta(days=365))

        assert ">1 apr 2025, 09:17</time>" in html

    def test_carries_the_exact_time_for_machines_and_on_hovering(self):
        html = printed("{% age at %}", at=NOW)

        assert 'datetime="2026-04-01T09:17:00+00:00"' in html
        assert 'title="1 April 2026 09:17:00"' in html

    def test_of_something_that_never_was_is_a_dash(self):
        assert printed("{% age at %}", at=None) == "\u2013"

    def test_as_of_names_the_clock(self):
        assert ">at 09:17</time>" in printed("{% as_of at %}", at=NOW)

    def test_as_of_nothing_prints_nothing(self):
        assert printed("{% as_of at %}", at=None) == ""


class TestStateBadge:
    def test_has_icon_word_and_colour(self):
        html = printed('{% state_badge "rejected" %}')

        assert "#cross-circle" in html
        assert "Rejected" in html
        assert "badge--bad" in html

    def test_takes_another_word_and_keeps_the_look(self):
        html = printed('{% state_badge "posted" label="Booked" %}')

        assert "Booked" in html
        assert "badge--good" in html

    def test_shows_a_state_that_it_does_not_know_by_its_name(self):
        assert "half_way" not in printed('{% state_badge "half_way" %}').split("</svg>")[1]
        assert "half way" in printed('{% state_badge "half_way" %}')

    def test_escapes_what_it_is_given(self):
        assert "<b>" not in printed("{% state_badge state %}", state="<b>")


class TestPairs:
    def test_a_sent_journal_is_dark_with_words(self):
        assert "#journal-sent" in hub.journal_icon(True)
        assert "Sent" in hub.journal_icon(True)

    def test_an_unsent_journal_is_an_outline_with_words(self):
        assert '#journal"' in hub.journal_icon(False)
        assert "Not sent" in hub.journal_icon(False)

    def test_an_authorised_connection_is_coloured_with_words(self):
        assert "pair--on" in hub.connection_icon(True)
        assert "Authorised" in hub.connection_icon(True)

    def test_an_unauthorised_connection_is_grey_with_words(self):
        assert "pair--on" not in hub.connection_icon(False)
        assert "Not authorised" in hub.connection_icon(False)


class TestIcon:
    def test_is_silent_beside_words(self):
        assert 'aria-hidden="true"' in printed('{% icon "check" %}')

    def test_speaks_when_it_stands_alone(self):
        assert 'role="img" aria-label="Done"' in printed('{% icon "check" label="Done" %}')


class TestQueryString:
    def test_replaces_one_parameter_and_keeps_the_others(self):
        address = "/?q=a%26b&page=3"

        assert printed("{% query_string page=4 %}", address) == "?q=a%26b&amp;page=4"

    def test_removes_a_parameter_that_is_none(self):
        assert printed("{% query_string page=None %}", "/?page=3&q=x") == "?q=x"

    def test_works_where_there_is_no_request(self):
        assert printed("{% query_string page=2 %}", request=None) == "?page=2"


class TestKeptQuery:
    def test_carries_only_the_named_parameters(self):
        html = printed('{% kept_query "sort" %}', "/?sort=-total&q=x")

        assert 'name="sort" value="-total"' in html.replace("\n", " ")
        assert 'name="q"' not in html


class TestSortHeader:
    def test_sorts_upwards_at_first_and_forgets_the_page(self):
        html = printed('{% sort_header "Total" "total" %}', "/?page=3&q=x")

        assert "?q=x&amp;sort=total" in html
        assert "aria-sort" not in html
        assert "page=" not in html

    def test_turns_round_at_the_second_press(self):
        html = printed('{% sort_header "Total" "total" %}', "/?sort=total")

        assert 'aria-sort="ascending"' in html
        assert "sort=-total" in html

    def test_says_how_the_list_is_sorted_when_nothing_was_pressed(self):
        assert 'aria-sort="descending"' in printed('{% sort_header "Run" "run" default="-run" %}')


class TestPagination:
    def test_keeps_the_filters_of_the_list(self):
        page = Paginator(range(100), 10).page(2)

        html = printed("{% pagination page %}", "/?q=x&page=2", page=page)

        assert "11–20 of 100" in html
        assert "?q=x&amp;page=3" in html
        assert html.count('aria-current="page"') == 1

    def test_of_one_page_has_no_links(self):
        page = Paginator(range(3), 10).page(1)

        assert "<a " not in printed("{% pagination page %}", page=page)


class TestStepper:
    def test_marks_what_is_done_and_where_we_are(self):
        steps = [{"label": "Company", "url": "/c"}, "Ledger", {"label": "Check", "url": "/k"}]

        html = printed("{% stepper steps 2 %}", steps=steps)

        assert "Step 2 of 3" in html
        assert html.count('aria-current="step"') == 1
        assert 'href="/c"' in html
        assert 'href="/k"' not in html


class TestFirstStepsList:
    STEPS = ({"label": "Connect", "done": True}, {"label": "Map", "done": False, "url": "/map"})

    def test_shows_what_is_left(self):
        html = printed("{% first_steps_list steps %}", steps=self.STEPS)

        assert "1 of 2 done" in html
        assert 'href="/map"' in html

    def test_disappears_when_all_is_done(self):
        assert printed("{% first_steps_list steps %}", steps=self.STEPS[:1]) == ""

    def test_is_nothing_where_there_are_no_steps(self):
        assert printed("{% first_steps_list steps %}", steps=None) == ""


class TestFailureBox:
    FAILURE = {
        "summary": "Period 2026-02 is closed.",
        "not_booked": "Batch 2 of 3.",
        "remedy": "Open it.",
        "who_text": "An administrator",
        "detail": "<VismaId: 5f>",
        "action_url": "/retry",
        "action_label": "Try again",
        "at": NOW,
    }

    def test_says_what_what_not_who_next_and_when(self):
        html = printed("{% failure_box failure %}", failure=self.FAILURE)

        for words in ("is closed", "Batch 2", "Open it", "An administrator", "at 09:17"):
            assert words in html

    def test_folds_and_escapes_the_vendors_answer(self):
        html = printed("{% failure_box failure %}", failure=self.FAILURE)

        assert "&lt;VismaId: 5f&gt;" in html.split("<details")[1]

    def test_links_to_the_next_step(self):
        assert "<form" not in printed("{% failure_box failure %}", failure=self.FAILURE)

    def test_posts_when_the_next_step_changes_something(self):
        html = printed(
            "{% failure_box failure %}",
            failure={**self.FAILURE, "action_post": True},
            csrf_token="token-of-the-page",
        )

        assert 'method="post"' in html
        assert "token-of-the-page" in html


class TestKeyValues:
    def test_escapes_values(self):
        assert "&lt;i&gt;" in printed('{% key_values "Name" name %}', name="<i>")

    def test_refuses_a_name_without_a_value(self):
        with pytest.raises(ValueError, match="shorter"):
            hub.key_values("Name")
