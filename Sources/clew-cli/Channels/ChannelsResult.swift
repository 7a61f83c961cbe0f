import Clew

/// What the study of one network gave, put together for document, table and figures.
struct ChannelsResult {
  let name: String
  let importance: ChannelImportance
  let rank: EffectiveRank?
  /// The file of the embeddings, `nil` for those computed.
  let embeddingSource: String?
  let warnings: [String]

  init(_ model: ChannelsModel, _ importance: ChannelImportance, asInSeed: Bool) throws {
    name = model.name
    self.importance = importance
    embeddingSource = model.embeddings?.path
    var warnings = importance.warnings
    do throws(ChannelStudyError) {
      rank = try EffectiveRank(model.embeddings?.array ?? importance.embeddings, asInSeed: asInSeed)
    } catch {
      if case .invalidInput(let message) = error { throw CommandError.unusable("\(embeddingSource ?? name): \(message)") }
      rank = nil
      warnings.append("effectiveRank is null: \(error)")
    }
    self.warnings = warnings.map { "\(model.name): \($0)" }
  }

  /// All scores that rank channels.
  func scores(prefix: String) -> [ChannelScoreList] {
    var lists: [ChannelScoreList] = []
    if let norm = importance.weightNorm {
      lists.append(ChannelScoreList(prefix + "weightNorm", norm.raw))
      lists.append(ChannelScoreList(prefix + "identifiableNorm", norm.identifiable))
    }
    for ablation in importance.ablations {
      lists.append(
        ChannelScoreList(
          prefix + "ablation:\(ablation.baseline)", ablation.sensitivity, replicates: ablation.bootstrap?.replicates))
    }
    return lists
  }
}
