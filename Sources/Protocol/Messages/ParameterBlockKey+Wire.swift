import NeuralNetwork
public import Partition

extension ParameterBlock.Key {
    /// Creates a key from its message.
    public init(_ key: WireBlockKey) {
        self.init(
            layer: Int(key.layer), kind: key.isBias ? .bias : .weight, column: Int(key.column), source: Int(key.source))
    }

    /// The key's message.
    public var wire: WireBlockKey {
        var key = WireBlockKey()
        key.layer = UInt32(layer)
        key.isBias = kind == .bias
        key.column = UInt32(column)
        key.source = UInt32(source)
        return key
    }
}
