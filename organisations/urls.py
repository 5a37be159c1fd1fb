"""Addresses of the organisations pages."""

from django.urls import path

from organisations.views import (
    audit,
    choosing,
    companies,
    forgotten,
    organisation,
    people,
    profile,
    second_factor,
    signing_in,
    worker,
)

app_name = "organisations"
urlpatterns = [
    path("sign-in/", signing_in.SignIn.as_view(), name="sign_in"),
    path("sign-in/code/", second_factor.sign_in_code, name="sign_in_code"),
    path("sign-in/forgotten/", forgotten.forgotten_password, name="forgotten_password"),
    path(
        "sign-in/forgotten/<uidb64>/<token>/", forgotten.SetPassword.as_view(), name="set_password"
    ),
    path("sign-out/", signing_in.SignOut.as_view(), name="sign_out"),
    path("theme/", signing_in.theme, name="theme"),
    path("profile/", profile.profile, name="profile"),
    path("profile/password/", profile.password, name="password"),
    path("profile/sessions/end/", profile.end_sessions, name="end_sessions"),
    path("profile/second-factor/", second_factor.second_factor, name="second_factor"),
    path("profile/second-factor/codes/", second_factor.recovery_codes, name="recovery_codes"),
    path("profile/second-factor/remove/", second_factor.remove, name="remove_second_factor"),
    path("organisation/", organisation.organisation, name="organisation"),
    path("organisation/switch/", signing_in.switch_organisation, name="switch_organisation"),
    path("worker/", worker.worker, name="worker"),
    path("choices/", choosing.choices, name="choices"),
    path("companies/", companies.companies, name="companies"),
    path("companies/new/", companies.new_company, name="new_company"),
    path("companies/<int:pk>/", companies.company, name="company"),
    path("debtors/", companies.debtors, name="debtors"),
    path("debtors/new/", companies.new_debtor, name="new_debtor"),
    path("debtors/<int:pk>/", companies.debtor, name="debtor"),
    path("debtors/<int:pk>/block/", companies.block, name="block_debtor"),
    path("debtors/<int:pk>/unblock/", companies.unblock, name="unblock_debtor"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export.csv", audit.export, {"file_format": "csv"}, name="audit_csv"),
    path("audit/export.xlsx", audit.export, {"file_format": "xlsx"}, name="audit_xlsx"),
    path("people/", people.people, name="people"),
    path("people/new/", people.new_person, name="new_person"),
    path("people/<int:pk>/role/", people.change_role, name="change_role"),
    path("people/<int:pk>/password-link/", people.password_link, name="password_link"),
    path("people/<int:pk>/remove/", people.remove_person, name="remove_person"),
    path("people/<int:pk>/second-factor/", second_factor.reset, name="reset_second_factor"),
    path("roles/", people.roles, name="roles"),
    path("roles/new/", people.new_role, name="new_role"),
]
