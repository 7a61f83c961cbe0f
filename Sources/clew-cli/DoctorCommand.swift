import ArgumentParser
import Clew
import Foundation

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check this installation: versions, threads, instruction set, kernels of BLAS and oneDNN, a gradient.",
    discussion: """
      Example:
        clew doctor
      """)

  @OptionGroup var common: CommonOptions

  struct Check: Encodable {
    let name: String
    let isGood: Bool
    let found: String
    /// What to do if it is not good.
    let advice: String?
  }

  struct Report: Encodable {
    let checks: [Check]
    let warnings: [String]
    let provenance: Provenance
  }

  func run() throws {
    try common.apply()
    let gradientCheck = gradientCheck
    let checks = [version, threads, memory, instructionSet, blas, convolution, gnuplot, gradientCheck]
    let bad = checks.filter { !$0.isGood }
    if common.json {
      let report = Report(
        checks: checks, warnings: bad.map { "\($0.name): \($0.found)" }, provenance: try Provenance(common, inputs: []))
      try standardOutput(jsonDocument(report))
    } else {
      for check in checks {
        try standardOutput("\(check.isGood ? "ok  " : "BAD ") \(check.name): \(check.found)\n")
        if let advice = check.advice { try standardOutput("     \(advice)\n") }
      }
    }
    if !gradientCheck.isGood { throw CommandError.failed("the self-test of a gradient failed") }
  }

  private var version: Check {
    Check(name: "version", isGood: true, found: "clew \(ClewCommand.version)", advice: nil)
  }

  private var threads: Check {
    let processors = ProcessInfo.processInfo.activeProcessorCount
    return Check(
      name: "threads", isGood: true, found: "\(Parallel.threadCount) of \(processors) processors", advice: nil)
  }

  private var memory: Check {
    Check(
      name: "memory", isGood: true,
      found: "up to \(Memory.cacheLimit >> 20) MiB of freed arrays are kept for the next; peak here \(Memory.peak >> 20) MiB",
      advice: nil)
  }

  private var instructionSet: Check {
    Check(name: "instruction set", isGood: true, found: Hardware.instructionSet, advice: nil)
  }

  /// OpenBLAS chooses kernels for the processor, unless a variable forces others: worth a factor of two or three.
  private var blas: Check {
    let forced = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"]
    return Check(
      name: "BLAS kernels", isGood: forced == nil,
      found: "OpenBLAS, \(Hardware.blasKernels)" + (forced.map { ", forced by OPENBLAS_CORETYPE=\($0)" } ?? ""),
      advice: forced == nil ? nil : "unset OPENBLAS_CORETYPE (and OPENBLAS_L2_SIZE), unless you know that it helps")
  }

  /// oneDNN generates code for the processor, unless a variable forbids it instructions.
  private var convolution: Check {
    let environment = ProcessInfo.processInfo.environment
    let variable = ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"].first { environment[$0] != nil }
    return Check(
      name: "convolution kernels", isGood: variable == nil,
      found: Hardware.convolutionKernels + (variable.map { ", held back by \($0)=\(environment[$0] ?? "")" } ?? ""),
      advice: variable.map { "unset \($0), unless you know that it helps" })
  }

  private var gnuplot: Check {
    do {
      return Check(name: "figures", isGood: true, found: try Gnuplot.find().executable, advice: nil)
    } catch {
      return Check(name: "figures", isGood: false, found: "\(error)", advice: nil)
    }
  }

  /// The gradient of Σ eigenvectors⁴ of a small normalised cut against a central difference.
  private var gradientCheck: Check {
    do {
      var random = RandomSource(seed: 1)
      let values = random.normals(24)
      let loss = { (values: [Double]) throws -> (Tensor, Tensor) in
        let x = Tensor(values, shape: [8, 3], dtype: .float64).recorded()
        let vectors = try normalizedCutEigenvectors(of: x, count: 2, width: .value(1.5)).vectors
        return ((vectors * vectors * vectors * vectors).sum(), x)
      }
      let (value, x) = try loss(values)
      let analytic = try value.gradient(for: x).doubles[5]
      let h = 1e-5
      var (up, down) = (values, values)
      up[5] += h
      down[5] -= h
      let numeric = (try loss(up).0.scalar - loss(down).0.scalar) / (2 * h)
      let difference = abs(analytic - numeric) / max(1e-3, abs(numeric))
      return Check(
        name: "gradient of a normalised cut", isGood: difference < 1e-5,
        found: "relative difference from finite differences \(String(format: "%.1e", difference))", advice: nil)
    } catch {
      return Check(name: "gradient of a normalised cut", isGood: false, found: "\(error)", advice: nil)
    }
  }
}
