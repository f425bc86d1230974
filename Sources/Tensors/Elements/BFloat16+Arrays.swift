extension BFloat16 {
    /// Rounds so many numbers.
    public static func narrow(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<UInt16>, count: Int) {
        for i in 0..<count { destination[i] = bits(source[i]) }
    }

    public static func widen(_ source: UnsafePointer<UInt16>, to destination: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count { destination[i] = float(source[i]) }
    }

    /// The nearest numbers that have 16 bits, as 32-bit floats.
    /// - Parameter destination: may be the source.
    public static func round(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count { destination[i] = float(bits(source[i])) }
    }
}
