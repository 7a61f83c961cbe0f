import Clew
import Foundation

/// Where a trace keeps what its passes over the affinity give: in the file of `--resume`, or, of a long run, in one that gets a
/// name only if the run is interrupted.
final class TraceCheckpoint {
  let passes: CutCheckpoint
  private let interruption: Interruption
  private let quiet: Bool
  private var isStartTold = false
  private var isFailureTold = false

  /// From so many pairs of nodes on a run is long: 20,000 nodes, or as many pictures as take as long.
  static let longRun = 4e8

  /// - Parameters:
  ///   - resume: the file of `--resume`.
  ///   - name: what is traced, for the name of the file otherwise.
  ///   - pairs: pairs of nodes, over all pictures.
  /// - Returns: `nil` for a run that is not worth it.
  init?(_ resume: String?, name: String, pairs: Double, folder: OutputFolder?, quiet: Bool) throws {
    self.quiet = quiet
    if let resume {
      do throws(SpectralError) {
        passes = try CutCheckpoint(path: resume)
      } catch { throw CommandError.unusable("--resume: \(error)") }
    } else {
      guard pairs >= Self.longRun, let unnamed = CutCheckpoint(unnamedIn: folder?.path ?? ".") else { return nil }
      passes = unnamed
    }
    let (kept, stem) = (passes, (folder.map { $0.path + "/" } ?? "") + "clew-trace-" + Self.stem(name))
    interruption = Interruption {
      if isatty(2) == 1 { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
      standardError("clew: " + Self.farewell(kept, stem: stem))
    }
  }

  /// Tells, once each, that the run goes on where another was interrupted, when the file has proved to be that one's, and that
  /// the disk is full.
  func onPass() {
    if quiet { return }
    let found = passes.passesFound
    if !isStartTold && found > 0 {
      standardError("\(passes.path ?? ""): going on after \(found) \(Self.noun(found)) over the affinity")
    }
    isStartTold = true
    guard !isFailureTold, let failure = passes.failure else { return }
    isFailureTold = true
    standardError("warning: \(passes.path ?? "checkpoint"): passes are not kept any more (\(failure)); the run goes on")
  }

  /// The run is finished.
  func remove() {
    interruption.end()
    passes.remove()
  }

  /// What a user who has interrupted the run wants to know, in one line.
  private static func farewell(_ passes: CutCheckpoint, stem: String) -> String {
    let count = passes.passes
    if count == 0 && passes.path == nil { return "interrupted before the first pass over the affinity; nothing to go on from" }
    var (file, number) = (stem + ".checkpoint", 1)
    while !passes.keep(as: file) {
      number += 1
      if number > 100 { return "interrupted; found no place for a checkpoint beside \(stem).checkpoint" }
      file = "\(stem)-\(number).checkpoint"
    }
    var command = CommandLine.arguments
    if !command.contains(where: { $0 == "--resume" || $0.hasPrefix("--resume=") }) { command += ["--resume", file] }
    return "interrupted after \(count) \(noun(count)) over the affinity; go on with: "
      + command.map(shellQuoted).joined(separator: " ")
  }

  private static func noun(_ count: Int) -> String { count == 1 ? "pass" : "passes" }

  /// The last part of a path, without endings and what a file name should not have.
  private static func stem(_ name: String) -> String {
    let last = InputPath(parsing: name).path.split(separator: "/").last.map(String.init) ?? name
    let stem = last.split(separator: ".").first.map(String.init) ?? last
    return String(stem.map { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : "-" }).trimmingCharacters(in: ["-"])
  }
}
