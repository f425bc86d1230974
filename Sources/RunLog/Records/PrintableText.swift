/// Text from elsewhere that is to be shown.
public enum PrintableText {
    /// Without what a terminal would take for commands.
    public static func of(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}
