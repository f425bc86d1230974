import ArgumentParser
import Commands

extension FuzzTarget {
    /// A file for `--config`.
    static let yaml = FuzzTarget("yaml") { input in
        let path = SettingsFiles.folder.write(input, to: "network.yaml")
        try ConfigurationUse.use(ConfigurationOptions.parse(["--config", path]).resolve(for: nil))
    }

    /// Settings for `--set`, one a line.
    static let settings = FuzzTarget("settings", longest: 1024) { input in
        let lines = String(decoding: input, as: UTF8.self).split(separator: "\n").map(String.init)
        // What starts with a dash is an option to the argument parser, not a setting.
        let settings = lines.filter { !$0.hasPrefix("-") }
        guard !settings.isEmpty else { return }
        try ConfigurationUse.use(ConfigurationOptions.parse(["--set"] + settings).resolve(for: nil))
    }
}

private enum SettingsFiles {
    static let folder = ScratchFolder("settings")
}
