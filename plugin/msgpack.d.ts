/** @msgpack/msgpack's types name this type of the browser's, which Node's own types do not have. */
type BufferSource = ArrayBufferView | ArrayBuffer;
