import Formats
import Foundation
import TensorCore
import Testing

/// `clew trace --resume`, and what an interrupted run leaves.
@Suite(.serialized) struct ResumeTests {
  /// Seconds of work, in tiles.
  struct Work {
    let folder: Folder
    let arguments: [String]
    /// What an undisturbed run prints, without its provenance.
    let truth: Data
    /// How long that takes.
    let seconds: Double
    /// For a shell.
    var line: String { (["\"$CLEW\""] + arguments.map { "'\($0)'" }).joined(separator: " ") }

    init(_ shape: Shape, _ options: [String]) throws {
      folder = try Folder()
      try folder.save(groups(shape, groups: 6))
      arguments = ["trace", "features.npy", "--json", "--memory", "0"] + options
      let start = ContinuousClock.now
      let whole = try Clew.run(arguments, in: folder, seconds: 300)
      #expect(whole.status == 0, "\(whole.error)")
      (truth, seconds) = (try withoutProvenance(whole.output), (ContinuousClock.now - start) / .seconds(1))
    }

    /// Ended by a signal after some time; to that process alone, which must not ignore it because the tests do.
    func interrupted(_ signal: String, after seconds: Double, _ more: String = "") throws -> Clew.Result {
      let pause = String(format: "%.3f", max(0.01, seconds))
      return try Clew.shell(
        "exec env --default-signal=INT,TERM timeout --foreground --preserve-status -s \(signal) \(pause) \(line) \(more)",
        in: folder, seconds: 300)
    }

    func continued(_ more: [String]) throws -> Clew.Result { try Clew.run(arguments + more, in: folder, seconds: 300) }
  }

  /// Interrupted or killed at any moment it goes on, and gives the bytes of a run that nothing disturbed.
  @Test func goesOnFromAnyMoment() throws {
    let work = try Work([5000, 48], ["--segments", "5", "--sigma-gradient"])
    var random = RandomSource(seed: 21)
    var (wentOn, seconds) = (0, work.seconds)
    for attempt in 0..<40 {
      let (signal, name) = (attempt % 2 == 0 ? "INT" : "KILL", "run\(attempt).checkpoint")
      let stopped = try work.interrupted(signal, after: seconds * 0.95 * random.uniform(), "--resume \(name)")
      // Other work had slowed down the undisturbed run.
      if stopped.status == 0 { seconds *= 0.85 }
      if signal == "INT", stopped.status == 130, let line = stopped.complaints.first {
        #expect(stopped.complaints.count == 1 && line.contains("interrupted after"), "\(stopped.error)")
        #expect(line.hasSuffix("--resume \(name)") && stopped.output.isEmpty, "\(stopped.error)")
      }
      let isLeft = FileManager.default.fileExists(atPath: work.folder.path(name))
      let again = try work.continued(["--resume", name])
      #expect(again.status == 0, "\(again.error)")
      #expect(try withoutProvenance(again.output) == work.truth, "\(signal), attempt \(attempt)")
      if isLeft && again.error.contains("\(name): going on after ") { wentOn += 1 }
      #expect(!FileManager.default.fileExists(atPath: work.folder.path(name)))
    }
    #expect(wentOn >= 15, "\(wentOn)")
    // Killed over and over, it arrives.
    for attempt in 0..<60 {
      let stopped = try work.interrupted("KILL", after: seconds / 3 + 0.03 * Double(attempt), "--resume over.checkpoint")
      if !stopped.wasKilled && stopped.status == 0 {
        #expect(try withoutProvenance(stopped.output) == work.truth)
        return
      }
    }
    Issue.record("it never arrived")
  }

  /// A long run that was told nothing leaves its passes when it is interrupted, and says how to go on.
  @Test func aLongRunLeavesACheckpoint() throws {
    let work = try Work([20_000, 3], ["--segments", "2", "--output", "out"])
    #expect(work.folder.names(".") == ["features.npy", "out"])
    let written = work.folder.names("out")
    for (signal, status) in [("INT", Int32(130)), ("TERM", 143)] {
      // Sooner, if other work had slowed down the undisturbed run.
      var (share, stopped) = (0.6, try work.interrupted(signal, after: work.seconds * 0.6))
      while stopped.status == 0 && share > 0.05 {
        share *= 0.6
        stopped = try work.interrupted(signal, after: work.seconds * share)
      }
      #expect(stopped.status == status && !stopped.wasKilled, "\(stopped.error)")
      #expect(stopped.output.isEmpty && stopped.complaints.count == 1)
      let name = "out/clew-trace-features.checkpoint"
      #expect(FileManager.default.fileExists(atPath: work.folder.path(name)))
      let line = try #require(stopped.complaints.first)
      #expect(line.hasPrefix("clew: interrupted after ") && line.hasSuffix("--output out --resume \(name)"), "\(line)")
      // The very command that it names.
      let command = try #require(line.range(of: "go on with: ").map { String(line[$0.upperBound...]) })
      let again = try Clew.shell(command, in: work.folder, seconds: 300)
      #expect(again.status == 0 && again.error.contains("\(name): going on after"), "\(again.error)")
      #expect(try withoutProvenance(again.output) == work.truth)
      #expect(work.folder.names("out") == written)
    }
  }

