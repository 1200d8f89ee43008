#!/usr/bin/env bash
# What Airflow needs before it starts: tables, the pool of GPUs, users.
set -euo pipefail

airflow db migrate
airflow pools set gpu "$GPUS" "GPUs for annotate; one slot each"
while read -r role user password; do
  airflow users create --role "$role" --username "$user" --password "$password" \
    --firstname "$user" --lastname "($role)" --email "$user@localhost"
done < /run/secrets/passwords
