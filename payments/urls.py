"""Addresses of the payments app."""

from django.urls import path, re_path

from payments.views import (
    api,
    customers,
    fetching,
    matching,
    overview,
    reconciling,
    settings,
)

app_name = "payments"
urlpatterns = [
    path("invoices/", overview.overview, name="overview"),
    path("invoices/clients/<int:pk>/", overview.client, name="client"),
    path("invoices/clients/<int:pk>/fetch/", fetching.fetch, name="fetch"),
    path(
        "invoices/clients/<int:pk>/invoices/",
        overview.import_invoices,
        name="import_invoices",
    ),
    path(
        "invoices/clients/<int:pk>/invoices.csv",
        overview.export_invoices,
        name="export_invoices",
    ),
    path("invoices/<int:pk>/", overview.invoice, name="invoice"),
    path("invoices/import/", fetching.import_payments, name="import"),
    path("invoices/import/<int:pk>/", fetching.group, name="group"),
    path("invoices/runs/<int:pk>/", fetching.run, name="run"),
    path("invoices/runs/<int:pk>/cancel/", fetching.cancel, name="cancel_run"),
    path("invoices/runs/<int:pk>/mark-again/", fetching.mark_again, name="mark_again"),
    path("invoices/runs/<int:pk>/<slug:name>/", fetching.run_list, name="run_list"),
    path("invoices/unmatched/", matching.unmatched, name="unmatched"),
    path("invoices/payments/<int:pk>/", matching.payment, name="payment"),
    path("invoices/payments/<int:pk>/match/", matching.match, name="match"),
    path("invoices/matches/<int:pk>/undo/", matching.undo, name="undo_match"),
    path("invoices/registrations/<int:pk>/again/", matching.try_again, name="register_again"),
    path("invoices/registrations/<int:pk>/decide/", matching.decide, name="decide"),
    path("invoices/customers/", customers.customers, name="customers"),
    path("invoices/customers/<int:pk>/", customers.customer, name="customer"),
    path("invoices/customers/<int:pk>/block/", customers.block, name="block"),
    path("invoices/customers/<int:pk>/unblock/", customers.unblock, name="unblock"),
    path("invoices/customers/<int:pk>/recheck/", customers.recheck, name="recheck"),
    path("invoices/time/", customers.time, name="time"),
    path(
        "invoices/clients/<int:pk>/reconciliation/",
        reconciling.reconciliation,
        name="reconciliation",
    ),
    path("invoices/clients/<int:pk>/compare/", reconciling.compare, name="compare"),
    re_path(
        r"^invoices/reconciliations/(?P<pk>[0-9]{1,18})/export\.(?P<file_format>csv|xlsx)$",
        reconciling.export,
        name="export_reconciliation",
    ),
    path("invoices/settings/", settings.settings, name="settings"),
    path("invoices/settings/activate/", settings.activate, name="activate"),
    path("invoices/settings/deactivate/", settings.deactivate, name="deactivate"),
    path("invoices/settings/accounts/new/", settings.new_account, name="new_account"),
    path("invoices/settings/tokens/new/", settings.new_token, name="new_token"),
    path("invoices/settings/tokens/<int:pk>/revoke/", settings.revoke_token, name="revoke_token"),
    path("invoices/clients/new/", settings.new_client, name="new_client"),
    path("invoices/clients/export.csv", settings.export_clients, name="export_clients"),
    path("invoices/clients/import/", settings.import_clients, name="import_clients"),
    path("invoices/clients/<int:pk>/settings/", settings.client_settings, name="client_settings"),
    path("invoices/clients/<int:pk>/check/", settings.check, name="check_client"),
    path("api/v1/time-entries", api.time_entries, name="api_time_entries"),
    path("api/v1/fetches", api.fetches, name="api_fetches"),
    path("api/v1/fetches/<int:pk>", api.fetch, name="api_fetch"),
]
