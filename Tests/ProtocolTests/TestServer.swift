import Glibc
import Platform
import Protocol
import Security
import SwiftProtobuf
import Tensors
import TestSupport
import Transport

/// A minimal listening process: admits every peer that sends a `Hello`, and records the sentences about refused ones.
final class TestServer: LinkReceiver, @unchecked Sendable {
    struct Seen {
        var refused: [String] = []
        var admitted: [PeerIdentity?] = []
        var frames: [FrameHeader] = []
        var closed = 0
        var links: [Link] = []
    }

    let seen = Monitor(Seen())
    let memory: TensorBuffer?
    /// Whether to answer each data frame with a frame of `memory`.
    let echoes: Bool
    private let loop: EventLoop
    private(set) var listener: Listener!

    /// - Parameter port: 0 takes a free one.
    init(
        _ protection: LinkSecurity.Protection, limits: ConnectionLimits = .init(), memory: TensorBuffer? = nil, echoes: Bool = false,
        port: UInt16 = 0
    ) throws {
        (self.memory, self.echoes) = (memory, echoes)
        let seen = seen
        loop = try EventLoop(
            name: "server",
            security: LinkSecurity(protection, limits: limits) { line in seen.update { $0.refused.append(line) } })
        listener = try Listener(SocketAddress(host: "127.0.0.1", port: port), loop: loop) { [self] link in
            seen.update { $0.links.append(link) }
            link.start(self)
        }
    }

    var address: SocketAddress { listener.address }

    func stop() {
        listener.stop()
        loop.stop()
        seen.update { $0.links = [] }
    }

    /// Waits for a refusal whose sentence contains a fragment, and returns the first such sentence.
    func refusal(containing part: String) -> String? {
        seen.wait(timeout: 20) { seen in seen.refused.first { $0.contains(part) } }
    }

    func destination(for header: FrameHeader, on link: Link) -> PayloadDestination {
        if header.kind == .slab, let memory { return .memory(memory.bytes) }
        return .bytes(limit: 1 << 20)
    }

    func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        if header.kind == .control {
            try link.admit(WireControlMessage(payload: payload).hello)
            seen.update { $0.admitted.append(link.identity) }
        } else {
            seen.update { $0.frames.append(header) }
            if echoes, let memory { link.send(FrameHeader(.slab), .tensor(memory, byteCount: memory.bytes.count)) }
        }
    }

    func closed(_ link: Link, _ error: WireError) { seen.update { $0.closed += 1 } }
}

/// The connecting side: records received frames, refusals, and why the connection ended.
final class TestClient: LinkReceiver, @unchecked Sendable {
    struct Seen {
        var frames = 0
        var refusal: String?
        var error: WireError?
    }

    let seen = Monitor(Seen())
    let memory: TensorBuffer?
    private let loop: EventLoop

    init(_ protection: LinkSecurity.Protection, memory: TensorBuffer? = nil) throws {
        self.memory = memory
        loop = try EventLoop(name: "client", security: LinkSecurity(protection))
    }

    func stop() { loop.stop() }

    /// Connects and sends a `Hello`.
    func join(_ address: SocketAddress, as role: WireHello.Role, expecting: PeerRole? = .coordinator) throws -> Link {
        let link = try Connector.connect(to: address, loop: loop, expecting: expecting)
        link.start(self)
        link.send(.with { $0.hello.role = role })
        return link
    }

    func destination(for header: FrameHeader, on link: Link) -> PayloadDestination {
        if header.kind == .slab, let memory { return .memory(memory.bytes) }
        return .bytes(limit: 1 << 20)
    }

    func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
        if header.kind == .control, case .refusal(let refusal)? = try WireControlMessage(payload: payload).body {
            seen.update { $0.refusal = refusal.reason }
        }
        seen.update { $0.frames += 1 }
    }

    func closed(_ link: Link, _ error: WireError) { seen.update { $0.error = error } }
}

extension LinkSecurity.Protection {
    static func tls(_ directory: CertificateDirectory, _ role: PeerRole) throws -> Self {
        .encrypted(try TLSMaterial(directory: directory.path, role: role) { _ in })
    }
}

/// A client that sends and receives raw bytes.
final class RawClient {
    let descriptor: Int32

    init(_ address: SocketAddress) throws {
        guard let descriptor = LocalSocket.connect(to: address.port, host: address.host) else {
            throw WireError(.system, "cannot connect: \(errno)")
        }
        self.descriptor = descriptor
        LocalSocket.limitReading(descriptor, seconds: 20)
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// Reads a number of bytes, or fewer if the connection ends.
    func read(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var part = [UInt8](repeating: 0, count: count - bytes.count)
            let got = recv(descriptor, &part, part.count, 0)
            guard got > 0 else { break }
            bytes += part.prefix(got)
        }
        return bytes
    }

    /// Whether the other side has ended the connection.
    var isEnded: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) <= 0
    }
}
