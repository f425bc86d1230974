import CLinux
import Glibc
public import Tensors
import SwiftProtobuf
import Threading

/// What a link's owner does with what arrives. All calls come on the loop's thread.
public protocol LinkReceiver: AnyObject, Sendable {
    /// Where a frame's payload goes; throwing closes the link. Asked before anything is allocated.
    func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination
    /// A frame is complete and its checksum right. `payload` is empty for tensors, which are in their memory.
    func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws
    /// The link has ended; called once.
    func closed(_ link: Link, _ error: WireError)
}

/// A frame's payload as the sender has it.
public enum Payload: Sendable {
    case none
    case bytes([UInt8])
    /// Sent from where it lies; the memory must not change until the receiver needs it no more.
    case tensor(TensorBuffer, byteCount: Int)
}

/// One connection: frames in order, both ways.
public final class Link: @unchecked Sendable, EventHandler {
    private struct Outgoing {
        var header: FrameHeader
        let payload: Payload
    }

    public let local: SocketAddress
    public let remote: SocketAddress
    private let descriptor: Int32
    private let loop: EventLoop
    private let queue = Monitor<[Outgoing]>([])

    // Touched by the loop's thread only.
    private var receiver: (any LinkReceiver)?
    private var reader = FrameReader()
    private var sending: [Outgoing] = []
    private var headerBytes: [UInt8] = []
    private var sent = 0
    private var nextSequence: UInt64 = 0
    private var isOpen = true
    private var closesWhenSent = false
    /// By injected faults: when sending goes on, and a frame that is sent again.
    private var pausedUntil = 0.0
    private var repeated: (header: [UInt8], payload: [UInt8])?
    /// The owner's own word on the link: a rank, a role. On the loop's thread.
    public var tag = 0

    /// Takes over a connected socket.
    init(descriptor: Int32, loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
        local = SocketAddress.end(of: descriptor, remote: false) ?? SocketAddress(host: "?", port: 0)
        remote = SocketAddress.end(of: descriptor, remote: true) ?? SocketAddress(host: "?", port: 0)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        colonnade_set_nonblocking(descriptor)
    }

    deinit { close(descriptor) }

    /// Starts to read. Frames go to `receiver` from now on.
    public func start(_ receiver: any LinkReceiver) {
        loop.submit { [self] in
            self.receiver = receiver
            guard isOpen else { return }
            loop.watch(descriptor, self, writable: !sending.isEmpty)
        }
    }

    /// Sends a frame after those that were sent before. May be called from any thread; does not wait.
    public func send(_ header: FrameHeader, _ payload: Payload = .none) {
        let isFirst = queue.update { queue in
            queue.append(Outgoing(header: header, payload: payload))
            return queue.count == 1
        }
        if isFirst { loop.submit { [self] in flush() } }
    }

    /// Sends a control message.
    public func send(_ message: WireControlMessage, run: UInt64 = 0, attempt: UInt32 = 0) {
        var header = FrameHeader(.control)
        (header.run, header.attempt) = (run, attempt)
        // Serialization of these messages cannot fail: they have no required fields.
        let bytes: [UInt8] = (try? message.serializedBytes()) ?? []
        send(header, .bytes(bytes))
    }

    /// Closes when everything sent so far has left.
    public func finish() {
        loop.submit { [self] in
            closesWhenSent = true
            flush()
        }
    }

    /// Closes at once.
    public func cancel(_ reason: String = "closed here") {
        loop.submit { [self] in end(WireError(.closed, reason)) }
    }

    // MARK: On the loop's thread

    func ready(readable: Bool, writable: Bool) {
        if writable { flush() }
        if readable { receive() }
    }

    private func end(_ error: WireError) {
        guard isOpen else { return }
        isOpen = false
        loop.unwatch(descriptor)
        shutdown(descriptor, Int32(SHUT_RDWR))
        sending = []
        let owner = receiver
        receiver = nil
        owner?.closed(self, error)
    }

