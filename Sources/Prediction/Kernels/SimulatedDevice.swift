/// A modelled accelerator whose kernels a worker waits for in place of computing. Time runs slower by a factor, so that this machine's own
/// speed is not what is measured: links are to be as much slower.
public struct SimulatedDevice: Codable, Sendable, Equatable {
    public let model: DeviceModel
    /// Seconds of a run for each second of the device.
    public let dilation: Double

    public init(model: DeviceModel, dilation: Double) { (self.model, self.dilation) = (model, dilation) }

    /// What is wrong with it, in a sentence.
    public var problem: String? {
        guard (1...1e6).contains(dilation) else { return "the dilation is \(dilation); write a number from 1 to 1,000,000" }
        return model.problem
    }
}
