import Glibc

/// What every process has, under the names that Prometheus' own client libraries give it.
package enum ProcessMetrics {
    /// Asks the kernel (proc(5), getrusage(2)); what it does not tell is left out. May be called on any task.
    ///
    /// - Parameters:
    ///   - version: of the program.
    ///   - startSeconds: when the process began, since 1970.
    package static func collect(version: String, startSeconds: Int64) -> [Metric] {
        [
            Metric(
                "hawser.build_info", .gauge, "1, with the version of the program",
                [Metric.Sample([.init("version", version)], 1)]),
            Metric(
                "process.start_time_seconds", .gauge, "When the process began, in seconds since 1970",
                value: Double(startSeconds)),
            Metric("process.resident_memory_bytes", .gauge, "Memory that is in use", value: residentBytes()),
            Metric("process.open_fds", .gauge, "Open files and sockets", value: openFiles()),
            Metric("process.max_fds", .gauge, "Files and sockets that may be open at once", value: maxOpenFiles()),
            Metric("process.cpu_seconds", .counter, "Processor time that was used", value: cpuSeconds()),
        ]
    }

    /// The second number of `/proc/self/statm`, in pages.
    private static func residentBytes() -> Double? {
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return nil }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        let words = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: " ")
        guard words.count > 1, let pages = Double(words[1]) else { return nil }
        return pages * Double(sysconf(CInt(_SC_PAGESIZE)))
    }

    private static func openFiles() -> Double? {
        guard let directory = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Without `.`, `..` and the directory itself.
        return Double(max(0, count - 3))
    }

    private static func maxOpenFiles() -> Double? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }

    private static func cpuSeconds() -> Double? {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
