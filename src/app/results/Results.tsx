/** The result region. */
export function Results() {
  return <h2 id="h-result">Result</h2>;
}
