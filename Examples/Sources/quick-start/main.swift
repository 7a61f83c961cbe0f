// From features to the channels that shape the eigenvectors of their normalised cut.
import Clew

// Features [40, 40, 30]: noise, but channels 7, 12 and 19 are brighter in the left half.
var random = RandomSource(seed: 1)
let values = (0..<40 * 40 * 30).map { i in
  let (column, channel) = (i / 30 % 40, i % 30)
  return random.normal() + ([7, 12, 19].contains(channel) && column < 20 ? 4 : 0)
}
let features = Tensor(values, shape: [40, 40, 30])

// Any scalar function of the eigenvectors will do. Here: how evenly the second one is spread, hence how clear the cut is.
let slope = try gradient(at: features) { x in
  let eigenvectors = try normalizedCutEigenvectors(of: x.reshaped(to: [1600, 30]), count: 2).vectors
  return abs(eigenvectors[0..., 1]).sum()
}

// Channels by mean absolute gradient over the picture.
let importance = abs(slope).mean(along: [0, 1]).doubles
let ranking = importance.indices.sorted { importance[$0] > importance[$1] }
for channel in ranking.prefix(5) {
  print("channel \(channel): \(Int((100 * importance[channel] / importance[ranking[0]]).rounded())) % of the highest")
}
