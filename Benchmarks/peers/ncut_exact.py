"""ncut_exact.py N D K: ncut-pytorch with `exact_gradient=True`, a full eigendecomposition."""

import ncut_tracing

ncut_tracing.run("ncut-exact", exact=True)
