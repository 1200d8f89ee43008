# annotate's worker, with CUDA. Build from the repository's root with --target:
#   worker    on Kubernetes, Flink and Prism, one a GPU
#   dataflow  on Dataflow, with number_of_worker_harness_threads=1 and
#             experiments=no_use_multiple_sdk_containers: one model on one GPU
# No weights inside. --model names a folder mounted at /models, a gs:// prefix, or a hub id, which
# are fetched once into /home/af3/.cache: mount a volume there to keep them.
FROM apache/beam_python3.11_sdk:2.77.0 AS beam

FROM ghcr.io/astral-sh/uv:0.13.9 AS uv

# torch's wheels bring CUDA's libraries; the base brings cuda-compat, for drivers older than 580
FROM nvidia/cuda:13.0.2-base-ubuntu24.04 AS build
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_INSTALL_DIR=/opt/python \
    VIRTUAL_ENV=/opt/af3
# the minor version of the launcher: pickled functions cross between them
RUN uv venv --seed --managed-python --python 3.11.14 /opt/af3
WORKDIR /src
COPY setup.py README.md infra/requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --constraint requirements.lock --requirements setup.py \
      --extra gcs --extra model --extra derive
COPY schemas schemas
COPY af3core af3core
COPY beam_jobs beam_jobs
RUN uv pip install --no-deps . && uv pip freeze > /opt/af3/installed.txt

FROM nvidia/cuda:13.0.2-base-ubuntu24.04 AS worker
LABEL org.opencontainers.image.title="af3-archive GPU worker" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=beam /opt/apache/beam /opt/apache/beam
COPY --from=build /opt/python /opt/python
COPY --from=build /opt/af3 /opt/af3
RUN useradd --uid 10001 --create-home af3 \
    && install --directory --owner=10001 --group=10001 /home/af3/.cache /models
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
# Dataflow mounts /var/opt/google and /var/log/dataflow writable for root alone
# hadolint ignore=DL3002
USER 0
