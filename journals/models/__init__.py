"""The tables of the journals app."""

from journals.models.attempts import Attempt, LedgerAsked
from journals.models.batches import Batch
from journals.models.bulk import BulkItem, BulkSend
from journals.models.comparisons import Comparison, Finding
from journals.models.going_live import FirstLook
from journals.models.imports import FilePiece, ImportedFile, Source
from journals.models.journals import Content, Journal, JournalEvent, JournalLine
from journals.models.readings import CompanyReading

__all__ = [
    "Attempt",
    "Batch",
    "BulkItem",
    "BulkSend",
    "CompanyReading",
    "Comparison",
    "Content",
    "FilePiece",
    "Finding",
    "FirstLook",
    "ImportedFile",
    "Journal",
    "JournalEvent",
    "JournalLine",
    "LedgerAsked",
    "Source",
]
