"""How `make docs` builds the site: Markdown pages of the whole repository, links checked."""

from __future__ import annotations

from af3core import __version__

project = "af3-archive"
copyright = "the authors of af3-archive, Apache-2.0"
release = __version__

extensions = ["myst_parser"]
root_doc = "docs/index"
# the source folder is the repository, so that a link between two of its pages is checked and works
# on the site as it does in the repository
include_patterns = [
    "docs/**.md",
    "*.md",
    "dags/README.md",
    "infra/README.md",
    "af3core/nano/README.md",
    "tests/benchmarks/RESULTS.md",
]
# what holds no page is not searched for one
exclude_patterns = [
    ".*",
    "build",
    "node_modules",
    "*-out",
    "nano-work",
    "airflow-home",
    "af3core/nano/demo_*",
    "infra/terraform",
]

myst_heading_anchors = 3
highlight_language = "none"
nitpicky = True

html_theme = "furo"
html_title = f"af3-archive {release}"
html_show_sphinx = False
html_copy_source = False
templates_path = ["templates"]
html_additional_pages = {"index": "first_page.html"}
