package import DocumentCore

/// Writes HCL in its usual layout: two spaces per level, `=` below each other in attributes that follow each other,
/// one empty line at most. Comments stay where they are, lists stay on one line or on several, heredocs and block
/// comments stay as they are, and so does the kind of line breaks. A block that has a line break in it gets each of
/// its items on a line of its own, and so do items that only white space separates.
///
/// What comes out means the same document, and is not changed by being formatted again. Pure computation, on any
/// thread; memory and time grow linearly with the text.
package enum HCLFormatter {
    /// - Throws: what `HCLReader` says of a text that is no HCL.
    package static func format(
        _ text: [UInt8], file: String? = nil, limits: DocumentLimits = DocumentLimits()
    ) throws(DocumentProblems) -> [UInt8] {
        _ = try HCLReader.read(text, file: file, limits: limits)
        return HCLLayout(text).written()
    }
}
