extension RemovedTerm {
    /// The terms, with the files that still have them.
    static let all: [RemovedTerm] = [
        RemovedTerm(
            word: "picture", replacement: "image",
            exceptions: [
                .init(
                    text: #"customLong("pictures")"#, reason: "the option --pictures of `runs report`", place: "Sources/Commands/Report/"),
                .init(text: "--pictures", reason: "the option of `runs report`"),
                .init(text: "awaiting_pictures", reason: "a phase in status.json"),
                .init(text: "AWAITING_PICTURES", reason: "a phase in heartbeats", place: "Sources/Protocol/Messages/"),
                .init(text: "awaitingPictures", reason: "the generated name of the phase, and its counterparts"),
                .init(
                    text: #"("pictures", .dataWait)"#, reason: "the name of a span in timeline.jsonl",
                    place: "Sources/Worker/Attempts/StepTimeline.swift"),
                .init(
                    text: #""pictures""#, reason: "the name of a fuzz target and of a seed, which are folders and files of the corpus",
                    place: "Tests/FuzzTargets/"),
                .init(text: ".pictures", reason: "the fuzz target", place: "Tests/FuzzTargets/"),
                .init(text: "let pictures", reason: "the fuzz target", place: "Tests/FuzzTargets/Targets/Images/"),
                .init(text: #""picture."#, reason: "names of seeds, which are files of the corpus", place: "Tests/FuzzTargets/Seeds/"),
                .init(text: "pictures)", reason: "the fuzz target", place: "Tests/Fuzzing/run.sh"),
                .init(text: "Regressions/pictures/", reason: "the fuzz target's folder", place: "Tests/DatasetsTests/"),
            ]),
        RemovedTerm(
            word: "stranger", replacement: "pending connection",
            exceptions: [
                .init(text: "--max-strangers", reason: "an option"),
                .init(text: "maxStrangers", reason: "the option --max-strangers, and its key in what `launch` sends to a coordinator"),
            ],
            offenders: ShrinkingList([
                "Sources/Commands/Roles/SecurityOptions.swift",
                "Sources/Security/Admission/ConnectionLimits.swift",
                "Sources/Settings/Request/SecurityRequest.swift",
                "Sources/Transport/Admission/PendingConnections.swift",
                "Tests/FuzzTargets/FuzzTarget.swift",
                "Tests/ProtocolTests/PendingConnectionTests.swift",
                "Tests/System/Runs/SecurityTests.swift",
            ])),
        RemovedTerm(word: "inbox", replacement: "mailbox"),
        RemovedTerm(word: "executor", replacement: "runner or backend"),
        RemovedTerm(word: "trainingsession", replacement: "Attempt and StepLoop"),
        RemovedTerm(word: "valuemoves", replacement: "Holdings and HandOver"),
        RemovedTerm(word: "stepprotocolmodel", replacement: "RunModel"),
        RemovedTerm(word: "losshistory", replacement: "FailureHistory"),
        RemovedTerm(word: "settled", replacement: "resolved or complete"),
        RemovedTerm(word: "goes on", replacement: "continues"),
        RemovedTerm(word: "whoever", replacement: "the role's name"),
    ]
}
