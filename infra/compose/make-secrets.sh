#!/usr/bin/env bash
# Make the secrets that are missing, below secrets/. A line of secrets/passwords is
# a user's role, name and password; a password that is changed here is not changed in Airflow.
set -euo pipefail
cd "$(dirname "$0")"
umask 077
mkdir -p secrets

# no newlines at the end: Airflow takes them for a part of the secret
random() { openssl rand -hex "$1" | tr -d '\n'; }

keep() { # FILE: standard input becomes the file, where there is none
  if [[ -s secrets/$1 ]]; then cat > /dev/null; else cat > "secrets/$1"; fi
}

random 48 | keep airflow_secret
random 24 | keep database_password
random 12 | keep grafana_password
printf 'postgresql+psycopg2://airflow:%s@postgres/airflow' "$(< secrets/database_password)" |
  keep database_url
openssl rand -base64 32 | tr '+/' '-_' | tr -d '\n' | keep fernet_key
printf '%s %s %s\n' Admin admin "$(random 9)" Op operator "$(random 9)" Viewer viewer "$(random 9)" |
  keep passwords

# Airflow's user 50000 and PostgreSQL's read the files in their containers; here the folder is closed
chmod 700 secrets && chmod 644 secrets/*
