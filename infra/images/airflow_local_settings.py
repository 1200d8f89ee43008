"""Airflow's cluster policy: tasks that hold a GPU run where there is one.

With CeleryExecutor they go to the queue `gpu`, with KubernetesExecutor into the pod that
`AF3_GPU_POD_TEMPLATE` describes. The DAGs say only which pool a task waits for.
"""

from __future__ import annotations

import os
from typing import Any

GPU = "gpu"
"""Start of the names of pools whose slots are GPUs, and Celery's queue of workers that have one."""


def task_instance_mutation_hook(task_instance: Any, dag_run: Any = None) -> None:
    """Called by the scheduler before it queues a task."""
    if not task_instance.pool.startswith(GPU):
        return
    task_instance.queue = GPU
    template = os.environ.get("AF3_GPU_POD_TEMPLATE")
    if template:
        task_instance.executor_config = {"pod_template_file": template}
