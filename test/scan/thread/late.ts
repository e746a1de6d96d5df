/** The program of a thread that measures, from a disk that takes 6 s to read it. */
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6_000);
await import('../../../plugin/scan/thread/worker.js');
