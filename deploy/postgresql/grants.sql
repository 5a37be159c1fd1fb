-- As hub_owner, after each "manage.py migrate". May be run any number of times:
--   psql --single-transaction --set ON_ERROR_STOP=1 --file deploy/postgresql/grants.sql URL
--
-- hub_app reads and writes rows. Of the audit trail it reads and adds rows, and it names no row's
-- number itself: numbers come from the sequence.

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO hub_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO hub_app;

REVOKE ALL ON audit_auditentry FROM hub_app;
GRANT SELECT ON audit_auditentry TO hub_app;
DO $$
BEGIN
    EXECUTE (
        SELECT format(
            'GRANT INSERT (%s) ON audit_auditentry TO hub_app',
            string_agg(quote_ident(attname), ', ')
        )
        FROM pg_attribute
        WHERE attrelid = 'audit_auditentry'::regclass
            AND attnum > 0 AND NOT attisdropped AND attname <> 'id'
    );
END $$;

-- Which migrations ran is hub_owner's to write.
REVOKE ALL ON django_migrations FROM hub_app;
GRANT SELECT ON django_migrations TO hub_app;
