/// All eigenpairs of a small symmetric matrix, largest first; eigenvectors in columns.
func symmetricEigen(_ matrix: Matrix<Double>) throws(SpectralError) -> (values: [Double], vectors: Matrix<Double>) {
  let n = matrix.rows
  if n == 0 { return ([], Matrix(0, 0)) }
  let work = matrix.copy()
  let values = Matrix<Double>(n, 1)
  let info = Double.syevd(n, work.pointer, values.pointer)
  if info != 0 { throw .notConverged("the symmetric eigenproblem of size \(n) did not converge (LAPACK syevd: \(info))") }
  return ((0..<n).map { values.pointer[n - 1 - $0] }, work.selecting(columns: (0..<n).reversed()))
}
