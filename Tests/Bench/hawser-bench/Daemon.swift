import Glibc
import ProcessTestKit

/// One `hawser agent` as a process of its own, with its configuration and data in a temporary directory.
final class Daemon {
    let name: String
    let httpPort: UInt16
    let peeringPort: UInt16
    /// Only of a daemon that answers DNS.
    let dnsPort: UInt16
    let directory: String
    private let process: ChildProcess

    /// Starts the program; it may not answer yet.
    init(
        program: String, name: String, datacenter: String, hasDNS: Bool = false, configuration: [String: String]
    ) throws {
        self.name = name
        self.httpPort = UInt16(FreePort.take())
        self.peeringPort = UInt16(FreePort.take())
        self.dnsPort = hasDNS ? UInt16(FreePort.take()) : 0
        var template = Array("/tmp/hawser-bench-\(name)-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw BenchError("no temporary directory: errno \(errno)") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard unsafe mkdir("\(directory)/config", 0o700) == 0 else { throw BenchError("mkdir: errno \(errno)") }
        try Self.write(StandingMeasurement.agentFile, to: "\(directory)/config/agent.json")
        for (file, text) in configuration { try Self.write(text, to: "\(directory)/config/\(file)") }
        process = try ChildProcess(
            program,
            [
                "agent", "-config-dir", "\(directory)/config", "-data-dir", "\(directory)/data", "-node", name,
                "-datacenter", datacenter, "-bind", "127.0.0.1", "-http-port", "\(httpPort)", "-grpc-tls-port",
                "\(peeringPort)", "-log-level", "warn",
            ] + (hasDNS ? ["-dns-port", "\(dnsPort)"] : []), output: "\(directory)/log", errors: "\(directory)/log")
    }

    /// Ends the process and removes what it wrote.
    func remove() {
        process.signal(SIGKILL)
        process.wait()
        let remover = try? ChildProcess("/bin/rm", ["-rf", directory], output: "/dev/null", errors: "/dev/null")
        remover?.wait()
    }

    /// Waits until the API answers.
    func client() throws -> HTTPClient {
        for _ in 0..<2_000 {
            if let client = try? HTTPClient(port: httpPort), (try? client.get("/v1/agent/self")) != nil {
                return client
            }
            usleep(5_000)
        }
        throw BenchError("the daemon \(name) does not answer; its log is \(directory)/log")
    }

    // MARK: What it costs

    /// User and system time so far, in seconds.
    func cpuSeconds() throws -> Double {
        let stat = try Self.read("/proc/\(process.id)/stat")
        guard let end = stat.lastIndex(of: ")") else { throw BenchError("/proc/\(process.id)/stat cannot be read") }
        let fields = stat[end...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw BenchError("/proc/\(process.id)/stat cannot be read")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory in MB (of 10^6 bytes): `VmRSS` now, `VmHWM` at its peak.
    func memory(_ key: String) throws -> Double {
        for line in try Self.read("/proc/\(process.id)/status").split(separator: "\n") where line.hasPrefix(key) {
            if let kilobytes = line.split(separator: " ").compactMap({ Double($0) }).first {
                return kilobytes * 1_024 / 1_000_000
            }
        }
        throw BenchError("/proc/\(process.id)/status has no \(key)")
    }

    /// What its data directory takes, in MB (of 10^6 bytes).
    func storedMegabytes() throws -> Double {
        guard let files = unsafe opendir("\(directory)/data") else { throw BenchError("no data directory") }
        defer { unsafe closedir(files) }
        var bytes = 0
        while let entry = unsafe readdir(files) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            var status = stat()
            // What is gone by now takes nothing.
            guard unsafe stat("\(directory)/data/\(name)", &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFREG { bytes += Int(status.st_size) }
        }
        return Double(bytes) / 1_000_000
    }

    // MARK: System

    static func read(_ path: String) throws -> String {
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { throw BenchError("\(path) cannot be read: errno \(errno)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }

    static func write(_ text: String, to path: String) throws {
        let descriptor = unsafe open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw BenchError("\(path) cannot be written: errno \(errno)") }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw BenchError("\(path) cannot be written: errno \(errno)") }
            rest = rest.dropFirst(count)
        }
    }
}
