// Products come from OpenBLAS, decompositions from LAPACKE; -lopenblas alone leaves LAPACKE's symbols undefined.
#pragma once
#include <cblas.h>
#include <lapacke.h>
