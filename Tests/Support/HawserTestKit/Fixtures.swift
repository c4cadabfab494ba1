package import DocumentCore
import Foundation

/// Recordings in `Tests/Fixtures`.
package enum Fixtures {
    package struct Missing: Error {
        package var path: String
    }

    /// - Parameter path: below `Tests/Fixtures`.
    package static func bytes(_ path: String, here: String = #filePath) throws -> [UInt8] {
        let tests = here.prefix(upTo: here.range(of: "/Tests/", options: .backwards)?.lowerBound ?? here.endIndex)
        let full = "\(tests)/Tests/Fixtures/\(path)"
        guard let data = FileManager.default.contents(atPath: full) else { throw Missing(path: full) }
        return Array(data)
    }

    package static func json(_ path: String) throws -> Document {
        try JSONReader.read(bytes(path))
    }
}

extension Document {
    /// Without the keys of that name, at any depth.
    package func removing(_ keys: Set<String>) -> Document {
        switch content {
        case .map(let members):
            let kept = members.filter { !keys.contains($0.key) }
            return Document(.map(kept.map { DocumentMember($0.key, $0.value.removing(keys)) }))
        case .list(let items):
            return Document(.list(items.map { $0.removing(keys) }))
        case .null, .bool, .integer, .number, .string:
            return self
        }
    }
}
