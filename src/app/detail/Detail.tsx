/** The selected layer's detail. */
export function Detail() {
  return null;
}
