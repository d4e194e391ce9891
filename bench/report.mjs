/** The report of the benchmark as tables for people. */

const cell = (value, width) => String(value ?? '').padStart(width);
const ms = (value) => (value === undefined ? '' : value < 10 ? value.toPrecision(3) : value.toFixed(1));

/** @param rows of cells, the first one the heads; the first column is aligned left */
function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => String(row[i] ?? '').length)));
  for (const row of rows)
    console.log(
      row.map((value, i) => (i === 0 ? String(value).padEnd(widths[0]) : cell(value, widths[i]))).join('  '),
    );
  console.log();
}

/** @param report what `--json` prints */
function printMachine({ machine: { cpu, cores, browser, isolated, adapter, pytorch } }) {
  console.log(`${cpu}, ${cores} cores; ${browser}, ${isolated ? '' : 'not '}cross-origin isolated`);
  console.log(`WebGPU adapter: ${adapter ?? 'none'}${pytorch ? `; PyTorch ${pytorch}` : ''}\n`);
}

/** Memory over steps and recordings. @param {string[]} names of the workloads run */
export function printMemory(report, names) {
  printMachine(report);
  for (const [backend, { error, ...results }] of Object.entries(report.backends)) {
    if (error) console.log(`Not measured: ${backend}: ${error}`);
    for (const name of names) {
      const { readings = [], mode, error: problem } = results[name] ?? {};
      if (problem) console.log(`Not measured: ${backend}, ${name}: ${problem}`);
      if (readings.length === 0) continue;
      const isGpu = readings[0].buffers !== undefined;
      table([
        [
          `${backend} ${name}, ${mode}`,
          'recordings',
          'tensors',
          'tensor bytes',
          isGpu ? 'GPU bytes' : 'WASM heap bytes',
          isGpu ? 'GPU buffers' : 'next MiB at',
        ],
        ...readings.map((one) => [
          `step ${one.steps}`,
          one.recordings,
          one.tensors,
          one.tensorBytes,
          one.backendBytes,
          one.buffers ?? one.heapTop,
        ]),
      ]);
    }
  }
}

/** What a QAT step on WebGPU costs the worker. @param {string[]} names of the workloads run */
export function printHost(report, names) {
  printMachine(report);
  const { error, ...results } = report.backends.webgpu;
  if (error) console.log(`Not measured: ${error}`);
  const rows = names.flatMap((name) => (results[name]?.launches ? [[name, results[name]]] : []));
  table([
    ['host ms per QAT step, medians', 'recorded', 'eager', 'eager / recorded', 'dispatches', 'eager', 'step'],
    ...rows.map(([name, row]) => [
      name,
      row.host_ms.toPrecision(3),
      row.eager_host_ms.toPrecision(3),
      `${(row.eager_host_ms / row.host_ms).toFixed(1)}x`,
      row.dispatches,
      row.eager_dispatches,
      row.step,
    ]),
  ]);
  for (const [name, { launches }] of rows) {
    console.log(`${name}, dispatches in order:`);
    for (const launch of launches) console.log(`  ${launch || '(tfjs)'}`);
  }
  for (const name of names)
    if (results[name]?.error) console.log(`Not measured: ${name}: ${results[name].error}`);
}

/** The parts beside the step times: a table each, a row for whatever the workload's rows are of. */
export function printSections(report) {
  printMachine(report);
  for (const [section, workloads] of Object.entries(report.sections)) {
    const lists = Object.entries(workloads);
    const rows = lists.flatMap(([name, list]) => (list.error ? [] : list.map((row) => [name, row])));
    const figures = Object.keys(rows[0]?.[1] ?? {}).filter((key) => key !== 'of');
    table([
      [section, ...figures],
      ...rows.map(([name, row]) => [
        `${name}, ${row.of}`,
        ...figures.map((key) =>
          Number.isInteger(row[key]) || Math.abs(row[key]) >= 1000
            ? row[key].toFixed(0)
            : row[key].toPrecision(3),
        ),
      ]),
    ]);
    for (const [name, { error }] of lists) if (error) console.log(`Not measured: ${name}: ${error}`);
  }
}

/** @param report what `--json` prints @param {string[]} names of the workloads run */
export function printReport(report, names) {
  const { backends, peers, ratios } = report;
  printMachine(report);

  const errors = [];
  const rows = [
    [
      'ms per step, medians',
      'float',
      'QAT',
      'QAT / float',
      'both twins',
      'gain',
      'step',
      'host',
      'dispatches',
    ],
  ];
  for (const [name, results] of Object.entries({ ...backends, ...peers })) {
    if (results.error) {
      errors.push(`${name}: ${results.error}`);
      continue;
    }
    for (const workload of names) {
      const row = results[workload];
      if (!row) continue;
      if (row.error) errors.push(`${name}, ${workload}: ${row.error}`);
      else
        rows.push([
          `${name} ${workload}`,
          ms(row.float_ms),
          ms(row.qat_ms),
          row.overhead.toFixed(2),
          ms(row.step_ms),
          row.gain === undefined ? '' : `${row.gain.toFixed(2)}x`,
          row.step,
          ms(row.host_ms),
          row.dispatches,
        ]);
    }
  }
  table(rows);
  if (backends.wasm && backends['wasm-threads'])
    console.log(
      'wasm: one thread. wasm-threads: as the page trains, on several where that is faster. wasm-fused: so, with fused sums. Gain: over one thread, QAT.\n',
    );
  if (Object.keys(ratios).length > 0) {
    const columns = [...names, 'geometric_mean'];
    table([
      ['QAT step of a peer / ours on WASM', ...columns.map((name) => name.replace('_', ' '))],
      ...Object.entries(ratios).map(([peer, each]) => [
        peer.replace('_threads', ', ours on threads'),
        ...columns.map((name) => (each[name] === undefined ? '' : `${each[name].toFixed(2)}x`)),
      ]),
    ]);
  }
  for (const error of errors) console.log(`Not measured: ${error}`);
}
