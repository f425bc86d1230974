import NeuralNetwork
import Partition
import Platform
import Protocol

extension WorkerActivity.State {
    /// As the coordinator hears it.
    func heartbeat(program: WorkerProgram) -> WireHeartbeat {
        var heartbeat = WireHeartbeat()
        heartbeat.attempt = attempt
        heartbeat.step = UInt64(max(0, step))
        heartbeat.pass = UInt32(truncatingIfNeeded: pass)
        heartbeat.awaitedStep = UInt64(max(0, weights))
        heartbeat.seconds = max(0, MonotonicClock.now - since)
        heartbeat.usual = usual
        let instructions = program.forward.count + program.backward.count
        switch phase {
        case .preparing: (heartbeat.phase, heartbeat.place) = (.preparing, 0)
        case .paused: (heartbeat.phase, heartbeat.place) = (.holding, 0)
        case .awaitingGrant: (heartbeat.phase, heartbeat.place) = (.awaitingGrant, UInt32(instructions))
        case .awaitingPictures: (heartbeat.phase, heartbeat.place) = (.awaitingPictures, UInt32(instructions))
        case .running:
            heartbeat.place = UInt32(instruction)
            let count = program.forward.count
            let running = instruction < count ? program.forward[instruction] : program.backward[instruction - count]
            heartbeat.phase = running.phase
            heartbeat.instruction =
                running.described(
                    layers: program.network.layers.map(\.name), namesColumns: program.columns.count > 1
                ).name
        }
        return heartbeat
    }
}

extension Instruction {
    fileprivate var phase: WireHeartbeat.Phase {
        switch self {
        case .compute: .computing
        case .receive: .awaitingSlab
        case .pull: .awaitingValue
        case .send, .push: .sending
        }
    }
}
