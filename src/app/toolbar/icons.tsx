/** Small drawings of the run bar; the words beside them carry the meaning. */
export const Stairs = () => (
  <svg viewBox="0 0 20 20" width="18" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden="true">
    <path d="M1 18h4v-5h4V9h4V5h4V1h2" />
    <path d="M1 19 19 1" strokeWidth="1" opacity="0.5" />
  </svg>
);
export const Play = () => (
  <svg viewBox="0 0 12 12" width="11" fill="currentColor" aria-hidden="true">
    <path d="M2.5 1v10l8-5z" />
  </svg>
);
export const Bars = () => (
  <svg viewBox="0 0 12 12" width="11" fill="currentColor" aria-hidden="true">
    <path d="M2 1h3v10H2zM7 1h3v10H7z" />
  </svg>
);
export const HalfCircle = () => (
  <svg viewBox="0 0 16 16" width="16" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
    <circle cx="8" cy="8" r="6.2" />
    <path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor" stroke="none" />
  </svg>
);
export const Dots = () => (
  <svg viewBox="0 0 16 16" width="16" fill="currentColor" aria-hidden="true">
    <path d="M2 7h2.4v2.4H2zM6.8 7h2.4v2.4H6.8zM11.6 7H14v2.4h-2.4z" />
  </svg>
);
