import ArgumentParser

struct NeuronsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "neurons",
    abstract: "Ask what single neurons and features are worth, with controls.",
    discussion: """
      Example:
        clew neurons ablate --features features.npz --head head.npz --output out
      """,
    subcommands: [AblateCommand.self, NeuronTestCommand.self, NeuronPathsCommand.self])
}
