import Glibc

/// What a proxy costs, read from /proc: of its process and all that it started.
struct ProcessTree {
    let root: Int

    /// User and system time so far, in seconds. The system counts in hundredths.
    func cpuSeconds() throws -> Double {
        try ids().reduce(0) { sum, id in
            let fields = try Self.stat(id)
            guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
                throw BenchError("/proc/\(id)/stat cannot be read")
            }
            return sum + (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }

    /// Resident memory in MB (of 10^6 bytes).
    func residentMegabytes() throws -> Double {
        try ids().reduce(0) { sum, id in
            for line in try Self.read("/proc/\(id)/status").split(separator: "\n") where line.hasPrefix("VmRSS:") {
                if let kilobytes = line.split(separator: " ").compactMap({ Double($0) }).first {
                    return sum + kilobytes * 1_024 / 1_000_000
                }
            }
            throw BenchError("/proc/\(id)/status has no VmRSS")
        }
    }

    /// The root and what it started, and what those started.
    private func ids() throws -> [Int] {
        var all = [root]
        var next = 0
        while next < all.count {
            let id = all[next]
            for thread in try Self.entries("/proc/\(id)/task") {
                let children = (try? Self.read("/proc/\(id)/task/\(thread)/children")) ?? ""
                all += children.split(separator: " ").compactMap { Int($0) }
            }
            next += 1
        }
        return all
    }

    /// What stands behind the name in /proc/ID/stat, the state first.
    private static func stat(_ id: Int) throws -> [Substring] {
        let text = try read("/proc/\(id)/stat")
        guard let end = text.lastIndex(of: ")") else { throw BenchError("/proc/\(id)/stat cannot be read") }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static func entries(_ path: String) throws -> [String] {
        guard let directory = unsafe opendir(path) else {
            throw BenchError("\(path) cannot be read: the process ended")
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if Int(name) != nil { names.append(name) }
        }
        return names
    }

    private static func read(_ path: String) throws -> String {
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { throw BenchError("\(path) cannot be read: \(Socket.reason())") }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += chunk[..<count]
        }
    }
}
