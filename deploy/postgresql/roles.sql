-- Once, as a superuser, in the hub's empty database. Give both roles a password afterwards:
--   \password hub_owner
--   \password hub_app
--
-- hub_owner owns all tables and runs "manage.py migrate". hub_app is whom web processes and
-- workers connect as: it owns nothing, so that it can neither drop a table nor
-- switch off a trigger.

CREATE ROLE hub_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE hub_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO hub_owner;
GRANT USAGE ON SCHEMA public TO hub_app;