    private func receive() {
        var staging: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
        // A bound on one turn, so that one busy peer does not keep the others waiting.
        var budget = 4 << 20
        while isOpen, budget > 0 {
            do {
                if let (header, payload) = try reader.next({ header in
                    guard let receiver else { throw WireError(.closed, "nobody reads this connection") }
                    return try receiver.destination(for: header, on: self)
                }) {
                    try receiver?.received(header, payload: payload, on: self)
                    continue
                }
            } catch let error as WireError {
                return end(error)
            } catch {
                return end(WireError(.malformed, "\(error)"))
            }
            let wanted = reader.wanted
            let count: Int
            if let memory = reader.directDestination {
                count = recv(descriptor, memory.baseAddress, min(wanted, budget), 0)
                if count > 0 { reader.advance(count) }
            } else if wanted > 64 {
                count = withUnsafeTemporaryAllocation(byteCount: min(wanted, 65536), alignment: 16) { buffer in
                    let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                    if count > 0 { reader.append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                    return count
                }
            } else {
                count = withUnsafeMutableBytes(of: &staging) { buffer in
                    let count = recv(descriptor, buffer.baseAddress, wanted, 0)
                    if count > 0 { reader.append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                    return count
                }
            }
            if count == 0 { return end(WireError(.closed, "\(remote) closed the connection")) }
            if count < 0 {
                if errno == EAGAIN { return }
                if errno == EINTR { continue }
                return end(WireError(.closed, "connection to \(remote): \(String(cString: strerror(errno)))"))
            }
            budget -= count
        }
    }

    private func flush() {
        guard isOpen, pausedUntil == 0 || MonotonicClock.now >= pausedUntil else { return }
        sending += queue.update { queue in
            defer { queue = [] }
            return queue
        }
        while !sending.isEmpty {
            if headerBytes.isEmpty {
                encodeFirst()
                if let fault = FaultInjector.shared?.fault(at: sending[0].header), commit(fault) { break }
            }
            let total = FrameHeader.byteCount + Int(sending[0].header.payloadCount)
            let count = sendFirst()
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { break }
                return end(WireError(.closed, "connection to \(remote): \(String(cString: strerror(errno)))"))
            }
            sent += count
            if sent == total {
                let header = sending.removeFirst().header
                headerBytes = []
                sent = 0
                if let again = repeated {
                    // Numbered as before, by an injected fault.
                    repeated = nil
                    sending.insert(Outgoing(header: header, payload: .bytes(again.payload)), at: 0)
                    headerBytes = again.header
                }
            }
        }
        if sending.isEmpty, closesWhenSent { return end(WireError(.closed, "closed here")) }
        if receiver != nil { loop.watch(descriptor, self, writable: !sending.isEmpty) }
    }

    /// Numbers the first frame and computes its checksums, when its turn has come.
    private func encodeFirst() {
        sending[0].header.sequence = nextSequence
        nextSequence += 1
        switch sending[0].payload {
        case .none: sending[0].header.payloadCount = 0
        case .bytes(let bytes):
            sending[0].header.payloadCount = UInt32(bytes.count)
            sending[0].header.payloadChecksum = Digest.hash(bytes)
        case .tensor(let buffer, let count):
            sending[0].header.payloadCount = UInt32(count)
            sending[0].header.payloadChecksum = Digest.hash(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
        }
        headerBytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        headerBytes.withUnsafeMutableBytes { sending[0].header.encode(into: $0) }
    }

    /// Lets something go wrong with the first frame, which is encoded.
    /// - Returns: whether sending ends here.
    private func commit(_ fault: Fault) -> Bool {
        func forget() {
            sending.removeFirst()
            headerBytes = []
        }
        switch fault.kind {
        case .drop:
            forget()
            if sending.isEmpty { return true }
            encodeFirst()
        case .lose:
            nextSequence -= 1
            forget()
            if sending.isEmpty { return true }
            encodeFirst()
        case .cut:
            let first = headerBytes
            _ = first.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count / 2, Int32(MSG_NOSIGNAL)) }
            end(WireError(.closed, "cut by an injected fault"))
            return true
        case .flip:
            if sending[0].header.payloadCount == 0 {
                headerBytes[33] ^= 4
            } else {
                var bytes = bytesOfFirst()
                bytes[bytes.count / 2] ^= 4
                sending[0] = Outgoing(header: sending[0].header, payload: .bytes(bytes))
            }
        case .duplicate: repeated = (headerBytes, bytesOfFirst())
        case .delay:
            pausedUntil = MonotonicClock.now + (fault.seconds ?? 1)
            loop.schedule(after: fault.seconds ?? 1) { [weak self] in self?.flush() }
            return true
        case .halfOpen:
            pausedUntil = .infinity
            return true
        case .stop: kill(getpid(), SIGSTOP)
        case .kill: kill(getpid(), SIGKILL)
        case .clock: WallClock.jump(by: fault.seconds ?? 3600)
        case .hang: usleep(UInt32((fault.seconds ?? 1) * 1e6))
        }
        return false
    }

    private func bytesOfFirst() -> [UInt8] {
        switch sending[0].payload {
        case .none: []
        case .bytes(let bytes): bytes
        case .tensor(let buffer, let count): Array(buffer.bytes[..<count])
        }
    }

    /// Writes as much of the first frame as the socket takes.
    private func sendFirst() -> Int {
        func write(_ payload: UnsafeRawBufferPointer) -> Int {
            headerBytes.withUnsafeMutableBytes { header in
                let headerRest = max(0, header.count - sent)
                let payloadStart = max(0, sent - header.count)
                var parts = [
                    iovec(iov_base: header.baseAddress! + header.count - headerRest, iov_len: headerRest),
                    iovec(
                        iov_base: payload.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + payloadStart) },
                        iov_len: payload.count - payloadStart),
                ]
                return parts.withUnsafeMutableBufferPointer { parts in
                    var message = msghdr()
                    message.msg_iov = parts.baseAddress
                    message.msg_iovlen = 2
                    return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                }
            }
        }
        switch sending[0].payload {
        case .none: return write(UnsafeRawBufferPointer(start: nil, count: 0))
        case .bytes(let bytes): return bytes.withUnsafeBytes { write($0) }
        case .tensor(let buffer, let count): return write(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
        }
    }
}
