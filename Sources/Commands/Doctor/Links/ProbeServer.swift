import Kernels
import Platform
import Protocol
import Security
import Tensors
import Transport

/// Serves `LinkProbe`s: sends this host's hello message, answers with the time, and receives tensors.
final class ProbeServer: Sendable {
    let address: SocketAddress
    private let loop: EventLoop
    private let listener: Listener

    /// - Parameters:
    ///   - bytes: the size of each tensor.
    ///   - fingerprint: the local data set's; empty without one.
    init(_ address: SocketAddress, security: LinkSecurity, bytes: Int = LinkProbe.tensorBytes, fingerprint: String = "") throws {
        loop = try EventLoop(name: "probe-server", security: security)
        do {
            let receiver = Receiver(try TensorBuffer.allocate(byteCount: bytes), fingerprint)
            listener = try Listener(address, loop: loop) { $0.start(receiver) }
        } catch {
            loop.stop()
            throw error
        }
        self.address = listener.address
    }

    func stop() {
        listener.stop()
        loop.stop()
    }

    private final class Receiver: LinkReceiver, Sendable {
        private let memory: TensorBuffer
        private let fingerprint: String
        init(_ memory: TensorBuffer, _ fingerprint: String) { (self.memory, self.fingerprint) = (memory, fingerprint) }

        func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
            switch header.kind {
            case .control: .bytes(limit: 4096)
            // The content is ignored, so tensors of several probes may overwrite each other.
            case .slab: .memory(memory.bytes)
            default: throw WireError(.malformed, "a doctor accepts no \(header.kind) frames")
            }
        }

        func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
            guard header.kind == .control else { return }
            switch try WireControlMessage(payload: payload).body {
            case .hello(let hello):
                try link.admit(hello)
                link.send(LinkProbe.hello(fingerprint))
            case .heartbeat(let heartbeat):
                var pulse = WirePulse()
                (pulse.sent, pulse.now) = (heartbeat.sent, WallClock.nanoseconds)
                var message = WireControlMessage()
                message.pulse = pulse
                link.send(message)
            default: throw WireError(.malformed, "a doctor accepts only hello and heartbeat messages")
            }
        }

        func closed(_ link: Link, _ error: WireError) {}
    }
}
