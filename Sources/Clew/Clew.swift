@_exported import Attribution
@_exported import Autograd
@_exported import Features
@_exported import Figures
@_exported import Formats
@_exported import Networks
@_exported import SpectralClustering
@_exported import TensorCore
