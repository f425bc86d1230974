import Platform
import Security
import Tensors
import Testing
import Transport

@Suite struct LinkTests {
    /// Collects a link's received frames.
    private final class Collector: LinkReceiver, @unchecked Sendable {
        struct Seen {
            var frames: [(FrameHeader, [UInt8])] = []
            var isClosed = false
        }
        let seen = Monitor(Seen())
        let memory: TensorBuffer?
        init(memory: TensorBuffer? = nil) { self.memory = memory }
        func destination(for header: FrameHeader, on link: Link) -> PayloadDestination {
            if header.kind == .slab, let memory { return .memory(memory.bytes) }
            return .bytes(limit: 1 << 20)
        }
        func received(_ header: FrameHeader, payload: [UInt8], on link: Link) {
            seen.update { $0.frames.append((header, payload)) }
        }
        func closed(_ link: Link, _ error: WireError) { seen.update { $0.isClosed = true } }
    }

    /// Any first message will do.
    private struct AnyMessage: AdmissionPolicy {
        func checkFirst(_ payload: [UInt8]) {}
        func refusal(_ reason: String) -> [UInt8] { Array(reason.utf8) }
    }

    @Test func framesArriveInOrderAndTensorsInTheirMemory() throws {
        let loop = try EventLoop(name: "test")
        defer { loop.stop() }
        let size = 3 << 20
        let receiveBuffer = TensorBuffer(byteCount: size)
        let server = Collector(memory: receiveBuffer)
        let listener = try Listener(SocketAddress(host: "127.0.0.1", port: 0), loop: loop, admission: AnyMessage()) {
            $0.admit()
            $0.start(server)
        }
        let link = try Connector.connect(to: listener.address, loop: loop)
        let client = Collector()
        link.start(client)
        let tensor = TensorBuffer(byteCount: size)
        for i in 0..<size { tensor.bytes[i] = UInt8(truncatingIfNeeded: i &* 31) }
        link.send(FrameHeader(.control), .bytes([1, 2, 3]))
        link.send(FrameHeader(.slab), .tensor(tensor, byteCount: size))
        link.send(FrameHeader(.control), .bytes([4]))
        let frames = server.seen.wait(timeout: 20) { $0.frames.count == 3 ? $0.frames : nil }
        #expect(frames?.map(\.1) == [[1, 2, 3], [], [4]])
        #expect(receiveBuffer.bytes.elementsEqual(tensor.bytes))
        link.finish()
        #expect(server.seen.wait(timeout: 20) { $0.isClosed ? true : nil } == true)
        listener.stop()
    }

    @Test func aClosedLinkKeepsNothingThatIsSentOnIt() throws {
        let loop = try EventLoop(name: "test")
        defer { loop.stop() }
        let listener = try Listener(SocketAddress(host: "127.0.0.1", port: 0), loop: loop, admission: AnyMessage()) {
            $0.start(Collector())
        }
        let link = try Connector.connect(to: listener.address, loop: loop)
        let client = Collector()
        link.start(client)
        link.cancel()
        #expect(client.seen.wait(timeout: 20) { $0.isClosed ? true : nil } == true)
        weak var payload: TensorBuffer?
        do {
            let tensor = TensorBuffer(byteCount: 64)
            payload = tensor
            link.send(FrameHeader(.slab), .tensor(tensor, byteCount: 64))
        }
        #expect(payload == nil)
        listener.stop()
    }

    @Test func aPortInUseIsReported() throws {
        let loop = try EventLoop(name: "test")
        defer { loop.stop() }
        let first = try Listener(SocketAddress(host: "127.0.0.1", port: 0), loop: loop, admission: AnyMessage()) { _ in }
        let error = #expect(throws: WireError.self) { try Listener(first.address, loop: loop, admission: AnyMessage()) { _ in } }
        #expect(error?.description.contains("port is in use") == true)
        first.stop()
    }
}
