"""Lists in pages."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.paginator import Page, Paginator

PAGE_SIZE = 50


def page_of(found: Any, rows_of: Callable[[list[Any]], Sequence[Any]], *, page: str) -> Page[Any]:
    """
    Return one page of what was found, as rows; a number that does not exist is the first or last.

    :param rows_of: makes the rows of one page, so that what they need is read once for all
    """
    here: Page[Any] = Paginator(found, PAGE_SIZE).get_page(page)
    here.object_list = rows_of(list(here.object_list))
    return here
