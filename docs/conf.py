# SPDX-License-Identifier: GPL-2.0
"""The book that docs/ is, for Sphinx; selftests/vm/docs builds it."""

import os
import sys

# kernel-doc and its directive come from the kernel's own source.
kernel = os.environ["KERNEL_SOURCE"]
sys.path.insert(0, kernel + "/Documentation/sphinx")

project = "msgpass"
extensions = ["kerneldoc", "sphinx.ext.graphviz"]
# Neither pages of a book in English, nor reStructuredText all of it.
exclude_patterns = ["examples", "ko", "man"]
html_theme = "alabaster"
html_theme_options = {
    "page_width": "70em",
    "sidebar_width": "16em",
    "sidebar_includehidden": False,
}
html_copy_source = False
html_show_copyright = False
graphviz_output_format = "svg"
highlight_language = "none"
primary_domain = "c"

kerneldoc_bin = kernel + "/scripts/kernel-doc"
kerneldoc_srctree = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# What the headers take from elsewhere, or do not tell more of.
nitpick_ignore = [
    ("c:identifier", name)
    for name in ("bool", "gid_t", "iovec", "msgpass_outbox", "pid_t", "size_t", "ssize_t",
                 "uid_t", "uint16_t", "uint32_t", "uint64_t")
]
