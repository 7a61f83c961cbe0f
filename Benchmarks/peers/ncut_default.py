"""ncut_default.py N D K: ncut-pytorch's default (approximate) path."""

import ncut_tracing

ncut_tracing.run("ncut-default", exact=False)
