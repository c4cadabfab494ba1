#!/usr/bin/env bash
# Regenerates Sources/Protocol/PeeringWire/Generated from the .proto files beside it.
#
# protoc and its Swift plugin are built from the resolved swift-protobuf, once and outside the package's own
# build folder (several minutes). Set PROTOC or PROTOC_GEN_SWIFT to use others.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

wire=Sources/Protocol/PeeringWire
checkout=.build/checkouts/swift-protobuf
scratch=${PROTOS_SCRATCH:-.build-protos}

[ -d "$checkout" ] || swift package resolve

# Builds one product of swift-protobuf and prints where it is.
built() {
    swift build --configuration release --package-path "$checkout" --scratch-path "$scratch" --product "$1" >&2
    echo "$(swift build --configuration release --package-path "$checkout" --scratch-path "$scratch" --show-bin-path)/$1"
}

plugin=${PROTOC_GEN_SWIFT:-$(built protoc-gen-swift)}
protoc=${PROTOC:-$(built protoc)}
includes=("--proto_path=$wire/Protos")
for folder in "$checkout"/Sources/protobuf/protobuf/src "$checkout"/Protos/upstream; do
    if [ -f "$folder/google/protobuf/any.proto" ]; then
        includes+=("--proto_path=$folder")
        break
    fi
done

rm -f "$wire"/Generated/*.pb.swift
mkdir -p "$wire/Generated"
"$protoc" "${includes[@]}" --plugin="protoc-gen-swift=$plugin" \
    --swift_opt=Visibility=Package --swift_opt=UseAccessLevelOnImports=true \
    --swift_out="$wire/Generated" "$wire"/Protos/*.proto
# The plugin keeps its empty storage objects in `nonisolated(unsafe)` constants, which strict memory safety wants
# marked where they are read. They are never written: storage is copied before the first change.
sed --in-place 's/= _StorageClass\.defaultInstance$/= unsafe _StorageClass.defaultInstance/' "$wire"/Generated/*.pb.swift
generated=("$wire"/Generated/*.pb.swift)
echo "Regenerated ${#generated[@]} files in $wire/Generated." >&2
