import Supervision
import Testing

@Suite struct ShellQuotingTests {
    @Test func onlyTheUsersOwnHomeDirectoryStaysUnquoted() {
        #expect(ShellWord.quoted("~/bin/colonnade") == "~/bin/colonnade")
        #expect(ShellWord.quoted("~/my bin/x") == "~/'my bin/x'")
        #expect(ShellWord.quoted("~me") == "'~me'")
    }
}
