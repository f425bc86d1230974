import TestSupport

extension CommandRunner {
    /// Starts a worker as the first process of a process namespace, like the command of a container.
    /// - Parameters:
    ///   - address: the coordinator's address.
    ///   - options: options of `unshare`.
    /// - Returns: the process outside of the namespace and the number of the worker; nil if this system does not allow namespaces.
    func startIsolatedWorker(_ address: String, _ options: [String] = []) throws -> (outside: StartedProcess, worker: Int32)? {
        let outside = try start(["worker", "--coordinator", address], under: ["unshare", "--pid", "--fork", "--kill-child"] + options)
        var worker: Int32?
        try outside.wait(for: "its worker") {
            worker = RunProcesses.children(of: outside.processIdentifier).first { $0.role == "worker" }?.process
            return worker != nil
        }
        guard let worker else { return nil }
        return (outside, worker)
    }
}
