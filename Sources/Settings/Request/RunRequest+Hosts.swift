extension RunRequest {
    /// The request of a run on several hosts, with what their file states beside the options.
    /// - Parameters:
    ///   - workers: Of all hosts.
    ///   - stores: Store processes of their own.
    package func completed(by file: HostsFile, workers: Int, stores: Int) throws -> RunRequest {
        var request = self
        request.data = data ?? file.first.data
        request.workers = self.workers ?? workers
        request.configuration.threads = try configuration.threads ?? file.threads
        request.stores = max(1, stores)
        // The run's prediction takes the slowest of different connections, which the others wait for.
        let hosts = file.hosts.filter { $0.workerCount > 0 }
        request.bandwidth = bandwidth ?? hosts.compactMap { $0.bandwidth.flatMap(Quantity.bandwidth) }.min()
        request.latency = latency ?? hosts.compactMap { $0.latency.flatMap(Quantity.time) }.max()
        return request
    }
}
