/// A modelled accelerator for a worker that waits for the duration of its kernels instead of computing. Time runs slower by a factor, so
/// that the speed of the host itself hardly matters; links must be slowed down by the same factor.
public struct SimulatedDevice: Codable, Sendable, Equatable {
    public let model: DeviceModel
    /// Seconds of real time for each second of the device.
    public let dilation: Double

    public init(model: DeviceModel, dilation: Double) { (self.model, self.dilation) = (model, dilation) }

    /// A sentence that says which value is invalid, and the valid range; nil if all are valid.
    public var problem: String? {
        guard (1...1e6).contains(dilation) else { return "the dilation is \(dilation); write a number from 1 to 1,000,000" }
        return model.problem
    }
}
