import ArgumentParser
import Clew

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a network: outputs, activations of layers, gradients of an output.",
    discussion: """
      The way from a network and pictures to features for `clew trace`. --output gets the arrays `output`, `capture:LAYER`,
      `gradient:input` and `gradient:LAYER`, with the samples along the first axis.

      Examples:
        clew run --model resnet18 --checkpoint resnet18.pth --input photo.jpg --json
        clew run --model vit --checkpoint dino.pth --input *.jpg --capture blocks.11.attn.qkv --grid --output keys.npz
        clew run --model mlp --checkpoint run --input test.npz:inputs --gradient-of 0 --output gradients.npz
      """)

  @OptionGroup var network: NetworkOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("An array [samples, …] (file:key), or pictures.", valueName: "file"))
  var input: [String]

  @OptionGroup var pictures: PictureOptions

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Layers whose activations are kept.", valueName: "layer"))
  var capture: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Gradients of output T, summed over the batch, for the input and captured layers.", valueName: "T"))
  var gradientOf: Int?

  @Flag(help: "Write activations and their gradients as [samples, height, width, channels]; tokens without a place are dropped.")
  var grid = false

  @Option(parsing: .unconditional, help: ArgumentHelp("Samples that are run at a time.", valueName: "count"))
  var batchSize = 16

  @Option(help: ArgumentHelp("Write all arrays to this .npz or .safetensors file.", valueName: "file"))
  var output: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    try common.apply()
    if batchSize < 1 { throw CommandError.unusable("--batch-size: found \(batchSize), expected at least 1") }
    // Fail before the work, not after it.
    let format = try output.map { try RunOutput.Format($0) }
    let (network, files) = try self.network.load(common.precision)
    let batches = try NetworkBatches(input, dtype: common.precision.dtype) {
      try pictures.preprocessing(for: network, wholePicture: grid)
    }
    let task = RunTask(network: network, captures: capture, target: gradientOf, isGrid: grid)
    var outputs = RunOutput()
    let work = { (sink: (_ arrays: [(name: String, array: NDArray)], _ first: Int) throws -> Void) throws in
      let progress = ProgressLine(quiet: common.quiet)
      let count = (batches.count + batchSize - 1) / batchSize
      for (step, first) in stride(from: 0, to: batches.count, by: batchSize).enumerated() {
        progress.show(step + 1, of: count, "running")
        let arrays = try task.run(try batches.batch(first..<min(first + batchSize, batches.count)))
        try outputs.note(arrays)
        try sink(arrays, first)
      }
    }
    if let output, let format {
      try format.write(to: output, work)
    } else {
      try work { _, _ in }
    }
    try print(outputs, files: files + batches.files)
  }

  private func print(_ outputs: RunOutput, files: [String]) throws {
    let warnings = outputs.warnings
    common.warn(warnings)
    if common.json {
      let report = RunReport(
        outputs: outputs.rows, shapes: outputs.shapes, warnings: warnings,
        provenance: try Provenance(common, inputs: files))
      try standardOutput(jsonDocument(report))
    } else {
      try standardOutput(outputs.table)
    }
  }
}

struct RunReport: Encodable {
  /// One row for each sample; `null` for what is not finite.
  let outputs: [[Double?]]
  let shapes: [String: [Int]]
  let warnings: [String]
  let provenance: Provenance
}
