"""
What each vendor keeps beside the journals: its own tables, and how its story begins.

A part is a module with `SCHEMA` (SQL), `TABLES` (emptied by a reset) and `seed(store)`. It
imports nothing of the store, which imports it.
"""

from types import ModuleType

from sandbox.businessnxt import ledger as businessnxt
from sandbox.powerofficego import story as powerofficego

PARTS: tuple[ModuleType, ...] = (businessnxt, powerofficego)
