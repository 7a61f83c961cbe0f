// Which channels made each segment, on a generated tissue whose answer is known.
import Clew

let tissue = TissuePhantom(seed: 3)
let trace = try ChannelTrace(
  tissue.features, channelNames: tissue.markerNames, configuration: .init(segments: 4))

for segment in trace.segments {
  let top = segment.ranking.prefix(3).map { trace.channelNames[$0] }
  // The region that most of the segment's pixels lie in, and what was planted there.
  let regions = Dictionary(grouping: segment.nodes) { tissue.regions[$0] }
  let region = regions.max { $0.value.count < $1.value.count }?.key ?? 0
  let planted = tissue.planted[region, default: []].map { tissue.markerNames[$0] }
  print("segment \(segment.id), \(segment.size) pixels: \(top.joined(separator: ", "))")
  print("  planted: \(planted.joined(separator: ", "))")
}

// What the numbers rest on.
print("largest residual: \(trace.cut.residuals.max() ?? 0); gap after the last eigenvalue: \(trace.cut.gap.width ?? 0)")
print("held fixed: \(trace.heldFixed.joined(separator: ", "))")
for warning in trace.warnings { print("warning: \(warning)") }
