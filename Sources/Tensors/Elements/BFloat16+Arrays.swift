extension BFloat16 {
    /// Rounds `count` 32-bit floats to bfloat16.
    public static func narrow(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<UInt16>, count: Int) {
        for i in 0..<count { destination[i] = bits(source[i]) }
    }

    /// Converts `count` bfloat16 numbers to 32-bit floats, exactly.
    public static func widen(_ source: UnsafePointer<UInt16>, to destination: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count { destination[i] = float(source[i]) }
    }

    /// Rounds `count` numbers to bfloat16 and stores the results as 32-bit floats.
    /// - Parameter destination: may be `source`.
    public static func round(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count { destination[i] = float(bits(source[i])) }
    }
}
