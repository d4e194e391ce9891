/** The peer PyTorch: Debian's, in turns of its own process (peers/pytorch_qat.py), the better of one and two threads. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const python = process.env.PYTHON ?? '/usr/bin/python3';
const script = fileURLToPath(new URL('peers/pytorch_qat.py', import.meta.url));
/**
 * Without these glibc hands the memory of each step back to the system and takes it anew: a step of digits-gru, run alone,
 * then spends nine tenths of its time in page faults.
 */
const env = { ...process.env, MALLOC_TRIM_THRESHOLD_: '4000000000', MALLOC_MMAP_THRESHOLD_: '4000000000' };
/** Debian's torch takes whichever BLAS is installed; only what a process has mapped tells which. */
const inspect = `
import torch
torch.ones(64, 64) @ torch.ones(64, 64)
maps = open('/proc/self/maps').read()
names = {'openblas': 'OpenBLAS', 'mkl_core': 'MKL'}
print(torch.__version__, next((names[n] for n in names if 'lib' + n in maps), ''))
`;

export class PyTorch {
  group = 'peers';
  name = 'pytorch';

  /** @param {number} turnMs length of a turn; the script divides it among float, QAT and thread counts */
  constructor(turnMs) {
    this.turnMs = turnMs;
  }

  /** @returns {Promise<string>} its version and the library that multiplies its matrices */
  async start() {
    let found;
    try {
      found = (await execute(python, ['-c', inspect])).stdout.trim();
    } catch (error) {
      throw new Error(
        error.code === 'ENOENT'
          ? `There is no ${python}; PYTHON names another one.`
          : `${python} has no torch: apt-get install python3-torch libopenblas0-pthread.`,
      );
    }
    if (!/OpenBLAS|MKL/.test(found))
      throw new Error(
        `${python}’s torch multiplies by a reference BLAS, several times slower: apt-get install libopenblas0-pthread.`,
      );
    return found;
  }

  prepare() {}

  async slice(workload) {
    const seconds = String(this.turnMs / 1000 / 2);
    const { stdout } = await execute(python, [script, '--only', workload, '--seconds', seconds], { env });
    const { fp32_ms: float, qat_ms: qat } = JSON.parse(stdout)[workload];
    return { float, qat };
  }
}
