import ArgumentParser
import Clew
import Foundation

@main
struct ClewCommand: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "clew",
    abstract: "Follow a result back to the channels that made it.",
    discussion: """
      Example:
        clew trace features.npy --segments 4 --output out

      Exit status: 0 done; 1 the work failed; 2 the input or a value cannot be used; 64 the command line is malformed;
      130 or 143 interrupted by Ctrl-C or SIGTERM.
      """,
    version: version,
    subcommands: [
      TraceCommand.self, ChannelsCommand.self, NeuronsCommand.self, FiltersCommand.self, RunCommand.self, InspectCommand.self,
      DoctorCommand.self,
    ])

  /// Turns every error into one line on standard error and the exit status that `--help` promises.
  static func main() {
    // A parent may have had it ignored; then a reader that goes away would be an error and not the end.
    signal(SIGPIPE, SIG_DFL)
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as CommandError {
      finish(error.message, error.status)
    } catch let error as FormatError {
      finish(error.description, error.kind == .unwritable ? 1 : 2)
    } catch let error as SpectralError {
      finish(error.description, 1)
    } catch let error as NeuronError {
      finish(error.description, error.status)
    } catch let error as FigureError {
      finish(error.description, 1)
    } catch let error as ChannelStudyError {
      finish(error.description, error.isUnwritable ? 1 : 2)
    } catch let error as NetworkError {
      finish(error.description, 2)
    } catch let error as TensorError {
      finish(error.description, 1)
    } catch {
      exit(withError: error)
    }
  }

  private static func finish(_ message: String, _ status: Int32) -> Never {
    standardError("clew: " + message.replacing("\n", with: " "))
    Foundation.exit(status)
  }
}

extension NeuronError {
  /// Data that a study cannot be made of are an input that cannot be used; a fit that does not converge is work that failed.
  fileprivate var status: Int32 {
    if case .statistics(_, .notConverged) = self { return 1 }
    return 2
  }
}
