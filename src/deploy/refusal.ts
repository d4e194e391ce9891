/** What an export has no form for: one sentence that names it and says what to choose instead. */
export class ExportRefused extends Error {
  override name = 'ExportRefused';
}
