/** The peer PyTorch: Debian's, in turns of its own process (peers/pytorch_qat.py), the better of one and two threads. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const python = process.env.PYTHON ?? '/usr/bin/python3';
const script = fileURLToPath(new URL('peers/pytorch_qat.py', import.meta.url));

export class PyTorch {
  group = 'peers';
  name = 'pytorch';

  /** @param {number} turnMs length of a turn; the script divides it among float, QAT and thread counts */
  constructor(turnMs) {
    this.turnMs = turnMs;
  }

  /** @returns {Promise<string>} its version */
  async start() {
    try {
      const { stdout } = await execute(python, ['-c', 'import torch; print(torch.__version__)']);
      return stdout.trim();
    } catch (error) {
      throw new Error(
        error.code === 'ENOENT'
          ? `There is no ${python}; PYTHON names another one.`
          : `${python} has no torch: apt-get install python3-torch libopenblas0-pthread.`,
      );
    }
  }

  prepare() {}

  async slice(workload) {
    const seconds = String(this.turnMs / 1000 / 2);
    const { stdout } = await execute(python, [script, '--only', workload, '--seconds', seconds]);
    const { fp32_ms: float, qat_ms: qat } = JSON.parse(stdout)[workload];
    return { float, qat };
  }
}
