"""Organisations, users, memberships, roles and rights, companies; sign-in; the audit trail."""
