"""Payroll journals: read from files, split by period, sent to the ledger."""
