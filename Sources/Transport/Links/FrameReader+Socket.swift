import Security

extension FrameReader {
    /// The most bytes that are read before they are copied to where they belong.
    private static let copyLimit = 65536

    /// Reads the next bytes of a frame from a socket: a payload straight into its memory if it has some already.
    /// - Parameter limit: the most bytes to read into existing memory.
    mutating func read(from socket: borrowing LinkSocket, atMost limit: Int) throws -> Transfer {
        let wanted = wanted
        if let memory = directDestination {
            let transfer = try socket.read(into: UnsafeMutableRawBufferPointer(rebasing: memory.prefix(min(wanted, limit))))
            if case .moved(let count) = transfer { advance(count) }
            return transfer
        }
        return try withUnsafeTemporaryAllocation(byteCount: min(wanted, Self.copyLimit), alignment: 16) { memory in
            let transfer = try socket.read(into: memory)
            if case .moved(let count) = transfer { append(UnsafeRawBufferPointer(rebasing: memory[..<count])) }
            return transfer
        }
    }
}
