import Platform
import Protocol
import Security
import Transport
import Partition
import SwiftProtobuf

/// A store's heartbeat, which begins when the coordinator has let the store in.
final class StoreHeartbeat: @unchecked Sendable {
    private let coordinator: SocketAddress
    private let helloFields: HelloFields
    private let loop: EventLoop
    private let log: ProcessLog
    /// Touched by the loop's thread only.
    private var sender: HeartbeatSender?

    init(coordinator: SocketAddress, _ helloFields: HelloFields, loop: EventLoop, log: ProcessLog) {
        (self.coordinator, self.helloFields, self.loop, self.log) = (coordinator, helloFields, loop, log)
    }

    /// - Parameter beat: Returns the heartbeat to send; called on the loop's thread.
    func start(_ assignment: StoreAssignment, _ membership: StoreMembership, beat: @escaping @Sendable () -> WireHeartbeat) {
        var hello = helloFields.hello(listenPort: 0).hello
        (hello.run, hello.rank) = (assignment.run, UInt32(assignment.rank))
        let greeting = hello
        let (coordinator, patience, loop, log) = (coordinator, assignment.patience, loop, log)
        // Connecting waits, and the loop must not.
        _ = ServiceThread(name: "heartbeat") { [weak self] in
            do {
                let sender = try HeartbeatSender(
                    coordinator: coordinator, hello: greeting, patience: patience, loop: loop, log: log, beat: beat,
                    silent: { membership.fail($0) })
                loop.submit { [weak self] in self?.sender = sender }
            } catch { membership.end(.failed("\(error)")) }
        }
    }

    /// On the loop's thread.
    func stop() { sender?.stop() }
}

extension WireHeartbeat {
    /// Creates a store's heartbeat.
    init(_ activity: UpdateThread.Activity, _ machine: ShardStepMachine?, _ tree: GradientTree?) {
        self.init()
        attempt = machine?.attempt ?? 0
        step = UInt64(machine?.committed ?? 0)
        (phase, instruction) = (activity.phase, activity.words)
        (seconds, usual) = (max(0, MonotonicClock.now - activity.since), activity.usual)
        if activity.phase == .idle, let machine, let tree {
            missing = machine.missing.sorted().map { gradient in
                .with { ($0.key, $0.replica) = (gradient.key.wire, UInt32(tree.contributions[gradient.contribution].replica)) }
            }
        }
    }
}
