import Settings

extension FuzzTarget {
    /// A file for `--config`.
    static let yaml = FuzzTarget("yaml") { input in
        let path = SettingsFiles.folder.write(input, to: "network.yaml")
        try ConfigurationUse.use(ConfigurationRequest(file: ConfigurationRequest.File(path)).resolve(for: nil))
    }

    /// Settings for `--set`, one a line.
    static let settings = FuzzTarget("settings", longest: 1024) { input in
        let settings = String(decoding: input, as: UTF8.self).split(separator: "\n").map(String.init)
        guard !settings.isEmpty else { return }
        try ConfigurationUse.use(ConfigurationRequest(settings: settings).resolve(for: nil))
    }
}

private enum SettingsFiles {
    static let folder = ScratchFolder("settings")
}
