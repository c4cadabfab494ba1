import Testing

@testable import StateCore

@Suite struct NameTableTests {
    @Test func namesAreFoundInAnyCase() {
        var table = NameTable<Int>()
        for (index, name) in ["web", "Api", "API", "db"].enumerated() { table[name] = index }
        #expect(table.spelling(of: "WEB") == "web" && table.spelling(of: "web") == "web")
        #expect(table.spelling(of: "api") == "API" && table.spelling(of: "Api") == "Api")
        table["api"] = 9
        #expect(table.spelling(of: "aPi") == "api")
        table.removeValue(forKey: "api")
        table["API"] = nil
        #expect(table.spelling(of: "api") == "Api" && table["API"] == nil && table.count == 3)
        table.removeValue(forKey: "Api")
        #expect(table.spelling(of: "api") == nil && table.spelling(of: "none") == nil)
    }
}
