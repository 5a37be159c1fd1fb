"""The tables of the journals app."""

from journals.models.attempts import Attempt
from journals.models.batches import Batch
from journals.models.bulk import BulkItem, BulkSend
from journals.models.comparisons import Comparison, Finding
from journals.models.going_live import FirstLook
from journals.models.journals import FileOfJournal, Journal, JournalEvent, journal_of
from journals.models.last_month import JournalMark, MarkRule, MutedAccount

__all__ = [
    "Attempt",
    "Batch",
    "BulkItem",
    "BulkSend",
    "Comparison",
    "FileOfJournal",
    "Finding",
    "FirstLook",
    "Journal",
    "JournalEvent",
    "JournalMark",
    "MarkRule",
    "MutedAccount",
    "journal_of",
]
