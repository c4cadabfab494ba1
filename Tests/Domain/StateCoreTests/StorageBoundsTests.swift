import ConfigCore
import DocumentCore
import IdentityCore
import StateCore
import Testing

@Suite("What is too large to be stored")
struct StorageBoundsTests {
    private func write(named name: String, _ text: String = "") -> WriteConfigEntry {
        let member = DocumentMember("Text", Document(.string(text)))
        return WriteConfigEntry(entry: ConfigEntry(name: name, content: .serviceResolver([member])), expectedIndex: nil)
    }

    @Test func theNameIsRefused() async throws {
        let harness = try await Harness()
        try await harness.apply(write(named: String(repeating: "a", count: 400)))
        let refusal = await harness.refusal(of: write(named: String(repeating: "a", count: 2_100)))
        #expect(refusal?.code == .invalid && refusal?.message.contains("too long to be stored") == true)
    }

    @Test func theContentIsRefused() async throws {
        let harness = try await Harness()
        let text = String(repeating: "a", count: StorageWrite.maxValueBytes)
        let refusal = await harness.refusal(of: write(named: "a", text))
        #expect(refusal?.code == .invalid && refusal?.message.contains("too large to be stored") == true)
    }
}
