/** A processor several times slower than this one, for the same program: QEMU translates each instruction of it. */
import { existsSync } from 'node:fs';
import { arch } from 'node:process';

/** QEMU's names of the processors that Node runs on. */
const PROCESSORS: Partial<Record<typeof arch, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  arm: 'arm',
  ia32: 'i386',
  riscv64: 'riscv64',
  s390x: 's390x',
};

/** The program before which Node runs as on a slow machine. @throws Error where there is none for this processor */
export function emulator(): string {
  const path = `/usr/bin/qemu-${PROCESSORS[arch]}-static`;
  if (existsSync(path)) return path;
  throw new Error(`a slow ${arch} cannot be imitated here: there is no ${path} (Debian: qemu-user-static)`);
}
