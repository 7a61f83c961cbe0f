import COneDNN
import CKernels

/// What the kernels run on, for reports.
public enum Hardware {
  /// The instruction set that the compiled kernels chose: "x86-64-v4", "x86-64-v3" or "baseline".
  public static var instructionSet: String { String(cString: ck_instruction_set()) }

  /// The processor whose kernels OpenBLAS chose, and how it was built.
  public static var blasKernels: String { "\(BLAS.coreName) kernels (\(BLAS.configuration))" }

  /// The version of oneDNN, and the instruction set of the convolutions that it generates.
  public static var convolutionKernels: String {
    "oneDNN \(String(cString: od_version())), \(String(cString: od_instruction_set()))"
  }
}
