# The CPU jobs (all but annotate). Build from the repository's root with --target:
#   worker    Beam's worker on Kubernetes, Flink and Prism; also a shell for `af3`
#   dataflow  Beam's worker on Dataflow
#   launcher  the flex template of one job, --build-arg JOB=segment
FROM apache/beam_python3.11_sdk:2.77.0 AS beam

# Google numbers no releases of this image; publish.sh pins it by digest.
ARG FLEX_LAUNCHER=gcr.io/dataflow-templates-base/python311-template-launcher-base:20230622_RC00
# checkov:skip=CKV_DOCKER_7:the argument names a tag or a digest
# hadolint ignore=DL3006
FROM ${FLEX_LAUNCHER} AS flex

FROM python:3.11.14-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    VIRTUAL_ENV=/opt/af3
# --seed: Beam's boot calls pip where a pipeline stages packages
RUN pip install --no-cache-dir uv==0.13.9 && uv venv --seed /opt/af3
WORKDIR /src
# packages before code, so that a change of ours leaves this layer
COPY setup.py README.md infra/requirements.lock ./
# huggingface-hub: plan and audit name a hub's model by its revision; torch embeds the index's texts
# and speaks as VITS; espeak-ng (describe) is GPL-3.0
# torch without CUDA is another file, of another index: the version binds it, not the hashes
RUN --mount=type=cache,target=/root/.cache/uv \
    sed --regexp-extended '/^torch==/,/[^\\]$/{s/ \\$//;/--hash/d}' requirements.lock > cpu.lock \
    && uv pip install --torch-backend cpu --constraint cpu.lock \
      --requirements setup.py --extra gcs --extra search --extra describe huggingface-hub
COPY schemas schemas
COPY af3core af3core
COPY beam_jobs beam_jobs
RUN uv pip install --no-deps . && uv pip freeze > /opt/af3/installed.txt

FROM python:3.11.14-slim-bookworm AS worker
LABEL org.opencontainers.image.title="af3-archive CPU worker" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=beam /opt/apache/beam /opt/apache/beam
COPY --from=build /opt/af3 /opt/af3
RUN useradd --uid 10001 --create-home af3
ENV HOME=/home/af3 \
    PATH=/opt/af3/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1
USER 10001:10001
WORKDIR /home/af3
# checkov:skip=CKV_DOCKER_2:Beam's runners watch their workers; Kubernetes and compose probe the pool's port
ENTRYPOINT ["/opt/apache/beam/boot"]

FROM worker AS dataflow
COPY --from=flex /opt/google/dataflow/python_template_launcher /opt/google/dataflow/
# Dataflow mounts /var/opt/google and /var/log/dataflow writable for root alone
# hadolint ignore=DL3002
USER 0

FROM dataflow AS launcher
ARG JOB
COPY infra/images/launch.py /opt/launch/launch.py
ENV AF3_JOB=${JOB} \
    FLEX_TEMPLATE_PYTHON_PY_FILE=/opt/launch/launch.py
# the service starts python_template_launcher itself; the entry point stays the worker's
RUN python -c "import beam_jobs.framework.dataflow, beam_jobs.${JOB:?such as segment}"
