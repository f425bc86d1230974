import Platform

/// A store or worker that a supervisor starts, by its number.
package struct ChildName: Hashable, Sendable {
    package enum Role: String, Sendable { case store, worker }

    package let role: Role
    package let rank: Int

    package init(_ role: Role, _ rank: Int) { (self.role, self.rank) = (role, rank) }
}

/// The end of a process.
package struct ProcessEnd: Sendable, Equatable {
    /// The process and its host, for people.
    package let name: String
    package let code: Int32
    /// The last line that it wrote.
    package var words: String?
    package var logPath: String?
    /// Why nothing is known of it any more: it may still run, on a host that cannot be reached.
    package var outOfReach: String?

    package init(name: String, code: Int32, words: String? = nil, logPath: String? = nil, outOfReach: String? = nil) {
        (self.name, self.code, self.words, self.logPath, self.outOfReach) = (name, code, words, logPath, outOfReach)
    }
}

/// A change of the connection to a host on which workers run.
package enum HostEvent: Sendable, Equatable {
    case lost(host: String, reason: String)
    /// The first attempt to connect again has failed; others follow.
    case unreachable(host: String, reason: String)
    case back(host: String)
}

/// Something that a supervisor takes note of.
package enum SupervisorEvent: Sendable, Equatable {
    case begin
    /// The answer to `askProgress`.
    case progress(RunProgress)
    /// A message of the coordinator that was started last.
    case told(SupervisorMessage)
    /// The coordinator has given up a process, which this is.
    case evicted(ChildName)
    case coordinatorEnded(ProcessEnd)
    case ended(ChildName, ProcessEnd)
    case host(HostEvent)
    /// The user asks for the end.
    case interrupt
    /// Time has passed.
    /// - Parameter hostSilence: Seconds since the coordinator's host was heard, which is not the coordinator's fault; 0 for this machine.
    case tick(hostSilence: Double)
}

/// Something that a supervisor must do.
package enum SupervisorEffect: Sendable, Equatable {
    /// Ask how far the run's directory is.
    case askProgress
    /// - Parameters:
    ///   - reason: why the run is started again; nil the first time.
    ///   - resumes: whether there is a checkpoint to continue from.
    ///   - address: where the coordinator before listened, and where processes look for this one; nil the first time.
    case startCoordinator(reason: String?, resumes: Bool, at: String?)
    case start(ChildName, coordinator: String)
    case signalCoordinator(Int32)
    case signal(ChildName, Int32)
    /// Say that a process that has ended will be started again.
    case willStartAgain(ChildName, after: Int32)
    case say(String)
    case complain(String)
    case finish(SupervisorOutcome)
}

/// How a supervisor's run ended.
package enum SupervisorOutcome: Sendable, Equatable {
    /// As the last coordinator did, and with its exit code.
    case asCoordinator
    case failed(code: Int32, sentence: String)
}
