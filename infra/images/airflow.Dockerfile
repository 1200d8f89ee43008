# Airflow with the DAGs. Build from the repository's root with --target:
#   airflow     api-server, scheduler, dag-processor, triggerer; no Beam, no torch
#   worker      tasks that run the CPU jobs here, by /opt/af3/bin/python (a corpus's runner.python)
#   gpu-worker  tasks that run annotate here
FROM apache/airflow:3.3.2-python3.11 AS airflow
# the build writes here; a folder that COPY makes is root's
RUN mkdir /home/airflow/build
COPY --chown=airflow:0 infra/requirements.lock infra/images/airflow-requirements.txt /home/airflow/build/
# the image's versions give way to the tested ones; pip takes no constraints that have hashes
RUN pip install --no-cache-dir uv==0.13.9 \
    && uv pip install --no-cache --python "$(command -v python)" \
      --constraint /home/airflow/build/requirements.lock \
      --requirement /home/airflow/build/airflow-requirements.txt
COPY --chown=airflow:0 setup.py README.md /home/airflow/build/
COPY --chown=airflow:0 schemas /home/airflow/build/schemas
COPY --chown=airflow:0 af3core /home/airflow/build/af3core
COPY --chown=airflow:0 beam_jobs /home/airflow/build/beam_jobs
COPY --chown=airflow:0 dags /home/airflow/build/dags
# installed as a package too: callbacks of the triggerer are imported by name
RUN pip install --no-cache-dir --no-deps /home/airflow/build \
    && cp --recursive /home/airflow/build/dags /opt/airflow/ \
    && mkdir /opt/airflow/corpora /opt/airflow/launches
COPY --chown=airflow:0 infra/images/airflow_local_settings.py /opt/airflow/config/
ENV AIRFLOW__CORE__DAGS_FOLDER=/opt/airflow/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AF3_CORPORA=/opt/airflow/corpora \
    AF3_LAUNCHES=/opt/airflow/launches
# checkov:skip=CKV_DOCKER_2:one image, five components; compose and the Helm chart know each one's check
USER 50000

FROM airflow AS worker
ENV UV_LINK_MODE=copy
USER 0
RUN install --directory --owner=airflow --group=0 /opt/af3 /home/airflow/.cache /models
USER 50000
# torch without CUDA is another file, of another index: the version binds it, not the hashes
RUN python -m venv /opt/af3 \
    && sed --regexp-extended '/^torch==/,/[^\\]$/{s/ \\$//;/--hash/d}' \
      /home/airflow/build/requirements.lock > /home/airflow/build/cpu.lock \
    && uv pip install --no-cache --torch-backend cpu --python /opt/af3/bin/python \
      --constraint /home/airflow/build/cpu.lock "/home/airflow/build[gcs,search,describe]" \
      huggingface-hub

FROM worker AS gpu-worker
# torch again: the worker's has no CUDA
RUN uv pip install --no-cache --reinstall-package torch --python /opt/af3/bin/python \
      --constraint /home/airflow/build/requirements.lock "/home/airflow/build[gcs,model,search]"
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    NVIDIA_VISIBLE_DEVICES=all
USER 50000
