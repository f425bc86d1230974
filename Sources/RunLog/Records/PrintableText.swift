/// Sanitizes text from untrusted sources for display.
public enum PrintableText {
    /// Returns the text with control characters, which a terminal could execute, replaced by spaces.
    public static func sanitized(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}