  /// A checkpoint of some other run is refused with one line, and left as it is.
  @Test func anotherRunIsRefused() throws {
    let work = try Work([5000, 48], ["--segments", "5"])
    try work.folder.save(groups([5000, 48], groups: 6, seed: 2), "other.npy")
    try work.folder.write(Array("text".utf8), "text.checkpoint")
    _ = try work.interrupted("KILL", after: work.seconds * 0.7, "--resume run.checkpoint")
    let bytes = try work.folder.bytes("run.checkpoint")
    func refused(_ arguments: [String], _ parts: String...) throws {
      let result = try Clew.run(["trace"] + arguments + ["--json"], in: work.folder)
      #expect(result.status == 2 && result.output.isEmpty && result.complaints.count == 1, "\(arguments): \(result.error)")
      for part in ["--resume", "found", "expected"] + parts { #expect(result.error.contains(part), "\(result.error)") }
      #expect(try work.folder.bytes("run.checkpoint") == bytes)
    }
    let memory = ["--memory", "0", "--resume", "run.checkpoint"]
    try refused(["other.npy", "--segments", "5"] + memory, "run.checkpoint", "features")
    try refused(["features.npy", "--segments", "4"] + memory, "segments 5", "segments 4")
    try refused(["features.npy", "--segments", "auto"] + memory, "segments 5", "segments auto")
    try refused(["features.npy", "--segments", "5", "--sigma", "2"] + memory, "sigma median", "sigma 2")
    try refused(["features.npy", "--segments", "5", "--affinity", "cosine"] + memory, "gaussian", "cosine")
    try refused(["features.npy", "--segments", "5", "--precision", "float64"] + memory, "float32", "float64")
    try refused(
      ["features.npy", "--segments", "5", "--memory", "4GB", "--resume", "run.checkpoint"], "regime tiles", "regime stored")
    try refused(["features.npy", "--segments", "5", "--resume", "text.checkpoint"], "text.checkpoint", "no checkpoint")
    try refused(["features.npy", "--segments", "5", "--resume", "no/such/file"], "no/such/file")
    try refused(["features.npy", "--segments", "5", "--resume", "."], "directory")
    // One run at a time; the other is not disturbed.
    let both = try Clew.shell(
      "\(work.line) --resume both.checkpoint > first & until [ -e both.checkpoint ]; do sleep 0.01; done; "
        + "\(work.line) --resume both.checkpoint; echo \"status $?\"; wait", in: work.folder)
    #expect(both.text == "status 2\n" && both.error.contains("a run that is writing to it"), "\(both.text) \(both.error)")
    #expect(try withoutProvenance(work.folder.bytes("first")) == work.truth)
    // Without --memory it takes the regime of the run that it goes on with.
    let line = work.arguments.filter { !["--memory", "0"].contains($0) }
    let again = try Clew.run(line + ["--resume", "run.checkpoint"], in: work.folder)
    #expect(again.status == 0, "\(again.error)")
    #expect(try withoutProvenance(again.output) == work.truth)
  }

  /// Pictures that are cut one after the other share a file; features that are placed are passes, too.
  @Test func picturesOfABatchAndPlacedFeatures() throws {
    for options in [["--separate"], ["--assign", "features.npy"]] {
      let work = try Work([3, 40, 40, 24], ["--segments", "3"] + options)
      for share in [0.4, 0.8] {
        _ = try work.interrupted("KILL", after: work.seconds * share, "--resume run.checkpoint")
        let again = try work.continued(["--resume", "run.checkpoint", "--threads", "3"])
        #expect(again.status == 0, "\(again.error)")
        #expect(try withoutProvenance(again.output) == work.truth)
      }
    }
  }
}
