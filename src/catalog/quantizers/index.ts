/**
 * Quantizers: kinds for weights and for activations, what a site chooses beside its kind, and the sites themselves. The
 * engine's implementations (src/quant) satisfy the registries; the page, the link grammar and the size accounting read
 * them.
 */
export * from './activations';
export * from './choices';
export type { QuantizerDescriptor } from './descriptor';
export * from './places';
export * from './sites';
export * from './weights';
