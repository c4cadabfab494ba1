/// Another reader of messages, for what ours wrote: slow, with names as texts, and it stops at anything odd.
struct WholeMessage: Equatable {
    struct Record: Equatable {
        var name: String
        var type: Int
        var recordClass: Int
        var timeToLive: Int
        /// Numbers as they are, names with their pointers followed.
        var data: String
    }

    struct Odd: Error {
        var what: String
    }

    var id = 0
    var flags = 0
    var question: Record?
    var answers: [Record] = []
    var authorities: [Record] = []
    var additionals: [Record] = []

    var code: Int { flags & 0xF }
    var isTruncated: Bool { flags & 0x200 != 0 }

    init(_ bytes: [UInt8]) throws {
        var place = 12
        func number(_ at: Int, _ count: Int = 2) throws -> Int {
            guard at + count <= bytes.count else { throw Odd(what: "the end in a number") }
            return bytes[at..<(at + count)].reduce(0) { $0 << 8 | Int($1) }
        }
        func name(_ at: Int) throws -> (text: String, end: Int) {
            var labels = ""
            var at = at
            var end: Int?
            for _ in 0..<130 {
                let length = try number(at, 1)
                if length == 0 { return (labels.isEmpty ? "." : labels, end ?? at + 1) }
                if length >= 0xC0 {
                    end = end ?? at + 2
                    at = try number(at) & 0x3FFF
                    continue
                }
                guard length < 64, at + 1 + length <= bytes.count else { throw Odd(what: "a label of \(length)") }
                for byte in bytes[(at + 1)...(at + length)] {
                    labels += (33...126).contains(byte) && byte != 46 ? String(UnicodeScalar(byte)) : "\\\(byte)"
                }
                labels += "."
                at += 1 + length
            }
            throw Odd(what: "a name without an end")
        }
        func record() throws -> Record {
            let (owner, end) = try name(place)
            let type = try number(end)
            let length = try number(end + 8)
            let start = end + 10
            place = start + length
            guard place <= bytes.count else { throw Odd(what: "the end in a record") }
            var data = bytes[start..<place].map { String($0) }.joined(separator: " ")
            var last = place
            switch type {
            case 2, 5, 12: (data, last) = try name(start)
            case 33:
                let (target, end) = try name(start + 6)
                data = "\(try number(start)) \(try number(start + 2)) \(try number(start + 4)) \(target)"
                last = end
            case 6:
                let (server, middle) = try name(start)
                let (mailbox, end) = try name(middle)
                data = "\(server) \(mailbox)"
                for index in 0..<5 { data += " \(try number(end + 4 * index, 4))" }
                last = end + 20
            default: break
            }
            guard last == place else { throw Odd(what: "a length that is wrong") }
            return Record(
                name: owner, type: type, recordClass: try number(end + 2), timeToLive: try number(end + 4, 4),
                data: data)
        }
        id = try number(0)
        flags = try number(2)
        if try number(4) > 0 {
            let (text, end) = try name(place)
            question = Record(
                name: text, type: try number(end), recordClass: try number(end + 2), timeToLive: 0, data: "")
            place = end + 4
        }
        for _ in 0..<(try number(6)) { answers.append(try record()) }
        for _ in 0..<(try number(8)) { authorities.append(try record()) }
        for _ in 0..<(try number(10)) { additionals.append(try record()) }
        guard place == bytes.count else { throw Odd(what: "\(bytes.count - place) bytes too many") }
    }
}
