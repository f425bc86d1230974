/// The coordinator's arguments out of those that `launch` was given.
package enum LaunchArguments {
    /// - Parameters:
    ///   - given: what follows `launch`.
    ///   - configuration: where the file that `--config` names lies on the coordinator's host.
    package static func forCoordinator(_ given: [String], configuration: String?) -> [String] {
        var (result, rest) = ([String](), given[...])
        while let word = rest.popFirst() {
            switch word {
            // What is said once for all hosts, or beside it for each.
            case "--hosts", "--data", "--certificates", "--stores": _ = rest.popFirst()
            case "--insecure": break
            case "--config":
                _ = rest.popFirst()
                if let configuration { result += ["--config", configuration] }
            case _ where ["--hosts=", "--data=", "--certificates=", "--stores="].contains(where: word.hasPrefix): break
            case _ where word.hasPrefix("--config="): if let configuration { result += ["--config", configuration] }
            default: result.append(word)
            }
        }
        return result
    }
}
