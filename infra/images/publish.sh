#!/usr/bin/env bash
# Build the images, push them, and write a flex template per job. From the repository's root:
#   infra/images/publish.sh REGISTRY TAG TEMPLATES
# such as europe-west4-docker.pkg.dev/PROJECT/af3 v0.2.0 gs://BUCKET/templates/v0.2.0
# Needs Docker with BuildKit and gcloud, both logged in. SUBNETWORK, WORKER_SERVICE_ACCOUNT and
# GPU_SERVICE_ACCOUNT (Terraform's outputs) become the templates' defaults.
set -euo pipefail

registry=${1:?registry} tag=${2:?tag} templates=${3:?prefix of the templates}
: "${SUBNETWORK:?}" "${WORKER_SERVICE_ACCOUNT:?}" "${GPU_SERVICE_ACCOUNT:?}"

build() { # FILE TARGET NAME [ARGUMENT...]
  local file=$1 target=$2 name=$3
  shift 3
  docker build --pull --file "infra/images/$file.Dockerfile" --target "$target" \
    --tag "$registry/$name:$tag" "$@" .
  docker push "$registry/$name:$tag"
}

# by digest: a tag of the launcher's base may be moved
base=gcr.io/dataflow-templates-base/python311-template-launcher-base:20230622_RC00
docker pull "$base"
launcher=$(docker inspect --format '{{index .RepoDigests 0}}' "$base")

build cpu-worker worker cpu-worker
build cpu-worker dataflow cpu-dataflow --build-arg "FLEX_LAUNCHER=$launcher"
build gpu-worker worker gpu-worker
build gpu-worker dataflow gpu-dataflow
build airflow airflow airflow
build airflow worker airflow-worker
build airflow gpu-worker airflow-gpu-worker

metadata=$(mktemp -d)
trap 'rm -rf "$metadata"' EXIT
# every job that has a template, with the account that runs it (schemas/jobs.py)
python3 -m infra.images.templates "$metadata" > "$metadata/jobs"

while read -r job account_kind; do
  build cpu-worker launcher "launch-$job" --build-arg "FLEX_LAUNCHER=$launcher" \
    --build-arg "JOB=$job"
  case $account_kind in
    gpu) account=$GPU_SERVICE_ACCOUNT ;;
    *) account=$WORKER_SERVICE_ACCOUNT ;;
  esac
  gcloud dataflow flex-template build "$templates/$job.json" \
    --image "$registry/launch-$job:$tag" --sdk-language PYTHON \
    --metadata-file "$metadata/$job.json" \
    --service-account-email "$account" --subnetwork "$SUBNETWORK" --disable-public-ips
done < "$metadata/jobs"
