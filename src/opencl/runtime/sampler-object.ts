import type { ContextObject } from "./context-object.ts";
import { ClObject } from "./object.ts";

/** How images are sampled. */
export interface Sampling {
  readonly normalized: boolean;
  /** CL_ADDRESS_*. */
  readonly addressing: number;
  /** CL_FILTER_*. */
  readonly filter: number;
}

/** A cl_sampler. */
export class SamplerObject extends ClObject {
  readonly context: ContextObject;
  readonly sampling: Sampling;
  /** The list it was made with; null: none, or made by clCreateSampler. */
  readonly properties: readonly number[] | null;

  constructor(context: ContextObject, sampling: Sampling, properties: readonly number[] | null) {
    super(context);
    this.context = context;
    this.sampling = sampling;
    this.properties = properties;
  }

  protected get parent(): ContextObject {
    return this.context;
  }

  protected dispose(): void {
    // A kernel argument is the sampler's number, not the object.
  }
}
