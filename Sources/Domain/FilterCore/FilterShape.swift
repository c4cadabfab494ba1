/// What a filter may ask of the things that it is applied to: their fields by name, as their JSON has them.
///
/// The JSON leaves out fields that say nothing. A field that the shape has and a document has not is therefore empty,
/// zero or false; a key that a free map has not is not there, which is not the same.
package indirect enum FilterShape: Hashable, Sendable {
    case text
    case number
    case boolean
    case list(FilterShape)
    /// Free keys, all with values of one shape.
    case map(FilterShape)
    case object([String: FilterShape])
}
